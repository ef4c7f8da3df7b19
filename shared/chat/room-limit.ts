/** The limit of a room: what all of its members together may append within a second. Who moderates is not held up by it. */
import type { EventBody } from '../data/events.ts';
import { type RoomLimit, secondOf } from '../data/room-rate.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ChatContext } from './context.ts';
import type { HeadView } from './room-memory.ts';

/** @returns undefined for what does not count, and where there is no limit. */
export function roomLimitOf(ctx: ChatContext, body: EventBody): RoomLimit | undefined {
  const most = ctx.messagesPerSecondPerRoom ?? 0;
  const counts = /^(message|reaction)\.|^member\.joined$/.test(body.type);
  return most > 0 && counts ? { second: secondOf(ctx.now()), most } : undefined;
}

/**
 * Refuses by a head that was seen: within a second its count only grows.
 *
 * @throws {ParleyError} `rate_limited`, with the time until the second is over.
 */
export function refuseFullRoom(
  ctx: ChatContext,
  body: EventBody,
  { taken }: Pick<HeadView, 'taken'>,
  operation: string,
): void {
  const limit = roomLimitOf(ctx, body);
  if (!limit || (taken[limit.second] ?? 0) < limit.most) return;
  const reason = `the room takes no more than ${limit.most} messages a second`;
  throw new ParleyError('rate_limited', operation, reason, { retryAfterMs: 1_000 - (ctx.now() % 1_000) });
}
