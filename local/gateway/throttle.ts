/** Throttles of API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html */
import type { ThrottleModel } from '../assembly/model.ts';
import { Bucket } from '../bucket.ts';
import type { AccountLimits } from '../limits.ts';

/** Takes one request of a route; false where it comes too early and is to be answered 429. */
export type Throttle = (routeKey: string) => boolean;
type Clock = () => number;

const monotonic: Clock = () => performance.now();

/**
 * A token bucket for each route: it holds `burstLimit` requests and gains `rateLimit` a second, as the stage's default settings
 * say of every route, or its own settings of the one.
 *
 * @param now milliseconds of a clock that does not go back
 */
export function createThrottle(model: ThrottleModel | undefined, now: Clock = monotonic): Throttle {
  if (!model) return () => true;
  const buckets = new Map<string, Bucket>();
  return (routeKey) => {
    const { rateLimit, burstLimit } = model.routes?.[routeKey] ?? model;
    if (rateLimit === Number.POSITIVE_INFINITY) return true;
    const at = now();
    let bucket = buckets.get(routeKey);
    if (!bucket) {
      bucket = new Bucket(rateLimit, burstLimit, at);
      buckets.set(routeKey, bucket);
    }
    return bucket.take(at);
  };
}

/** What an account is allowed, over all its APIs. Each takes one; false where there is none. */
export interface AccountThrottle {
  readonly request: () => boolean;
  readonly connection: () => boolean;
}

export function createAccountThrottle(limits: AccountLimits = {}, now: Clock = monotonic): AccountThrottle {
  const { requestsPerSecond, requestBurst = requestsPerSecond ?? 0, connectionsPerSecond } = limits;
  return {
    request: taker(requestsPerSecond, requestBurst, now),
    connection: taker(connectionsPerSecond, connectionsPerSecond ?? 0, now),
  };
}

function taker(rate: number | undefined, burst: number, now: Clock): () => boolean {
  if (rate === undefined) return () => true;
  const bucket = new Bucket(rate, burst, now());
  return () => bucket.take(now());
}

/** What a throttled client is told, over HTTP and on a socket. */
export const TOO_MANY_REQUESTS = 'Too Many Requests';
