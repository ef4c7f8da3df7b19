/** What functions watch and end connections with. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue } from '../../shared/aws/queue.ts';
import type { LookLater, WatchContext } from '../../shared/chat/connection-watch.ts';
import { ENV } from '../../shared/environment.ts';
import { createSocketCloser } from './close-socket.ts';
import type { Runtime } from './runtime.ts';

/**
 * How a function has a connection looked at later: a message to the queue that `queues/watch-connections` reads.
 *
 * @throws {Error} where the environment names no queue.
 */
export function createLookLater({ send, environment }: Pick<Runtime, 'send' | 'environment'>): LookLater {
  const url = environment[ENV.connectionWatchQueue];
  if (!url) throw new Error(`unable to start; ${ENV.connectionWatchQueue} is not set`);
  const queue = createQueue({ send, origin: serviceOrigin('sqs', environment), url });
  // SQS holds a message back for 15 minutes at most: who waits for longer is looked at in between.
  return ({ connection, connectedAt }, afterMs) => queue.send({ connection, connectedAt }, afterMs / 1_000);
}

/** For functions that close connections and go on until it is done. */
export function createWatch(runtime: Runtime): WatchContext {
  const { connections, now } = runtime.context;
  return { connections, now, closeSocket: createSocketCloser(runtime), lookLater: createLookLater(runtime) };
}
