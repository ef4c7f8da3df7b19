/** Threads: which ones a user takes part in, and what it has not read of them. */
import * as z from 'zod/mini';
import { batchGetEventsOf, type Committed, isMessage, pageThreads, queryReplies } from '../data/events.ts';
import type { Standing } from '../data/memberships.ts';
import { type StoredMessage, toMessage } from '../data/message-state.ts';
import { batchGetThreadMarks } from '../data/thread-marks.ts';
import { ParleyError } from '../protocol/errors.ts';
import { MAX_SEQ, type RoomId, Seq, type UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type Thread } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { getMembership } from './membership.ts';
import { upToDate } from './message-events.ts';
import { requireMember } from './ranks.ts';
import { messageAsOfNow, noSuchMessage, readTail } from './read-message.ts';
import { readRoom } from './read-room.ts';
import { refusing, strangerRefusal } from './refusals.ts';

/** Replies of one thread that are counted as unread, at most: no answer costs more than a page of them. */
export const MAX_UNREAD_REPLIES = 100;
/** Threads of a room that one read of the index looks at, and reads for one answer: where the user is in few, an answer may be short. */
const PAGE_THREADS = 100;
const MAX_PAGES = 5;

/**
 * The message that a thread began with, as of now; deleted, perhaps.
 *
 * @throws {ParleyError} `not_found` where there is none, `bad_request` for a reply: threads have one level.
 */
export async function rootOf(
  ctx: ChatContext,
  room: RoomId,
  thread: number,
  operation: string,
): Promise<StoredMessage> {
  const root = await messageAsOfNow(ctx, room, thread);
  if (!root) throw noSuchMessage(operation);
  if (root.event.thread === undefined) return root;
  const reason = `must be the message that the thread began with, which is ${root.event.thread}`;
  throw new ParleyError('bad_request', operation, `thread ${reason}`, {
    issues: [{ path: 'thread', reason }],
  });
}

/** Whose unread replies are asked for, in which thread, from where on. */
export interface ThreadReader {
  readonly user: UserId;
  readonly room: RoomId;
  readonly root: number;
  /** Number of the last event of it that was read; 0 for none. */
  readonly mark: number;
}

/**
 * How many replies of a thread a user has not read: those of others, not deleted, beyond its mark; `MAX_UNREAD_REPLIES` at most.
 *
 * @param tail what is committed beyond `settled`: the index lags behind for a moment.
 */
export async function unreadReplies(
  ctx: ChatContext,
  { user, room, root, mark }: ThreadReader,
  tail: readonly Committed[],
): Promise<number> {
  const limit = MAX_UNREAD_REPLIES;
  const listed = await queryReplies(ctx.chat, room, { root, after: mark, before: MAX_SEQ, limit });
  const fresh = tail.filter(({ event }) => event.type === 'message.created' && event.thread === root);
  const replies = new Map([...listed, ...fresh].map((one) => [one.event.seq, one]));
  const unread = [...replies.values()]
    .filter(isMessage)
    .filter(({ event }) => event.seq > mark && event.user !== user && !event.deleted)
    .filter((message) => upToDate(message, tail).state?.deleted === undefined);
  return Math.min(unread.length, limit);
}

/** The same from the mark that is stored. */
export async function unreadIn(
  ctx: ChatContext,
  place: Omit<ThreadReader, 'mark'>,
  standing: Pick<Standing, 'since'>,
  tail: readonly Committed[],
): Promise<number> {
  const marks = await batchGetThreadMarks(ctx.chat, [place]);
  return unreadReplies(ctx, { ...place, mark: markOf(marks(place), standing) }, tail);
}

/** Where a user's mark in a thread is, in effect: what was said before it joined is not unread. */
export function markOf(mark: number | undefined, { since }: Pick<Standing, 'since'>): number {
  return Math.max(mark ?? 0, since);
}

const AfterThread = z.object({ seq: Seq });

/**
 * The threads of a room that a user takes part in: it wrote what a thread began with, or a reply, as one of the first hundred. The ones
 * with the newest replies first. A page may hold fewer than were asked for, and yet have a cursor.
 *
 * @throws {ParleyError} `not_found`; `forbidden` for who is no member; `bad_request` for a foreign cursor; `unavailable`.
 */
export function listThreads(
  ctx: ChatContext,
  request: PageRequest & { readonly user: UserId; readonly room: RoomId },
): Promise<PageOf<Thread>> {
  const operation = 'list threads';
  const { user, room, limit = DEFAULT_PAGE_LIMIT } = request;
  return refusing(operation, async () => {
    const before = decodeCursor(AfterThread, request.cursor, operation)?.seq ?? MAX_SEQ;
    const standing = await requireMember(ctx, operation, await readRoom(ctx, request, operation));
    const tail = (await readTail(ctx, room))?.tail ?? [];
    const { listed, next } = await pageOfRoots(ctx, { user, room, before, limit }, tail);
    const stored = await batchGetEventsOf(ctx.chat, room, listed);
    const roots = new Map(stored.filter(isMessage).map((one) => [one.event.seq, upToDate(one, tail)]));
    const places = listed.map((root) => ({ user, room, root }));
    const marks = await batchGetThreadMarks(ctx.chat, places);
    const items = await Promise.all(
      places.map(async (place): Promise<Thread[]> => {
        const root = roots.get(place.root);
        if (!root) return [];
        const mark = markOf(marks(place), standing);
        const unread = lastReplyOf(root) > mark ? await unreadReplies(ctx, { ...place, mark }, tail) : 0;
        return [{ root: toMessage(root, user), unread }];
      }),
    );
    // P6: as for history.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    return pageOf(items.flat(), next === undefined ? undefined : { seq: next });
  });
}

const lastReplyOf = ({ state }: StoredMessage): number => state?.lastReply ?? 0;

interface Wanted {
  readonly user: UserId;
  readonly room: RoomId;
  /** Only threads whose newest reply has a smaller number. */
  readonly before: number;
  readonly limit: number;
}

/** Numbers of the messages that a user's threads began with; `next`: where the next page goes on. */
async function pageOfRoots(
  ctx: ChatContext,
  { user, room, before, limit }: Wanted,
  tail: readonly Committed[],
): Promise<{ readonly listed: readonly number[]; readonly next: number | undefined }> {
  const takesPart = ({ event, state }: StoredMessage) =>
    (event.user === user || (state?.participants ?? []).includes(user)) && (state?.replies ?? 0) > 0;
  // Where the tail holds a reply, the index may still have the thread in the place of the reply before, or not at all. All of these
  // come before what the index has: their newest replies are not settled yet.
  const moved = new Set(tail.filter(isMessage).flatMap(({ event: { thread } }) => thread ?? []));
  const found = (await batchGetEventsOf(ctx.chat, room, [...moved]))
    .filter(isMessage)
    .map((message) => upToDate(message, tail))
    .filter((message) => takesPart(message) && lastReplyOf(message) < before)
    .sort((a, b) => lastReplyOf(b) - lastReplyOf(a));
  let from: number | undefined = before;
  for (let pages = 0; from !== undefined && found.length <= limit && pages < MAX_PAGES; pages++) {
    const page = await pageThreads(ctx.chat, room, { before: from, limit: PAGE_THREADS });
    found.push(...page.roots.filter((root) => !moved.has(root.event.seq) && takesPart(root)));
    const last = page.roots.at(-1);
    from = page.more && last ? lastReplyOf(last) : undefined;
  }
  const taken = found.slice(0, limit);
  const last = taken.at(-1);
  return {
    listed: taken.map(({ event }) => event.seq),
    next: found.length > limit && last ? lastReplyOf(last) : from,
  };
}
