/** The queue that `queues/erase-accounts` reads: deleted accounts whose traces are to be rewritten. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue, type Queue } from '../../shared/aws/queue.ts';
import { ENV } from '../../shared/environment.ts';
import type { Runtime } from './runtime.ts';

/** @throws {Error} where the environment names no queue. */
export function createErasureQueue({ send, environment }: Pick<Runtime, 'send' | 'environment'>): Queue {
  const url = environment[ENV.erasureQueue];
  if (!url) throw new Error(`unable to start; ${ENV.erasureQueue} is not set`);
  return createQueue({ send, origin: serviceOrigin('sqs', environment), url });
}
