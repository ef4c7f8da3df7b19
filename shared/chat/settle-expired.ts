/** Freeing ids that a quiet room's head has kept for longer than they have to hold. */
import { claimEnds } from '../data/claims.ts';
import { type Committed, getEvent } from '../data/events.ts';
import { moveSettled } from '../data/head-writes.ts';
import type { Head } from '../data/heads.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ChatContext } from './context.ts';

/** Whether the id of an event is free again (P3 holds it for 24 hours). */
export function isExpired(ctx: ChatContext, { event }: Committed): boolean {
  return claimEnds(event.at) * 1000 <= ctx.now();
}

/**
 * Moves `settled` up to an event whose id is free again, so that its key leaves `pending`. The settler waits until more events have come,
 * which in a quiet room can be never. All up to there is a day old: the settler has been there long since, and no claim
 * would hold any more. So nothing is left to do but to make sure of it, with no more rights than an append has.
 *
 * @throws {ParleyError} `unavailable` where something is missing after all: it is the settler's then.
 */
export async function settleExpired(
  ctx: ChatContext,
  head: Head,
  to: number,
  operation: string,
): Promise<void> {
  const seqs = Array.from({ length: to - head.settled }, (_, index) => head.settled + 1 + index);
  const events = await Promise.all(seqs.map((seq) => getEvent(ctx.chat, head.room, seq, { expired: true })));
  const done =
    events.every((committed) => committed && isExpired(ctx, committed)) &&
    !head.changes.some((change) => change.seq <= to);
  if (!done) throw new ParleyError('unavailable', operation, 'the room is catching up; send it again');
  let at: Head | undefined = head;
  while (at && at.settled < to) at = await moveSettled(ctx.chat, at, to);
}
