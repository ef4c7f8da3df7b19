/** Sharing a reply's bytes among rooms: each gets the same, and what one does not need goes to those that need more. */
import type { Head } from '../data/heads.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { readForward } from './read-log.ts';
import { shown } from './retention.ts';

/** A room, and the number after which its events are wanted. */
export interface Want {
  readonly head: Head;
  readonly after: number;
}

export interface Share {
  readonly events: RoomEvent[];
  readonly more: boolean;
  /** The time of some of them is over: it can't be gone on from that number. */
  readonly reset?: true;
}

/** Bytes of a typical event as JSON, by which is guessed how many to read; a wrong guess costs another read. */
const TYPICAL_EVENT_BYTES = 200;
/** Events read at once, at most. */
const MAX_READ = 500;
/** Rooms read at once. */
const CONCURRENT_READS = 32;

/** One room's part of the sharing. */
interface Portion {
  readonly head: Head;
  readonly taken: RoomEvent[];
  /** Read and not taken yet. */
  ready: { readonly event: RoomEvent; readonly bytes: number }[];
  /** Number of the last event that was read. */
  read: number;
  /** The log goes on, but the next event is not stored yet. */
  stuck: boolean;
  /** The next event's time is over. */
  trimmed: boolean;
}

/**
 * The events of several rooms, each ascending and without a gap, as many as fit.
 *
 * @param bytes UTF-8 bytes of all events as JSON, with a comma each, at most.
 */
export async function shareEvents(
  ctx: ChatContext,
  wants: readonly Want[],
  bytes: number,
): Promise<ReadonlyMap<RoomId, Share>> {
  const portions = wants.map(
    ({ head, after }): Portion => ({ head, taken: [], ready: [], read: after, stuck: false, trimmed: false }),
  );
  let left = bytes;
  let open = portions;
  // Each round gives every room that wants more the same; it ends when no room could use its part.
  for (let took = true; took && open.length > 0 && left > 0; ) {
    const part = Math.floor(left / open.length);
    const spent = await inLanes(open, CONCURRENT_READS, (portion) => take(ctx, portion, part));
    const sum = spent.reduce((total, one) => total + one, 0);
    left -= sum;
    took = sum > 0;
    open = open.filter((portion) => !isDone(portion));
  }
  takeSingly(open, left);
  return new Map(
    portions.map(({ head, taken, ready, read, trimmed }) => [
      head.room,
      trimmed
        ? { events: [], more: false, reset: true as const }
        : { events: taken, more: ready.length > 0 || read < head.seq },
    ]),
  );
}

function isDone(portion: Portion): boolean {
  return portion.ready.length === 0 && (portion.stuck || portion.trimmed || portion.read >= portion.head.seq);
}

/** Takes events of one room up to so many bytes. @returns the bytes taken. */
async function take(ctx: ChatContext, portion: Portion, most: number): Promise<number> {
  let spent = 0;
  while (!isDone(portion)) {
    if (portion.ready.length === 0) await readMore(ctx, portion, most - spent);
    const fit = fitting(portion.ready, most - spent);
    if (fit.count === 0) break;
    portion.taken.push(...portion.ready.slice(0, fit.count).map(({ event }) => event));
    portion.ready = portion.ready.slice(fit.count);
    spent += fit.bytes;
  }
  return spent;
}

function fitting(ready: Portion['ready'], most: number): { count: number; bytes: number } {
  let bytes = 0;
  let count = 0;
  for (const one of ready) {
    if (bytes + one.bytes > most) break;
    bytes += one.bytes;
    count++;
  }
  return { count, bytes };
}

async function readMore(ctx: ChatContext, portion: Portion, bytes: number): Promise<void> {
  const limit = Math.min(MAX_READ, Math.max(1, Math.ceil(bytes / TYPICAL_EVENT_BYTES)));
  const { events, trimmed } = await readForward(ctx, portion.head, portion.read, { limit, unbroken: true });
  portion.ready = (trimmed ? [] : events).map((committed) => {
    const event = shown(ctx, committed);
    return { event, bytes: Buffer.byteLength(JSON.stringify(event)) + 1 };
  });
  portion.read += events.length;
  portion.trimmed = trimmed;
  portion.stuck = events.length === 0;
}

/**
 * Gives what is left over to single events that still fit, where no room's equal part was enough for its next one. A reply has room
 * for several events of any size, so a client that goes on asking always gets on.
 */
function takeSingly(open: readonly Portion[], left: number): void {
  let rest = left;
  for (let took = true; took; ) {
    took = false;
    for (const portion of open) {
      const next = portion.ready[0];
      if (!next || next.bytes > rest) continue;
      portion.taken.push(next.event);
      portion.ready = portion.ready.slice(1);
      rest -= next.bytes;
      took = true;
    }
  }
}

/** Runs over a list, so many at once; results in the list's order. */
async function inLanes<T, R>(list: readonly T[], lanes: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(list.length);
  let next = 0;
  async function lane(): Promise<void> {
    for (let index = next++; index < list.length; index = next++) {
      const item = list[index];
      if (item !== undefined) results[index] = await run(item);
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, list.length) }, lane));
  return results;
}
