/** The read mark on a membership: how far its user has read. It moves forward only. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { type ReadMark, toMembershipRecord } from './memberships.ts';
import { ConditionFailed, type Table } from './table.ts';

/**
 * Moves a member's mark, in one write.
 *
 * @param since number of the event that made the user the member that it is: the item may still be that of an earlier membership, whose
 *   mark ends with it.
 * @returns the mark that holds now, and whether this moved it; undefined where there is no such member, or not yet.
 */
export async function moveReadMark(
  table: Table,
  place: { readonly user: UserId; readonly room: RoomId; readonly since: number; readonly mark: ReadMark },
): Promise<{ readonly mark: ReadMark; readonly moved: boolean } | undefined> {
  const { user, room, since, mark } = place;
  try {
    await table.update(chatKeys.membership(user, room), {
      update: 'SET #read = :mark',
      condition: '#state = :active AND #since = :since AND #read.#seq < :seq',
      names: { '#read': 'read', '#state': 'state', '#since': 'since', '#seq': 'seq' },
      values: { ':mark': { ...mark }, ':active': 'active', ':since': since, ':seq': mark.seq },
    });
    return { mark, moved: true };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const record = error.item && toMembershipRecord(error.item);
    const isThere = record?.state === 'active' && record.membership.since >= since;
    return isThere ? { mark: record.membership.read, moved: false } : undefined;
  }
}
