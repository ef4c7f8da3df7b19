/**
 * AWS's list prices in us-east-1, dollars, without free tier and volume discounts, as published in 2025:
 * https://aws.amazon.com/api-gateway/pricing/, https://aws.amazon.com/lambda/pricing/,
 * https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/sqs/pricing/,
 * https://aws.amazon.com/secrets-manager/pricing/. What lies for a month (storage, a secret, alarms), logs and traffic are
 * not in them.
 */
export const PRICES = {
  basis: 'us-east-1, list prices of 2025, no free tier',
  /** A WebSocket message, in or out, of 32 KiB. */
  webSocketMessage: 1.0e-6,
  /** A minute of an open connection. */
  connectionMinute: 0.25e-6,
  /** A request to an HTTP API, of 512 KB. */
  httpRequest: 1.0e-6,
  invocation: 0.2e-6,
  /** A second of one GiB on arm64. */
  gigabyteSecond: 0.0000133334,
  writeUnit: 0.625e-6,
  readUnit: 0.125e-6,
  /** A request to SQS, standard queue. */
  queueRequest: 0.4e-6,
  /** A call of Secrets Manager's API. */
  secretsCall: 5.0e-6,
} as const;
