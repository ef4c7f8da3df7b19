import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Notifications } from './notifications.ts';
import type { Settings } from './settings.ts';
import { createTaskQueue } from './task-queue.ts';
import type { WebhookSettings } from './webhook-settings.ts';

/** A call takes ten seconds at most (shared/delivery/webhook.ts), and a batch makes its calls side by side. */
const TIMEOUT = Duration.seconds(30);
/** How often a call is tried, over about seven hours (functions/queues/webhook.ts), before it waits for a person. */
const TRIES = 12;
/** A receiver that is small should not be overrun by a room that is large. */
const CONCURRENCY = 2;
/** Letters and digits, four of which are three bytes in base64: 33 bytes. */
const SECRET_CHARACTERS = 44;

/** One subscriber of the notifications, as an example of others: it calls somebody's server, signed, until that takes them. */
export class Webhook extends Construct {
  readonly handler: Handler;
  /** Base64, as Standard Webhooks has it: the receiver's operator reads it here. */
  readonly secret: secretsmanager.Secret;
  /** What the receiver never took; an alarm watches it. */
  readonly failures: sqs.Queue;
  readonly queue: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    { url, kinds }: WebhookSettings,
    { topic }: Notifications,
  ) {
    super(scope, id);
    ({ queue: this.queue, failures: this.failures } = createTaskQueue(this, {
      timeout: TIMEOUT,
      tries: TRIES,
    }));
    topic.addSubscription(
      new SqsSubscription(this.queue, {
        rawMessageDelivery: true,
        filterPolicy: { kind: sns.SubscriptionFilter.stringFilter({ allowlist: [...kinds] }) },
      }),
    );
    this.secret = new secretsmanager.Secret(this, 'Secret', {
      description: 'What calls of the webhook are signed with, in base64',
      generateSecretString: { passwordLength: SECRET_CHARACTERS, excludePunctuation: true },
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.handler = new Handler(this, 'Caller', {
      settings,
      entry: 'queues/webhook',
      description: 'Calls the webhook with notifications',
      timeout: TIMEOUT,
      memorySize: 256,
    });
    this.handler.addEnvironment(ENV.webhookUrl, url);
    this.handler.addEnvironment(ENV.webhookQueue, this.queue.queueUrl);
    this.handler.addEnvironment(ENV.webhookSecret, this.secret.secretArn);
    this.handler.allow(['secretsmanager:GetSecretValue'], [this.secret.secretArn]);
    // Its mapping also lets it hold back what failed.
    this.handler.addEventSource(
      new SqsEventSource(this.queue, { maxConcurrency: CONCURRENCY, reportBatchItemFailures: true }),
    );
  }
}
