/** What both presence functions tell with, made once per execution environment. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue } from '../../shared/aws/queue.ts';
import { createLane } from '../../shared/delivery/lane.ts';
import type { PresenceEnvironment } from '../../shared/delivery/tell-presence.ts';
import { ENV } from '../../shared/environment.ts';
import { once } from '../runtime/once.ts';
import { getRuntime, type Runtime } from '../runtime/runtime.ts';
import { createDelivery } from './delivery.ts';

/** Calls of the tables in flight by plan, and for how long one counts. */
const CALLS_AT_ONCE = 32;
const CALL_PATIENCE_MS = 3_000;

/** @throws {Error} where the environment names no queue or no grace: a user must not flicker by a setting that was misread. */
export function createPresence(runtime: Runtime): PresenceEnvironment {
  const { send, environment } = runtime;
  const url = environment[ENV.presenceQueue];
  const graceSeconds = Number(environment[ENV.presenceGraceSeconds] || Number.NaN);
  if (!url) throw new Error(`unable to start; ${ENV.presenceQueue} is not set`);
  if (!(graceSeconds >= 0)) throw new Error(`unable to start; ${ENV.presenceGraceSeconds} is no number`);
  const queue = createQueue({ send, origin: serviceOrigin('sqs', environment), url });
  return {
    ...createDelivery(runtime),
    tables: createLane(CALLS_AT_ONCE, CALL_PATIENCE_MS),
    sendLater: (message, afterMs = 0) => queue.send(message, afterMs / 1_000),
    graceMs: graceSeconds * 1_000,
  };
}

export const getPresence = once(() => createPresence(getRuntime()));
