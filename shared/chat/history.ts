/** Reading back what was said in a room. */
import { queryEvents, toMessage } from '../data/events.ts';
import { getHead, type Head } from '../data/heads.ts';
import type { Message, MessageCreated, RoomEvent } from '../protocol/events.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { DEFAULT_HISTORY_LIMIT, type RoomId, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { getMembership } from './membership.ts';
import { readForward } from './read-log.ts';
import { refusing, strangerRefusal } from './refusals.ts';

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
  const { user, room, before, limit = DEFAULT_HISTORY_LIMIT } = request;
  return refusing(operation, async () => {
    const [head, membership] = await Promise.all([getHead(ctx.chat, room), getMembership(ctx, user, room)]);
    if (!head || head.deleted || !membership) throw await strangerRefusal(ctx, room, operation);
    const { messages, more } = await readBack(ctx, head, before ?? head.seq + 1, limit);
    // P6: what was read may be newer than the membership that was looked at. A member after the reading was one during it.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    return { room, messages, more };
  });
}

async function readBack(
  ctx: ChatContext,
  head: Head,
  before: number,
  limit: number,
): Promise<{ messages: Message[]; more: boolean }> {
  // Everything up to `settled` is stored. Beyond it a number may be missing, and what lies behind it is not shown.
  const tail = await readForward(ctx, head, head.settled, { to: before - 1 });
  const found = messagesOf(tail.map(({ event }) => event)).reverse();
  let next = Math.min(before - 1, head.settled);
  // One more than is wanted tells whether there is more.
  for (let pages = 0; next > 0 && found.length <= limit; pages++) {
    if (pages >= MAX_PAGES && found.length > 0) return { messages: ascending(found, limit), more: true };
    const { events, end } = await queryEvents(
      ctx.chat,
      head.room,
      { from: 1, to: next },
      { limit: pages === 0 ? limit + 1 : PAGE_EVENTS, descending: true },
    );
    found.push(...messagesOf(events.map(({ event }) => event)));
    next = end ? 0 : (events.at(-1)?.event.seq ?? 1) - 1;
  }
  return { messages: ascending(found, limit), more: found.length > limit };
}

function messagesOf(events: readonly RoomEvent[]): MessageCreated[] {
  return events.filter((event) => event.type === 'message.created');
}

function ascending(newestFirst: readonly MessageCreated[], limit: number): Message[] {
  return newestFirst.slice(0, limit).reverse().map(toMessage);
}
