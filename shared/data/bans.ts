/** The ban items: who may not come back to a room. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

export async function isBanned(table: Table, room: RoomId, user: UserId): Promise<boolean> {
  return (await table.get(chatKeys.ban(room, user))) !== undefined;
}

/** Stores a ban unless the item reflects this event or a newer one. */
export async function putBan(
  table: Table,
  ban: {
    readonly room: RoomId;
    readonly user: UserId;
    /** Who banned, and when. */
    readonly by: UserId;
    readonly at: string;
    readonly asOf: number;
  },
): Promise<void> {
  const { room, user, by, at, asOf } = ban;
  try {
    await table.put(
      { ...chatKeys.ban(room, user), by, at, asOf },
      {
        condition: 'attribute_not_exists(pk) OR #asOf < :asOf',
        names: { '#asOf': 'asOf' },
        values: { ':asOf': asOf },
      },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
