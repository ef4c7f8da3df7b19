/** What a gateway has done, as numbers that only grow (but for `connections`). */
export interface GatewayCounters {
  /** Connections open now. */
  connections: number;
  connects: number;
  /** Time that connections were open, together. */
  connectionMilliseconds: number;
  /** Handshakes that `$connect` or the gateway refused, or whose integration failed. */
  refusals: number;
  disconnects: number;
  messagesIn: number;
  /** Messages in, in units of 32 KiB, as AWS meters them. */
  meteredIn: number;
  messagesOut: number;
  meteredOut: number;
  integrationFailures: number;
  /** Requests and messages beyond the stage's rate: 429 or "Too Many Requests". */
  throttles: number;
  /** `@connections` requests by the status they were answered with. */
  posts: Record<number, number>;
  httpRequests: number;
}

export function createCounters(): GatewayCounters {
  return {
    connections: 0,
    connects: 0,
    connectionMilliseconds: 0,
    refusals: 0,
    disconnects: 0,
    messagesIn: 0,
    meteredIn: 0,
    messagesOut: 0,
    meteredOut: 0,
    integrationFailures: 0,
    throttles: 0,
    posts: {},
    httpRequests: 0,
  };
}
