import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketApi } from './websocket-api.ts';

/**
 * Time that a batch may take: ten messages, each with a page of a hundred people (shared/chat/notify.ts), each with a few calls. Must be
 * shorter than the lease of a claim (shared/data/notifications.ts): whose lease is over is taken for dead.
 */
const TIMEOUT = Duration.seconds(60);
/** Six times the function's time-out, as AWS advises; longer than a claim's lease, so that what failed finds it over. */
const VISIBILITY_TIMEOUT = Duration.minutes(6);
/** How often a message that fails is tried, over half an hour, before it waits for a person. */
const TRIES = 5;
/** What SQS allows at most: the time there is to look at what failed. */
const RETENTION = Duration.days(14);

/** Notifies whom a message concerns and who has not read it: by a topic that anything may subscribe to, and on connected devices. */
export class Notifications extends Construct {
  readonly handler: Handler;
  /** Each message has the attributes `user`, `room` and `kind` to filter by. */
  readonly topic: sns.Topic;
  /** What could not be seen to; an alarm watches it. */
  readonly failures: sqs.Queue;
  readonly queue: sqs.Queue;
  readonly #delaySeconds: number;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, webSocketApi: WebSocketApi) {
    super(scope, id);
    this.#delaySeconds = settings.notificationDelaySeconds;
    const common = {
      retentionPeriod: RETENTION,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.failures = new sqs.Queue(this, 'Failures', common);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: VISIBILITY_TIMEOUT,
      deadLetterQueue: { queue: this.failures, maxReceiveCount: TRIES },
    });
    this.topic = new sns.Topic(this, 'Topic', { displayName: 'Parley notifications' });
    this.handler = new Handler(this, 'Notifier', {
      settings,
      entry: 'queues/notify',
      description: 'Notifies whom a message concerns and who has not read it',
      timeout: TIMEOUT,
      memorySize: 512,
    });
    // The message, the room's head and what is not settled; members and their wishes, by the index where a message calls all of them;
    // who was notified, and hints of those who want to hear of everything.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'],
      keys: ['ROOM#*', 'USER#*'],
      index: true,
    });
    // The devices of whom is notified.
    tables.connections.bind(this.handler, { actions: ['Query'], keys: ['USER#*'] });
    webSocketApi.bind(this.handler);
    this.handler.addEnvironment(ENV.notificationTopic, this.topic.topicArn);
    this.handler.allow(['sns:Publish'], [this.topic.topicArn]);
    // Where a message concerns more than a page of people.
    this.bind(this.handler);
    this.handler.addEventSource(new SqsEventSource(this.queue, { reportBatchItemFailures: true }));
  }

  /** Lets a function have messages looked at. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.notificationQueue, this.queue.queueUrl);
    handler.addEnvironment(ENV.notificationDelaySeconds, String(this.#delaySeconds));
    handler.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
