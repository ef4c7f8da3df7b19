/** What a stack declares of SNS. */
import type { Origin } from './origin.ts';

export interface SubscriptionModel {
  readonly arn: string;
  readonly topicArn: string;
  readonly constructPath: string;
  readonly protocol: 'lambda' | 'sqs';
  /** ARN of a function or of a queue. */
  readonly endpoint: string;
  /** The message alone, not in the envelope of SNS; for queues. */
  readonly raw: boolean;
  readonly filterPolicy?: Readonly<Record<string, unknown>>;
  readonly filterPolicyScope: string;
  /** A queue that gets what the endpoint did not take. */
  readonly deadLetterArn?: string;
}

export interface TopicModel extends Origin {
  readonly arn: string;
  readonly subscriptions: readonly SubscriptionModel[];
}
