/** Brings frames that are no events to many connections: what one misses is not in the log, so it is told again later. */
import type { Subscription } from '../data/subscriptions.ts';
import { type Delivery, deliver } from './deliver.ts';
import { type DeliveryEnvironment, forget } from './deliver-shard.ts';
import type { Payload } from './poster.ts';

export interface Addressed {
  readonly subscription: Subscription;
  readonly frames: readonly Payload[];
}

/** @returns whether everyone who can be reached was: false where some could be neither told nor closed. */
export async function postToAll(
  environment: DeliveryEnvironment,
  posts: readonly Addressed[],
): Promise<boolean> {
  const counts: Partial<Record<Delivery, number>> = {};
  await Promise.all(
    posts.map(async ({ subscription, frames }) => {
      const delivery = await deliver(environment, subscription, frames);
      counts[delivery] = (counts[delivery] ?? 0) + 1;
      if (delivery === 'gone' || delivery === 'closed') await forget(environment, subscription);
    }),
  );
  const { stuck = 0, refused = 0, delivered = 0 } = counts;
  if (stuck > 0) environment.logger.warn('connections out of reach', counts);
  // Refused for all: a matter of our rights or of the address, to be mended here. For some only: theirs, and no repeat heals it.
  const ours = refused > 0 && delivered === 0;
  if (ours)
    environment.logger.error('posts refused', new Error('API Gateway takes no request of ours'), counts);
  return stuck === 0 && !ours;
}
