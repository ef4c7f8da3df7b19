/**
 * The rooms that a user was ever a member of. A membership's tombstone goes after seven days; what the user wrote stays, and has to be
 * found when the account is deleted.
 */
import * as z from 'zod/mini';
import { RoomId, type UserId } from '../protocol/ids.ts';
import { chatKeys, MEMBERSHIP_PREFIX, PAST_ROOM_PREFIX, TTL_ATTRIBUTE } from './keys.ts';
import type { Item, Table } from './table.ts';

export interface PastRoom {
  readonly room: RoomId;
  /** Once the account is being deleted: in which round the log was rewritten last, and up to which number. */
  readonly round: number;
  readonly rewritten: number;
  /** Whether that round has found the name. */
  readonly found: boolean;
}

const Stored = z.object({
  round: z._default(z.int(), 0),
  rewritten: z._default(z.int(), 0),
  found: z._default(z.boolean(), false),
});

/** Notes that a user is named in a room's log. What is noted there already stays. */
export async function notePastRoom(table: Table, user: UserId, room: RoomId): Promise<void> {
  await table.update(chatKeys.pastRoom(user, room), {
    update: 'SET #round = if_not_exists(#round, :none)',
    names: { '#round': 'round' },
    values: { ':none': 0 },
  });
}

/** Notes how far a room's log has been rewritten. */
export async function noteRewritten(
  table: Table,
  user: UserId,
  { room, round, rewritten, found }: PastRoom,
): Promise<void> {
  await table.update(chatKeys.pastRoom(user, room), {
    update: 'SET #round = :round, rewritten = :to, #found = :found',
    names: { '#round': 'round', '#found': 'found' },
    values: { ':round': round, ':to': rewritten, ':found': found },
  });
}

/** As a membership's tombstone: longer than any repeat of an older event, which would make the note anew. Milliseconds. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60 * 1_000;

/** Lets a note go, once all of the room has been rewritten. @param now epoch milliseconds. */
export async function forgetPastRoom(table: Table, user: UserId, room: RoomId, now: number): Promise<void> {
  await table.update(chatKeys.pastRoom(user, room), {
    update: 'SET #expires = :expires',
    names: { '#expires': TTL_ATTRIBUTE },
    values: { ':expires': Math.ceil((now + FORGOTTEN_AFTER_MS) / 1_000) },
  });
}

/** Every room that a user is or was a member of, and what else is kept under the user: blocks, for example. Strongly consistent. */
export async function listOfUser(
  table: Table,
  user: UserId,
): Promise<{ readonly rooms: readonly PastRoom[]; readonly others: readonly Item[] }> {
  const { pk } = chatKeys.pastRoom(user, '' as RoomId);
  const items = await table.queryAll({ where: 'pk = :pk', values: { ':pk': pk } });
  const rooms = new Map<RoomId, PastRoom>();
  const others: Item[] = [];
  for (const item of items) {
    const prefix = [PAST_ROOM_PREFIX, MEMBERSHIP_PREFIX].find((one) => item.sk.startsWith(one));
    if (prefix === undefined) {
      others.push(item);
      continue;
    }
    const room = z.parse(RoomId, item.sk.slice(prefix.length));
    if (prefix === PAST_ROOM_PREFIX || !rooms.has(room)) {
      rooms.set(room, { room, ...z.parse(Stored, prefix === PAST_ROOM_PREFIX ? item : {}) });
    }
  }
  return { rooms: [...rooms.values()], others };
}
