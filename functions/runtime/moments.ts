/** The way to the sockets for what is true for a moment, made once per execution environment. */
import { createLane } from '../../shared/delivery/lane.ts';
import { createPoster } from '../../shared/delivery/poster.ts';
import type { MomentTools } from '../../shared/delivery/tell-moment.ts';
import { once } from './once.ts';
import { getRuntime } from './runtime.ts';

/** Posts in flight by plan, and for how long one counts: a room of a hundred, in two goes. */
const POSTS_AT_ONCE = 64;
const POST_PATIENCE_MS = 300;

export const getMoments = once((): MomentTools => {
  const { context, logger, environment } = getRuntime();
  const lane = createLane(POSTS_AT_ONCE, POST_PATIENCE_MS);
  return { context, logger, poster: createPoster(environment), lane };
});
