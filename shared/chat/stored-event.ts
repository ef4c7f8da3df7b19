/** Waiting for an event that is committed but not stored yet: its author or the settler is about to. */
import { type Committed, getEvent } from '../data/events.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';

/**
 * Pauses between looks, milliseconds; longer together than the settler takes. The author's own put takes a few milliseconds; where
 * the author died the settler comes within about a second and a half: its batching window (infra/settler.ts) and a poll of the stream.
 */
export const WAITS_MS = [10, 20, 40, 80, 160, 320, 640, 640, 640] as const;

export function sleep(ctx: ChatContext, ms: number): Promise<void> {
  return ctx.sleep ? ctx.sleep(ms) : new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * The committed event with this number, also where its time is over and its item is there still: whoever asks holds its number.
 *
 * @throws {ParleyError} `unavailable` when it is not stored in time.
 */
export async function storedEvent(
  ctx: ChatContext,
  room: RoomId,
  seq: number,
  operation: string,
): Promise<Committed> {
  for (const wait of [...WAITS_MS, undefined]) {
    const committed = await getEvent(ctx.chat, room, seq, { expired: true });
    if (committed) return committed;
    if (wait !== undefined) await sleep(ctx, wait);
  }
  throw new ParleyError('unavailable', operation, 'the event is not stored yet; send it again');
}
