import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { createTaskQueue } from './task-queue.ts';
import type { WebSocketApi } from './websocket-api.ts';

/**
 * Time that a batch may take: ten messages, each with a page of a hundred people (shared/chat/notify.ts), each with a few calls. Must be
 * shorter than the lease of a claim (shared/data/notifications.ts): whose lease is over is taken for dead. What failed comes
 * again after six times as long, and finds it over.
 */
const TIMEOUT = Duration.seconds(60);
/** How often a message that fails is tried, over half an hour, before it waits for a person. */
const TRIES = 5;

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
    ({ queue: this.queue, failures: this.failures } = createTaskQueue(this, {
      timeout: TIMEOUT,
      tries: TRIES,
    }));
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
