/** Reading a room's log without ever skipping a number that is not over. */
import { type Committed, queryEvents } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import type { ChatContext } from './context.ts';
import { isOver } from './retention.ts';
import { sleep, WAITS_MS } from './stored-event.ts';

/** A stretch of the log. */
export interface LogRun {
  /** Ascending, and without a gap but for events whose time is over. */
  readonly events: Committed[];
  /** Whether there were such events, be their items still there or not. */
  readonly trimmed: boolean;
  /** The last number that was looked at. */
  readonly reached: number;
}

/**
 * Events after a number, ascending. One that is missing is either a moment away (committed and not stored yet: its author or the
 * settler is about to), so that it is waited for, and the answer ends before it when it does not come in time. Or its time is over (retention),
 * and it is left out. The head tells them apart: up to its `settled` every event was stored once, so what is missing there was
 * trimmed; beyond it nothing is deleted before `settled` has moved on (forget-expired.ts).
 *
 * @param head a head that was read before: the answer reaches up to its `seq` at most.
 * @param options.to the last number wanted.
 * @param options.limit about how many at least; all up to `to` without it.
 * @param options.unbroken ends at the first event whose time is over.
 */
export async function readForward(
  ctx: ChatContext,
  head: Head,
  after: number,
  options: { readonly to?: number; readonly limit?: number; readonly unbroken?: boolean } = {},
): Promise<LogRun> {
  const to = Math.min(options.to ?? head.seq, head.seq);
  const limit = options.limit ?? to - after;
  const found: Committed[] = [];
  let next = after + 1;
  let trimmed = false;
  let waits = 0;
  const isWanted = () => next <= to && found.length < limit && !(trimmed && options.unbroken);
  while (isWanted()) {
    const page = { limit: limit - found.length, expired: true };
    const { events } = await queryEvents(ctx.chat, head.room, { from: next, to }, page);
    const before = next;
    for (const committed of [...events, undefined]) {
      const seq = committed?.event.seq ?? to + 1;
      if (next < seq && next <= head.settled && (committed || events.length === 0)) {
        next = Math.min(seq, head.settled + 1);
        trimmed = true;
      }
      if (!committed || next !== seq || !isWanted()) break;
      if (isOver(ctx, committed)) trimmed = true;
      else found.push(committed);
      next += 1;
    }
    if (next > before) continue;
    // The head itself carries the newest event.
    if (next === head.seq) {
      if (isOver(ctx, head.last)) trimmed = true;
      else found.push(head.last);
      next += 1;
      break;
    }
    const wait = WAITS_MS[waits++];
    if (wait === undefined) break;
    await sleep(ctx, wait);
  }
  return { events: found, trimmed, reached: next - 1 };
}
