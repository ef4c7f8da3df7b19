/** Brings a room's frames to one connection, in order, or finds out that it can't be done. */

import { OPENING_MS } from '../data/connections.ts';
import { type ClosingTools, closingFrame, pauseBefore, tellAndClose } from './close-socket.ts';
import type { Payload, Target } from './poster.ts';

export interface DeliveryTools extends ClosingTools {
  /** Epoch milliseconds. */
  now(): number;
}

/**
 * `delivered`: it got every frame. `gone`: it is closed. `opening`: not open yet, and nothing is owed to it. `closed`: it could
 * not be kept up to date and was closed, so that the client comes back and syncs (P4). `stuck`: nor could it be closed.
 * `refused`: API Gateway takes no request of ours.
 */
export type Delivery = 'delivered' | 'gone' | 'opening' | 'closed' | 'stuck' | 'refused';

/**
 * Milliseconds for which one connection's posts are repeated, counted from the first failure. With the last post's own time-out
 * and the closing it stays well below the 30 s of a shard's worker (infra/fan-out.ts).
 */
export const RETRY_FOR_MS = 5_000;
const TOO_SLOW = closingFrame({ code: 'too_slow', reconnect: true });

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
      // What was committed before the socket opened is the client's to sync.
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

async function giveUp(tools: DeliveryTools, target: Target): Promise<Delivery> {
  const end = await tellAndClose(tools, target, TOO_SLOW);
  return end === 'gone' ? 'closed' : end;
}
