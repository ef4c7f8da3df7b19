import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { createTaskQueue } from './task-queue.ts';
import type { WebSocketApi } from './websocket-api.ts';

/** Of one invocation: it does as much of an erasure as it can within this, and sends itself the rest. */
const TIMEOUT = Duration.minutes(1);
/** How often a task that fails is tried, over an hour, before it waits for a person. */
const TRIES = 10;
/** Rewriting is patient work: two at once leave the table's capacity to those who chat. */
const CONCURRENCY = 2;

/** Rewrites what deleted accounts left behind, in the background, until nothing names them. */
export class Erasure extends Construct {
  readonly handler: Handler;
  readonly queue: sqs.Queue;
  /** Deletions that could not be done: what the law may give a deadline for, so an alarm watches it. */
  readonly failures: sqs.Queue;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, webSocketApi: WebSocketApi) {
    super(scope, id);
    ({ queue: this.queue, failures: this.failures } = createTaskQueue(this, {
      timeout: TIMEOUT,
      tries: TRIES,
    }));
    this.handler = new Handler(this, 'Eraser', {
      settings,
      entry: 'queues/erase-accounts',
      description: 'Rewrites what a deleted account left behind',
      timeout: TIMEOUT,
      memorySize: 512,
    });
    // The tombstone, the sessions, what was tried to log in; memberships, logs, and who could own a room next.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
      keys: ['ACCOUNT#*', 'SESSIONS#*', 'LOGIN#*', 'USER#*', 'ROOM#*'],
      index: true,
    });
    // Connections that are still open, and the subscriptions of the rooms that are left.
    tables.connections.bind(this.handler, {
      actions: ['Query', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['CONN#*', 'USER#*', 'SUBS#*'],
    });
    webSocketApi.bind(this.handler);
    // What there was no time for.
    this.bind(this.handler);
    this.handler.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 1,
        maxConcurrency: CONCURRENCY,
        reportBatchItemFailures: true,
      }),
    );
  }

  /** Lets a function hand a deleted account on. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.erasureQueue, this.queue.queueUrl);
    handler.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
