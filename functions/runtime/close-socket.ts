/** The way to the sockets for functions that end connections, made once per execution environment. */
import type { CloseSocket } from '../../shared/chat/revocation.ts';
import { createCloseSocket } from '../../shared/delivery/close-socket.ts';
import { createLane } from '../../shared/delivery/lane.ts';
import { createPoster } from '../../shared/delivery/poster.ts';
import type { Runtime } from './runtime.ts';

/** Requests to API Gateway in flight by plan, and for how long one counts: as many as a user's connections by default. */
const REQUESTS_AT_ONCE = 20;
const REQUEST_PATIENCE_MS = 300;

export function createSocketCloser({
  environment,
  logger,
}: Pick<Runtime, 'environment' | 'logger'>): CloseSocket {
  return createCloseSocket({
    poster: createPoster(environment),
    logger,
    lane: createLane(REQUESTS_AT_ONCE, REQUEST_PATIENCE_MS),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
  });
}
