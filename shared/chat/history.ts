/** Reading back what was said in a room. */
import { batchGetEventsOf, type Committed, isMessage, pageReplies, queryEvents } from '../data/events.ts';
import { getHead, type Head } from '../data/heads.ts';
import { getMembershipRecord } from '../data/memberships.ts';
import { type StoredMessage, toMessage } from '../data/message-state.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { DEFAULT_HISTORY_LIMIT, type RoomId, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { upToDate } from './message-events.ts';
import { readForward } from './read-log.ts';
import { refusing, strangerRefusal } from './refusals.ts';
import { mayShow, standingOf } from './standing.ts';
import { unreadIn } from './threads.ts';

/** Events of one page of the log: where few of them are messages, pages are read on until there are enough. */
const PAGE_EVENTS = 200;
/** Pages read for one answer at most, when it has a message at all: it then says `more`, and the client goes on. */
const MAX_PAGES = 20;

export interface HistoryRequest {
  readonly user: UserId;
  readonly room: RoomId;
  /** Only messages with a smaller number; the newest without it. */
  readonly before?: number | undefined;
  /** Messages at most; 1 to 100. */
  readonly limit?: number | undefined;
  /** Only the replies to the message with this number. */
  readonly thread?: number | undefined;
}

/**
 * The newest messages of a room, or those just before a number. Oldest first, as a client shows them; the next page is what lies
 * `before` the first one's number.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room (P6), `unavailable`.
 */
export async function readHistory(ctx: ChatContext, request: HistoryRequest): Promise<ReplyData<'history'>> {
  const operation = 'read history';
  const { user, room, before, thread, limit = DEFAULT_HISTORY_LIMIT } = request;
  return refusing(operation, async () => {
    const head = await getHead(ctx.chat, room);
    const record = await getMembershipRecord(ctx.chat, user, room);
    const standing = standingOf(user, record, head?.changes ?? []);
    if (!head || head.deleted || !standing) throw await strangerRefusal(ctx, room, operation);
    // Everything up to `settled` is stored and projected. What lies beyond is applied here; a number that is missing there is a moment
    // away, and what lies behind it is not shown.
    const { events: tail } = await readForward(ctx, head, head.settled);
    const stretch = { before: before ?? head.seq + 1, limit };
    const found =
      thread === undefined
        ? await readBack(ctx, head, tail, stretch)
        : await readThread(ctx, room, tail, { ...stretch, root: thread });
    const isNewest = thread !== undefined && before === undefined;
    const unread = isNewest ? await unreadIn(ctx, { user, room, root: thread }, standing, tail) : undefined;
    const after = await getMembershipRecord(ctx.chat, user, room);
    if (!mayShow(record, after)) throw await strangerRefusal(ctx, room, operation);
    const messages = found.newestFirst
      .slice(0, limit)
      .reverse()
      .map((message) => toMessage(upToDate(message, tail), user));
    const more = found.newestFirst.length > limit || found.isCut;
    return { room, messages, more, ...(unread === undefined ? {} : { unread }) };
  });
}

interface Page {
  readonly before: number;
  readonly limit: number;
}

interface Found {
  /** One more than is wanted, where there is one. */
  readonly newestFirst: readonly StoredMessage[];
  /** Reading ended before it was clear whether there is more. */
  readonly isCut: boolean;
}

async function readBack(
  ctx: ChatContext,
  head: Head,
  tail: readonly Committed[],
  { before, limit }: Page,
): Promise<Found> {
  const newestFirst = messagesOf(tail)
    .filter(({ event }) => event.seq < before)
    .reverse();
  let next = Math.min(before - 1, head.settled);
  for (let pages = 0; next > 0 && newestFirst.length <= limit; pages++) {
    if (pages >= MAX_PAGES && newestFirst.length > 0) return { newestFirst, isCut: true };
    const { events, end } = await queryEvents(
      ctx.chat,
      head.room,
      { from: 1, to: next },
      { limit: pages === 0 ? limit + 1 : PAGE_EVENTS, descending: true },
    );
    newestFirst.push(...messagesOf(events));
    next = end ? 0 : (events.at(-1)?.event.seq ?? 1) - 1;
  }
  return { newestFirst, isCut: false };
}

/** The index says which replies there are, but for the newest, and the table what has become of them. */
async function readThread(
  ctx: ChatContext,
  room: RoomId,
  tail: readonly Committed[],
  { root, before, limit }: Page & { readonly root: number },
): Promise<Found> {
  const listed = await pageReplies(ctx.chat, room, { root, before, limit: limit + 1 });
  const fresh = messagesOf(tail).filter(({ event }) => event.thread === root && event.seq < before);
  const known = new Set(fresh.map(({ event }) => event.seq));
  const stored = await batchGetEventsOf(
    ctx.chat,
    room,
    listed.filter((seq) => !known.has(seq)),
  );
  const newestFirst = [...fresh, ...messagesOf(stored)].sort((a, b) => b.event.seq - a.event.seq);
  return { newestFirst: newestFirst.slice(0, limit + 1), isCut: false };
}

function messagesOf(events: readonly Committed[]): StoredMessage[] {
  return events.filter(isMessage);
}
