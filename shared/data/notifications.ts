/** What notifying needs to remember: what members wish, who wishes to hear of every message, and who was notified of what. */
import * as z from 'zod/mini';
import { type Notify, type RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys, TTL_ATTRIBUTE, WANTS_ALL_PREFIX } from './keys.ts';
import { type MembershipRecord, toMembershipRecord } from './memberships.ts';
import { ConditionFailed, type Item, ignoreFailedCondition, type Table } from './table.ts';

/**
 * Stores what a member wishes. Who wishes for everything is listed by a hint, which is written **after** the membership and never taken
 * away here: who meets a hint looks at the membership then, and lets go of that very hint where it says otherwise (`dropHint`). So a
 * wish that was answered is never without one, whatever is asked for at the same time.
 *
 * @param token never used before.
 * @returns false where there is no member.
 */
export async function putWish(
  table: Table,
  { user, room, notify, token }: Wish & { readonly token: string },
): Promise<boolean> {
  const written = await ignoreFailedCondition(
    table.update(chatKeys.membership(user, room), {
      update: 'SET #notify = :notify',
      condition: '#state = :active',
      names: { '#notify': 'notify', '#state': 'state' },
      values: { ':notify': notify, ':active': 'active' },
      returns: 'UPDATED_NEW',
    }),
  );
  if (written === undefined) return false;
  if (notify === 'all') await table.put({ ...chatKeys.wantsAll(room, user), token });
  return true;
}

interface Wish {
  readonly user: UserId;
  readonly room: RoomId;
  readonly notify: Notify;
}

/** Somebody who may wish to hear of every message of a room. */
export interface Hint {
  readonly user: UserId;
  readonly token: string;
}

const StoredHint = z.object({ sk: z.string(), token: z.string() });

/** A page of a room's hints, by user id, after the user `after`. */
export async function pageHints(
  table: Table,
  room: RoomId,
  { limit, after }: { readonly limit: number; readonly after?: UserId | undefined },
): Promise<{ readonly hints: readonly Hint[]; readonly more: boolean }> {
  const { items, next } = await table.query({
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': chatKeys.wantsAll(room, '' as UserId).pk, ':prefix': WANTS_ALL_PREFIX },
    limit,
    ...(after === undefined ? {} : { from: { ...chatKeys.wantsAll(room, after) } }),
  });
  const hints = items.map((item) => {
    const { sk, token } = z.parse(StoredHint, item);
    return { user: z.parse(UserId, sk.slice(WANTS_ALL_PREFIX.length)), token };
  });
  return { hints, more: next !== undefined };
}

/** Lets go of a hint whose membership was read since and wishes for less; a newer one stays. */
export async function dropHint(table: Table, room: RoomId, { user, token }: Hint): Promise<void> {
  await ignoreFailedCondition(
    table.delete(chatKeys.wantsAll(room, user), {
      condition: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': token },
    }),
  );
}

/** What decides whether somebody is notified of a message. */
export interface Addressee {
  readonly user: UserId;
  readonly record: MembershipRecord | undefined;
  /** Whether it takes nothing from the author. */
  readonly hasBlockedAuthor: boolean;
  /** How far it has read the message's thread; 0 where there is no mark. */
  readonly threadRead: number;
}

/**
 * What these people are in the room, whether they have blocked a message's author, and how far they have read its thread; strongly
 * consistent, in the list's order.
 */
export async function batchGetAddressees(
  table: Table,
  room: RoomId,
  { user: author, thread }: { readonly user: UserId; readonly thread?: number | undefined },
  people: readonly UserId[],
): Promise<readonly Addressee[]> {
  const items = await table.batchGet(
    people.flatMap((user) => [
      chatKeys.membership(user, room),
      chatKeys.block(user, author),
      ...(thread === undefined ? [] : [chatKeys.threadMark(user, room, thread)]),
    ]),
  );
  const found = new Map(items.map((item) => [`${item.pk} ${item.sk}`, item]));
  const itemOf = ({ pk, sk }: { readonly pk: string; readonly sk: string }) => found.get(`${pk} ${sk}`);
  return people.map((user) => {
    const membership = itemOf(chatKeys.membership(user, room));
    return {
      user,
      record: membership && toMembershipRecord(membership),
      hasBlockedAuthor: itemOf(chatKeys.block(user, author)) !== undefined,
      threadRead:
        thread === undefined ? 0 : Number(itemOf(chatKeys.threadMark(user, room, thread))?.seq ?? 0),
    };
  });
}

/** Longer than any repeat of the message: the stream's 24 hours, and 14 days in each of the queue and its failures. Milliseconds. */
const CLAIM_LIFE_MS = 30 * 24 * 60 * 60 * 1_000;
/**
 * For how long a claim that was not made good on keeps others away, milliseconds. Longer than a notifier lives (60 s, infra/notifications.ts), so
 * that who holds one beyond it is dead; and shorter than a message that failed waits (six minutes, there), so that it is over then.
 */
export const CLAIM_LEASE_MS = 90_000;

export interface Notified {
  readonly user: UserId;
  readonly room: RoomId;
  readonly seq: number;
  /** Of who claims: never used before. */
  readonly token: string;
}

const StoredClaim = z.object({ token: z.string(), until: z.optional(z.int()) });

/**
 * Claims the right to notify somebody of a message, for as long as the lease.
 *
 * @param now epoch milliseconds.
 * @returns `mine`; `another's`, who may be at it still, or dead; or `done`: it was notified.
 */
export async function claimNotification(
  table: Table,
  claim: Notified,
  now: number,
): Promise<'mine' | 'another’s' | 'done'> {
  const { user, room, seq, token } = claim;
  try {
    await table.put(claimItem(claim, now, now + CLAIM_LEASE_MS), {
      condition: 'attribute_not_exists(pk) OR #until <= :now',
      names: { '#until': 'until' },
      values: { ':now': now },
    });
    return 'mine';
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const stored = z.safeParse(StoredClaim, error.item);
    if (!stored.success)
      throw new Error(`unable to notify ${user} of ${room}/${seq}; its claim is unreadable`);
    if (stored.data.until === undefined) return 'done';
    // The call may have been made again after its answer was lost.
    return stored.data.token === token ? 'mine' : 'another’s';
  }
}

/** Notes that somebody was notified, for good: nobody claims it again. */
export function closeNotification(table: Table, claim: Notified, now: number): Promise<void> {
  return replaceClaim(table, claim, claimItem(claim, now));
}

/** Gives a claim back, as nobody was notified for certain: the next one may have it at once. */
export function reopenNotification(table: Table, claim: Notified, now: number): Promise<void> {
  return replaceClaim(table, claim, claimItem(claim, now, 0));
}

/** @param until the lease's end, epoch milliseconds; without one it is made good on. */
function claimItem({ user, room, seq, token }: Notified, now: number, until?: number): Item {
  const ends = Math.ceil((now + CLAIM_LIFE_MS) / 1_000);
  return {
    ...chatKeys.notified(user, room, seq),
    token,
    ...(until === undefined ? {} : { until }),
    [TTL_ATTRIBUTE]: ends,
  };
}

async function replaceClaim(table: Table, { token }: Notified, item: Item): Promise<void> {
  await ignoreFailedCondition(
    table.put(item, {
      condition: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': token },
    }),
  );
}
