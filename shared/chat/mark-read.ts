/** How far a member has read. */
import { getEvent, queryEvents } from '../data/events.ts';
import { moveReadMark } from '../data/read-marks.ts';
import { moveThreadMark } from '../data/thread-marks.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { getMembership } from './membership.ts';
import { requireMember } from './ranks.ts';
import { readTail } from './read-message.ts';
import { readRoom } from './read-room.ts';
import { refusing, strangerRefusal } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { sleep, storedEvent, WAITS_MS } from './stored-event.ts';
import { markOf, rootOf, unreadReplies } from './threads.ts';
import { unreadAfter } from './unread.ts';

export interface Marking {
  /** Where the mark is now, and what is unread from there on. */
  readonly data: ReplyData<'markRead'>;
  /** Whether it was behind before. */
  readonly moved: boolean;
}

/**
 * Moves the user's read mark to an event. A mark never moves back, and a number beyond the log is its end: what is not there yet
 * can't have been read.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room (P6), `unavailable`.
 */
export async function markRead(
  ctx: ChatContext,
  { user, room, seq }: { readonly user: UserId; readonly room: RoomId; readonly seq: number },
): Promise<Marking> {
  const operation = 'mark as read';
  return refusing(operation, async () => {
    const { view, standing } = await readRoom(ctx, { user, room }, operation);
    const { since } = await requireMember(ctx, operation, { view, standing });
    const upTo = Math.min(seq, view.seq);
    const n = await messagesUpTo(ctx, view, upTo, operation);
    const place = { user, room, since, mark: { seq: upTo, n } };
    // The log has made the user a member already; the item comes a moment later.
    for (const wait of [...WAITS_MS, undefined]) {
      const marked = await moveReadMark(ctx.chat, place);
      if (marked) {
        const { mark, moved } = marked;
        return { data: { room, seq: mark.seq, unread: await unreadAfter(ctx, view, mark) }, moved };
      }
      // Who has left meanwhile waits for nothing.
      await requireMember(ctx, operation, await readRoom(ctx, { user, room }, operation));
      if (wait !== undefined) await sleep(ctx, wait);
    }
    throw new ParleyError('unavailable', operation, 'you are joining just now; send it again');
  });
}

/**
 * Moves the user's mark in a thread, which has one of its own: what is read there is not read in the room, nor the other way round.
 *
 * @throws {ParleyError} as `markRead`; `not_found` also where there is no such message, `bad_request` for a reply.
 */
export async function markThreadRead(
  ctx: ChatContext,
  request: { readonly user: UserId; readonly room: RoomId; readonly thread: number; readonly seq: number },
): Promise<ReplyData<'markRead'>> {
  const operation = 'mark as read';
  const { user, room, thread, seq } = request;
  return refusing(operation, async () => {
    const { view, standing } = await readRoom(ctx, { user, room }, operation);
    const member = await requireMember(ctx, operation, { view, standing });
    await rootOf(ctx, room, thread, operation);
    const place = { user, room, root: thread };
    const moved = await moveThreadMark(ctx.chat, { ...place, seq: Math.min(seq, view.seq) });
    // Read after the mark was moved: what came meanwhile is unread.
    const tail = (await readTail(ctx, room))?.tail ?? [];
    const unread = await unreadReplies(ctx, { ...place, mark: markOf(moved, member) }, tail);
    // P6: as for history.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    return { room, thread, seq: moved, unread };
  });
}

/** How many messages the room had with an event. */
async function messagesUpTo(
  ctx: ChatContext,
  view: HeadView,
  seq: number,
  operation: string,
): Promise<number> {
  if (seq === view.seq) return view.n;
  if (seq === 0) return 0;
  if (seq > view.settled) return (await storedEvent(ctx, view.room, seq, operation)).n;
  const stored = await getEvent(ctx.chat, view.room, seq, { expired: true });
  if (stored) return stored.n;
  // What is missing up to `settled` was trimmed: then those before the next that is there, be that over as well.
  const stretch = { from: seq, to: view.seq };
  const [next] = (await queryEvents(ctx.chat, view.room, stretch, { limit: 1, expired: true })).events;
  if (!next) return view.n;
  return next.event.type === 'message.created' ? next.n - 1 : next.n;
}
