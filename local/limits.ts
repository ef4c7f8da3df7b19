/**
 * What AWS allows an account and a partition. The engine holds to none of it unless it is told to: one machine reaches some of these
 * (a thousand clients that connect at once, say) where a user of AWS would ask for a larger quota.
 */
export interface AccountLimits {
  /** Requests a second to all APIs together: messages of clients, HTTP requests and calls of `@connections`. */
  readonly requestsPerSecond?: number;
  /** Of these, at once. */
  readonly requestBurst?: number;
  /** New WebSocket connections a second. */
  readonly connectionsPerSecond?: number;
  /** Events that functions run at the same time. */
  readonly concurrentExecutions?: number;
  /** Units a second of one partition key. */
  readonly partitionWriteUnits?: number;
  readonly partitionReadUnits?: number;
}

/**
 * Of an account that has not asked for more:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html,
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html,
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html,
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export const AWS_LIMITS = {
  requestsPerSecond: 10_000,
  requestBurst: 5_000,
  connectionsPerSecond: 500,
  concurrentExecutions: 1_000,
  partitionWriteUnits: 1_000,
  partitionReadUnits: 3_000,
} as const satisfies Required<AccountLimits>;
