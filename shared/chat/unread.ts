/**
 * What a member has not read: counted from its mark, without a counter, and without what is over (retention). docs/data-model.md,
 * "Retention", says what that costs.
 */
import { batchGetEvents, type Committed, isMessage, queryEvents } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import type { Membership, ReadMark } from '../data/memberships.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { expires, isOver } from './retention.ts';
import type { HeadView } from './room-memory.ts';

/** What somebody has not read of a room. */
export interface Unread {
  readonly unread: number;
  readonly mentions: number;
}

/** A room, and somebody's membership of it. */
export interface Stand {
  readonly head: Head;
  readonly membership: Membership;
}

/** How far a room's messages are over: the last number, and how many messages the room had with it. */
type Edge = ReadMark;

const NOTHING_OVER: Edge = { seq: 0, n: 0 };
/** Events of one look for one that expires: between messages there are seldom many others. */
const LOOK = 25;
/** Rooms that are looked at at once. */
const LANES = 16;

/**
 * What a user has not read, by room. Where nothing can be over it takes no call, else one for a hundred rooms; and some for each
 * room in which it has read nothing for as long as messages are kept.
 */
export async function unreadOf(
  ctx: ChatContext,
  stands: readonly Stand[],
): Promise<ReadonlyMap<RoomId, Unread>> {
  const suspects = stands.filter(({ head, membership: { read } }) => read.n < head.n && mayBeOver(ctx, head));
  const next = await batchGetEvents(
    ctx.chat,
    suspects.map(({ head: { room }, membership: { read } }) => ({ room, seq: read.seq + 1 })),
  );
  const edges = new Map<RoomId, Edge>();
  const left = suspects.filter(({ head }) => !isSign(next.get(head.room)));
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (let one = left.pop(); one; one = left.pop()) {
        edges.set(one.head.room, await edgeOf(ctx, one.head, one.membership.read.seq));
      }
    }),
  );
  return new Map(
    stands.map(({ head, membership }) => [head.room, count(head, membership, edges.get(head.room))]),
  );
}

/** How many messages come after a mark. */
export async function unreadAfter(ctx: ChatContext, head: HeadView, mark: ReadMark): Promise<number> {
  const isOpen = mark.n < head.n && mayBeOver(ctx, head);
  const edge = isOpen ? await edgeOf(ctx, head, mark.seq) : NOTHING_OVER;
  return Math.max(0, head.n - Math.max(mark.n, edge.n));
}

/** Mentions are counted one by one, but for those of the whole room: one for all of them. */
function count(head: Head, { user, since, read, mentions }: Membership, edge = NOTHING_OVER): Unread {
  const { n, called } = head;
  const after = Math.max(read.seq, edge.seq);
  const isCalled = called && called.by !== user && called.seq > Math.max(after, since);
  return {
    unread: Math.max(0, n - Math.max(read.n, edge.n)),
    mentions: mentions.filter((seq) => seq > after).length + (isCalled ? 1 : 0),
  };
}

/** Whether a room's messages have an end, or had one when they were sent; not where only the stack's retention was taken away since. */
function mayBeOver(ctx: ChatContext, { retention }: Pick<Head, 'retention'>): boolean {
  return (ctx.retentionDays ?? 0) > 0 || retention !== undefined;
}

/** Whether an event says of those before and after it whether they are over: ends come in the log's order. */
function isSign(committed: Committed | undefined): committed is Committed {
  return committed !== undefined && expires(committed.event.type);
}

/**
 * Finds the first event after a number that is not over. What is over is gone, or there for some days more; in between it is found by
 * halves, as there may be very many.
 */
async function edgeOf(ctx: ChatContext, head: HeadView, after: number): Promise<Edge> {
  // Before `low` all is over; what is not begins at `high + 1` at the latest, with `live`.
  let [low, high] = [after + 1, head.seq];
  let live: Committed | undefined;
  for (let from = low; low <= high; from = Math.floor((low + high) / 2)) {
    const sign = await signFrom(ctx, head.room, from, high);
    if (sign && isOver(ctx, sign)) {
      low = sign.event.seq + 1;
    } else {
      live = sign ?? live;
      high = from - 1;
    }
  }
  if (live) return { seq: live.event.seq - 1, n: isMessage(live) ? live.n - 1 : live.n };
  // The newest message may be committed and not stored yet.
  const isComing = head.message !== undefined && head.message > Math.max(low - 1, head.settled);
  return isComing ? { seq: head.message - 1, n: head.n - 1 } : { seq: head.seq, n: head.n };
}

async function signFrom(
  ctx: ChatContext,
  room: RoomId,
  from: number,
  to: number,
): Promise<Committed | undefined> {
  for (let next = from; ; ) {
    const page = await queryEvents(ctx.chat, room, { from: next, to }, { limit: LOOK, expired: true });
    const sign = page.events.find(isSign);
    const last = page.events.at(-1);
    if (sign || page.end || !last) return sign;
    next = last.event.seq + 1;
  }
}
