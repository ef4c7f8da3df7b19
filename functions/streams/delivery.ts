/** What both fan-out functions deliver with, made once per execution environment. */
import { createLanes, type DeliveryEnvironment } from '../../shared/delivery/deliver-shard.ts';
import { createPoster } from '../../shared/delivery/poster.ts';
import type { Runtime } from '../runtime/runtime.ts';

export function createDelivery({ context, logger, environment }: Runtime): DeliveryEnvironment {
  return {
    context,
    logger,
    poster: createPoster(environment),
    ...createLanes(),
    now: context.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
  };
}
