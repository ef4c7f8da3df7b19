/** Throttles of a stage's routes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html */
import type { ThrottleModel } from '../assembly/model.ts';

/** Takes one request of a route; false where it comes too early and is to be answered 429. */
export type Throttle = (routeKey: string) => boolean;

/**
 * A token bucket for each route, as the stage's default route settings are those of every route: it holds `burstLimit` requests
 * and gains `rateLimit` a second.
 *
 * @param now milliseconds of a clock that does not go back
 */
export function createThrottle(
  model: ThrottleModel | undefined,
  now: () => number = () => performance.now(),
): Throttle {
  if (!model || model.rateLimit === Number.POSITIVE_INFINITY) return () => true;
  const { rateLimit, burstLimit } = model;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (routeKey) => {
    const at = now();
    const bucket = buckets.get(routeKey) ?? { tokens: burstLimit, at };
    const tokens = Math.min(burstLimit, bucket.tokens + ((at - bucket.at) / 1000) * rateLimit);
    const passes = tokens >= 1;
    buckets.set(routeKey, { tokens: passes ? tokens - 1 : tokens, at });
    return passes;
  };
}

/** What a throttled client is told, over HTTP and on a socket. */
export const TOO_MANY_REQUESTS = 'Too Many Requests';
