/** The read mark on a membership: how far its user has read. It moves forward only. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { type ReadMark, toMembershipRecord } from './memberships.ts';
import { ConditionFailed, type Table } from './table.ts';

/**
 * Moves a member's mark, in one write.
 *
 * @returns the mark that holds now, and whether this moved it; undefined where there is no member.
 */
export async function moveReadMark(
  table: Table,
  { user, room, mark }: { readonly user: UserId; readonly room: RoomId; readonly mark: ReadMark },
): Promise<{ readonly mark: ReadMark; readonly moved: boolean } | undefined> {
  try {
    await table.update(chatKeys.membership(user, room), {
      update: 'SET #read = :mark',
      condition: '#state = :active AND #read.#seq < :seq',
      names: { '#read': 'read', '#state': 'state', '#seq': 'seq' },
      values: { ':mark': { ...mark }, ':active': 'active', ':seq': mark.seq },
    });
    return { mark, moved: true };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const record = error.item && toMembershipRecord(error.item);
    return record?.state === 'active' ? { mark: record.membership.read, moved: false } : undefined;
  }
}
