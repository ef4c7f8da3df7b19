/** Who can be mentioned in a room, and the mentions that a member has not read: on its membership item. */
import * as z from 'zod/mini';
import type { RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { toMembershipRecord } from './memberships.ts';
import { ConditionFailed, ignoreFailedCondition, type Table } from './table.ts';

/** Mentions that are counted for one member, at most; each takes about 8 bytes in the item. */
const MAX_MENTIONED = 100;

/** Those among `people` who are members of the room and have not blocked `author`. */
export async function batchGetMentionable(
  table: Table,
  room: RoomId,
  author: UserId,
  people: readonly UserId[],
): Promise<readonly UserId[]> {
  const items = await table.batchGet([
    ...people.map((user) => chatKeys.membership(user, room)),
    ...people.map((user) => chatKeys.block(user, author)),
  ]);
  const found = new Map(items.map((item) => [`${item.pk} ${item.sk}`, item]));
  const itemOf = ({ pk, sk }: { readonly pk: string; readonly sk: string }) => found.get(`${pk} ${sk}`);
  return people.filter((user) => {
    const membership = itemOf(chatKeys.membership(user, room));
    return (
      membership !== undefined &&
      toMembershipRecord(membership).state === 'active' &&
      itemOf(chatKeys.block(user, author)) === undefined
    );
  });
}

const Mentioned = z._default(z.array(z.int()), []);

/**
 * Counts a message that mentions a member, unless it is counted or read already. Where too many are counted those that were read make
 * room; where all of them are unread, the count stays what it is.
 */
export async function putMention(
  table: Table,
  { user, room, seq }: { readonly user: UserId; readonly room: RoomId; readonly seq: number },
): Promise<void> {
  const key = chatKeys.membership(user, room);
  const names = { '#mentioned': 'mentioned', '#read': 'read', '#seq': 'seq', '#state': 'state' };
  const unread = '#state = :active AND #read.#seq < :seq AND #since < :seq';
  try {
    await table.update(key, {
      update: 'SET #mentioned = list_append(if_not_exists(#mentioned, :none), :seqs)',
      condition: `${unread} AND (attribute_not_exists(#mentioned) OR (NOT contains(#mentioned, :seq) AND size(#mentioned) < :most))`,
      names: { ...names, '#since': 'since' },
      values: { ':none': [], ':seqs': [seq], ':seq': seq, ':active': 'active', ':most': MAX_MENTIONED },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.item) throw error;
    const before = z.parse(Mentioned, error.item.mentioned);
    if (before.length < MAX_MENTIONED || before.includes(seq)) return;
    const record = toMembershipRecord(error.item);
    if (record.state !== 'active') return;
    const left = before.filter((one) => one > record.membership.read.seq);
    if (left.length === before.length) return;
    await ignoreFailedCondition(
      table.update(key, {
        update: 'SET #mentioned = :left',
        condition: `${unread} AND #mentioned = :before`,
        names: { ...names, '#since': 'since' },
        values: { ':left': [...left, seq], ':before': before, ':seq': seq, ':active': 'active' },
      }),
    );
  }
}

/** Times that a membership is looked at again, as its mentions or its mark moved meanwhile. */
const MAX_TRIES = 10;

/**
 * Gives a member other mentions, unless they are those already; what is read does not count.
 *
 * @param from makes the numbers from those that there are, in any order.
 * @returns whether there was a difference.
 * @throws {Error} where somebody else was faster each time.
 */
export async function replaceMentions(
  table: Table,
  { user, room }: { readonly user: UserId; readonly room: RoomId },
  from: (before: readonly number[]) => readonly number[],
): Promise<boolean> {
  const key = chatKeys.membership(user, room);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const item = await table.get(key);
    const record = item && toMembershipRecord(item);
    if (!item || record?.state !== 'active') return false;
    const { read, since } = record.membership;
    const before = z.parse(Mentioned, item.mentioned);
    const isUnread = (seq: number) => seq > Math.max(read.seq, since);
    const next = [...new Set(from(before))]
      .filter(isUnread)
      .sort((a, b) => a - b)
      .slice(0, MAX_MENTIONED);
    if (
      next.join() ===
      before
        .filter(isUnread)
        .sort((a, b) => a - b)
        .join()
    )
      return false;
    const written = await ignoreFailedCondition(
      table.update(key, {
        update: 'SET #mentioned = :next',
        condition: `#state = :active AND #read = :read AND ${item.mentioned === undefined ? 'attribute_not_exists(#mentioned)' : '#mentioned = :before'}`,
        names: { '#mentioned': 'mentioned', '#read': 'read', '#state': 'state' },
        values: {
          ':next': next,
          ':read': read,
          ':active': 'active',
          ...(item.mentioned === undefined ? {} : { ':before': before }),
        },
        returns: 'UPDATED_NEW',
      }),
    );
    if (written) return true;
  }
  throw new Error(`unable to rebuild the mentions of a member of ${room}; others were faster each time`);
}
