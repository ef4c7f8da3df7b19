import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** What SQS allows at most: the time there is to look at what failed. */
const RETENTION = Duration.days(14);
/** Times the function's time-out, as AWS advises: a task that is throttled on its way must not be seen twice. */
const VISIBILITY_FACTOR = 6;

export interface TaskQueueOptions {
  /** Of the function that does the tasks. */
  readonly timeout: Duration;
  /** How often a task that fails is tried before it waits for a person. */
  readonly tries: number;
}

/** Tasks that a function does in the background, and those that it could not do: an alarm watches them, `npm run redrive` moves them back. */
export interface TaskQueue {
  readonly queue: sqs.Queue;
  readonly failures: sqs.Queue;
}

/** Makes the two queues of a construct, `Queue` and `Failures`. */
export function createTaskQueue(scope: Construct, { timeout, tries }: TaskQueueOptions): TaskQueue {
  const common = {
    retentionPeriod: RETENTION,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    removalPolicy: RemovalPolicy.DESTROY,
  };
  const failures = new sqs.Queue(scope, 'Failures', common);
  const queue = new sqs.Queue(scope, 'Queue', {
    ...common,
    visibilityTimeout: Duration.seconds(timeout.toSeconds() * VISIBILITY_FACTOR),
    deadLetterQueue: { queue: failures, maxReceiveCount: tries },
  });
  return { queue, failures };
}
