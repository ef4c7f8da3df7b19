/** The queue that `queues/trim-rooms` reads: rooms whose older messages are to be brought under a shorter retention. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue, type Queue } from '../../shared/aws/queue.ts';
import { ENV } from '../../shared/environment.ts';
import type { Runtime } from './runtime.ts';

/** @throws {Error} where the environment names no queue. */
export function createTrimQueue({ send, environment }: Pick<Runtime, 'send' | 'environment'>): Queue {
  const url = environment[ENV.trimQueue];
  if (!url) throw new Error(`unable to start; ${ENV.trimQueue} is not set`);
  return createQueue({ send, origin: serviceOrigin('sqs', environment), url });
}
