/** Reading a room's log without ever skipping a number. */
import { type Committed, queryEvents } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import type { ChatContext } from './context.ts';
import { sleep, WAITS_MS } from './stored-event.ts';

/**
 * Events after a number, ascending and without a gap. An event that is committed but not stored yet is a moment away (its author or the
 * settler is about to store it), so it is waited for; when it does not come in time the answer ends before it.
 *
 * @param head a head that was read before: the answer reaches up to its `seq` at most.
 * @param options.to the last number wanted.
 * @param options.limit about how many at least; all up to `to` without it.
 */
export async function readForward(
  ctx: ChatContext,
  head: Head,
  after: number,
  options: { readonly to?: number; readonly limit?: number } = {},
): Promise<Committed[]> {
  const to = Math.min(options.to ?? head.seq, head.seq);
  const limit = options.limit ?? to - after;
  const found: Committed[] = [];
  let next = after + 1;
  let waits = 0;
  while (next <= to && found.length < limit) {
    const { events } = await queryEvents(
      ctx.chat,
      head.room,
      { from: next, to },
      { limit: limit - found.length },
    );
    const run = events.filter(({ event }, index) => event.seq === next + index);
    found.push(...run);
    next += run.length;
    if (run.length > 0 && run.length === events.length) continue;
    // The head itself carries the newest event.
    if (next === head.seq) {
      found.push(head.last);
      break;
    }
    const wait = WAITS_MS[waits++];
    if (wait === undefined) break;
    await sleep(ctx, wait);
  }
  return found;
}
