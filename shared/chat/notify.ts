/**
 * Notifies those whom a message concerns and who have not read it by now. Decided anew from what is stored, so that nobody hears of
 * what was read, deleted or left meanwhile; and once for each person, by a claim: docs/decisions/0027-a-notification-is-claimed-first.md
 * says what of it holds where somebody dies.
 */
import { createHash } from 'node:crypto';
import { getHead, type Head } from '../data/heads.ts';
import { pageMembers } from '../data/memberships.ts';
import {
  type Addressee,
  batchGetAddressees,
  claimNotification,
  closeNotification,
  dropHint,
  type Hint,
  pageHints,
  reopenNotification,
} from '../data/notifications.ts';
import type { MessageCreated } from '../protocol/events.ts';
import type { NotificationKind } from '../protocol/frames.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { otherOf } from './direct.ts';
import { type Notification, type NotificationTask, previewOf } from './notification.ts';
import { messageAsOfNow } from './read-message.ts';
import { standingOf } from './standing.ts';

/** It was not published, for certain: it may be tried again. */
export class NotPublished extends Error {
  override readonly name = 'NotPublished';
}

/** Another run has claimed it and not said yet that it is done: that one may be dead. */
export class ClaimedByAnother extends Error {
  override readonly name = 'ClaimedByAnother';
}

export interface NotifyTools {
  readonly context: ChatContext;
  /**
   * Publishes to whoever subscribed.
   *
   * @throws {NotPublished}; anything else leaves in doubt whether it was.
   */
  publish(notification: Notification): Promise<void>;
  /** Tells the user's connected devices, as far as they can be reached. Never fails. */
  tell(notification: Notification): Promise<void>;
  /** Bounds what is done at once. */
  lane<T>(task: () => Promise<T>): Promise<T>;
  /** Hears of a notification that may have been published, and will be once more. */
  doubted(notification: Notification, error: unknown): void;
}

/** People that one run sees to; the rest is another run's. */
const PAGE = 100;

/**
 * Sees to a page of those whom a message concerns.
 *
 * @returns the next page's task; undefined where there is none.
 * @throws {NotPublished} where somebody could not be notified, {ClaimedByAnother}, or why it is in doubt whether somebody was: done again,
 *   when the lease of a claim is over, it finds the others notified already.
 */
export async function notify(
  tools: NotifyTools,
  task: NotificationTask,
): Promise<NotificationTask | undefined> {
  const { context: ctx } = tools;
  const { room, seq } = task;
  const message = await messageAsOfNow(ctx, room, seq);
  if (!message || message.state?.deleted !== undefined || message.event.deleted) return undefined;
  const { event, state } = message;
  // Before the memberships: what is not in their items yet is in its changes (`standingOf`).
  const head = await getHead(ctx.chat, room);
  if (!head || head.deleted) return undefined;
  const { people, hints, next } = await candidatesOf(ctx, { head, event, after: task.after });
  const others = people.filter((user) => user !== event.user);
  const addressees = await batchGetAddressees(ctx.chat, room, event, others);
  const preview = previewOf(state?.text ?? event.text);
  const outcomes = await Promise.allSettled([
    ...dropStale(ctx, head, hints, addressees),
    ...addressees.map((addressee) =>
      tools.lane(async () => {
        const kind = kindFor(head, event, addressee);
        if (kind === undefined) return;
        const { user } = addressee;
        const { user: from, at } = event;
        await notifyOnce(tools, { id: idOf(task, user), kind, room, seq, user, from, at, preview });
      }),
    ),
  ]);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
  return next === undefined ? undefined : { room, seq, after: next };
}

interface Candidates {
  readonly people: readonly UserId[];
  readonly hints: readonly Hint[];
  /** After whom the list goes on. */
  readonly next: UserId | undefined;
}

/** A page of those whom a message may concern; the ones that it names are in the first. */
async function candidatesOf(
  ctx: ChatContext,
  {
    head,
    event,
    after,
  }: { readonly head: Head; readonly event: MessageCreated; readonly after: UserId | undefined },
): Promise<Candidates> {
  const { room } = head;
  if (head.pair) {
    const other = otherOf(head, event.user);
    return { people: other === undefined ? [] : [other], hints: [], next: undefined };
  }
  const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
  if (event.everyone) {
    const { memberships, more } = await pageMembers(ctx.chat, room, page);
    const people = memberships.map(({ user }) => user);
    return { people, hints: [], next: more ? people.at(-1) : undefined };
  }
  const { hints, more } = await pageHints(ctx.chat, room, page);
  const named = after === undefined ? (event.mentions ?? []) : [];
  const people = [...new Set([...named, ...hints.map(({ user }) => user)])];
  return { people, hints, next: more ? hints.at(-1)?.user : undefined };
}

/** What somebody is notified as; undefined where it is not. */
function kindFor(
  head: Head,
  { seq, user: author, mentions = [], everyone }: MessageCreated,
  { user, record, hasBlockedAuthor, threadRead }: Addressee,
): NotificationKind | undefined {
  const standing = standingOf(user, record, head.changes);
  if (!standing || standing.since > seq || hasBlockedAuthor || user === author) return undefined;
  const membership = record?.state === 'active' ? record.membership : undefined;
  if (Math.max(membership?.read.seq ?? 0, threadRead) >= seq) return undefined;
  const wish = membership?.notify ?? 'mentions';
  if (wish === 'nothing') return undefined;
  if (head.pair) return 'direct';
  if (everyone || mentions.includes(user)) return 'mention';
  return wish === 'all' ? 'message' : undefined;
}

/** Hints of those who wish for less by now, or are gone. */
function dropStale(
  ctx: ChatContext,
  head: Head,
  hints: readonly Hint[],
  addressees: readonly Addressee[],
): Promise<void>[] {
  const wishing = new Set(
    addressees.flatMap(({ user, record }) =>
      record?.state === 'active' && record.membership.notify === 'all' ? [user] : [],
    ),
  );
  const looked = new Set(addressees.map(({ user }) => user));
  return hints
    .filter(({ user }) => looked.has(user) && !wishing.has(user))
    .map((hint) => dropHint(ctx.chat, head.room, hint));
}

async function notifyOnce(tools: NotifyTools, notification: Notification): Promise<void> {
  const { chat, now, newId } = tools.context;
  const { user, room, seq } = notification;
  const claim = { user, room, seq, token: newId() };
  const state = await claimNotification(chat, claim, now());
  if (state === 'done') return;
  // Who says that all is well here takes away the message by which the other, where it died, would be followed by somebody.
  if (state === 'another’s')
    throw new ClaimedByAnother(`unable to notify of ${room}/${seq}; another run is at it`);
  try {
    await tools.publish(notification);
  } catch (error) {
    if (error instanceof NotPublished) await reopenNotification(chat, claim, now());
    else tools.doubted(notification, error);
    throw error;
  }
  await closeNotification(chat, claim, now());
  await tools.tell(notification);
}

/** Hexadecimal digits, so that it may stand in a header, a file's name, or a signature. */
function idOf({ room, seq }: NotificationTask, user: UserId): string {
  return createHash('sha256').update(`${room}\n${seq}\n${user}`).digest('hex').slice(0, 32);
}
