/** Brings a room's frames to one connection, in order, or finds out that it can't be done. */

import type { Lane } from './lane.ts';
import { createPayload, type Outcome, type Payload, type Poster, type Target } from './poster.ts';

export interface DeliveryTools {
  readonly poster: Poster;
  readonly lane: Lane;
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** 0 to 1. */
  random(): number;
}

/**
 * `delivered`: it got every frame. `gone`: it is closed. `opening`: not open yet, and nothing is owed to it. `closed`: it could
 * not be kept up to date and was closed, so that the client comes back and syncs (P4). `stuck`: nor could it be closed.
 * `refused`: API Gateway takes no request of ours.
 */
export type Delivery = 'delivered' | 'gone' | 'opening' | 'closed' | 'stuck' | 'refused';

/** First pause before a post is repeated, milliseconds; doubles up to the longest; full jitter. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_600;
/**
 * Milliseconds for which one connection's posts are repeated, counted from the first failure. With the last post's own time-out
 * and the closing it stays well below the 30 s of a shard's worker (infra/fan-out.ts).
 */
export const RETRY_FOR_MS = 5_000;
/** Tries to close a connection that can't be reached. */
const CLOSE_ATTEMPTS = 3;
/**
 * API Gateway answers 410 while `$connect` still runs, 29 s at most (its integration time-out). What was committed before the
 * socket opened is the client's to sync.
 */
const OPENING_MS = 30_000;

const TOO_SLOW = createPayload('{"type":"closing","code":"too_slow","reconnect":true}');

/** Delivers `frames` to one connection; repeats what can heal; closes what can't be reached. Never throws for its sake. */
export async function deliver(
  tools: DeliveryTools,
  target: Target & { readonly connectedAt: number },
  frames: readonly Payload[],
): Promise<Delivery> {
  const { lane, poster } = tools;
  let deadline: number | undefined;
  for (const frame of frames) {
    for (let attempt = 0; ; attempt++) {
      const outcome = await lane(() => poster.post(target, frame));
      if (outcome === 'done') break;
      if (outcome === 'gone') return tools.now() - target.connectedAt < OPENING_MS ? 'opening' : 'gone';
      if (outcome === 'refused') return 'refused';
      deadline ??= tools.now() + RETRY_FOR_MS;
      const pause = pauseBefore(tools, attempt);
      if (tools.now() + pause > deadline) return giveUp(tools, target);
      await tools.sleep(pause);
    }
  }
  return 'delivered';
}

/** Tells the client why, if it still hears, and closes. */
async function giveUp(tools: DeliveryTools, target: Target): Promise<Delivery> {
  const { lane, poster } = tools;
  await lane(() => poster.post(target, TOO_SLOW));
  for (let attempt = 0; attempt < CLOSE_ATTEMPTS; attempt++) {
    if (attempt > 0) await tools.sleep(pauseBefore(tools, attempt));
    const outcome: Outcome = await lane(() => poster.close(target));
    if (outcome === 'done' || outcome === 'gone') return 'closed';
    if (outcome === 'refused') return 'refused';
  }
  return 'stuck';
}

function pauseBefore({ random }: DeliveryTools, attempt: number): number {
  return random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}
