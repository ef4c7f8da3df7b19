/**
 * AWS's list prices in us-east-1, dollars, without free tier and volume discounts, as published in 2025. Each names the page that has it.
 * What lies for a month (storage, a secret, alarms), logs and traffic are not in them.
 */
export const PRICES = {
  basis: 'us-east-1, list prices of 2025, no free tier',
  /** A WebSocket message, in or out, of 32 KiB: $1.00 a million, the first billion a month. https://aws.amazon.com/api-gateway/pricing/ */
  webSocketMessage: 1.0e-6,
  /** A minute of an open connection: $0.25 a million. https://aws.amazon.com/api-gateway/pricing/ */
  connectionMinute: 0.25e-6,
  /** A request to an HTTP API, of 512 KB: $1.00 a million, the first 300 million a month. https://aws.amazon.com/api-gateway/pricing/ */
  httpRequest: 1.0e-6,
  /** $0.20 a million. https://aws.amazon.com/lambda/pricing/ */
  invocation: 0.2e-6,
  /** A second of one GiB on arm64, the first 7.5 billion a month. https://aws.amazon.com/lambda/pricing/ */
  gigabyteSecond: 0.0000133334,
  /** On demand, standard class: $0.625 a million, since November 2024. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  writeUnit: 0.625e-6,
  /** On demand, standard class: $0.125 a million, since November 2024. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  readUnit: 0.125e-6,
  /** A request to SQS, standard queue: $0.40 a million. https://aws.amazon.com/sqs/pricing/ */
  queueRequest: 0.4e-6,
  /** A message published to SNS, of 64 KB: $0.50 a million; delivery to functions and queues is free. https://aws.amazon.com/sns/pricing/ */
  topicRequest: 0.5e-6,
  /** A call of Secrets Manager's API: $0.05 for 10,000. https://aws.amazon.com/secrets-manager/pricing/ */
  secretsCall: 5.0e-6,
} as const;
