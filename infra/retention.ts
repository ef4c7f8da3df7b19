import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import type { Files } from './files.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { createTaskQueue } from './task-queue.ts';

/** Of one invocation: it goes over as much of a room as it can within this, and sends itself the rest. */
const TIMEOUT = Duration.minutes(1);
/** How often a task that fails is tried, over an hour, before it waits for a person. */
const TRIES = 10;
/** Each message gets one more write: two rooms at once leave the table's capacity to those who chat. */
const CONCURRENCY = 2;

/** Tells a function that commits messages how long they are kept. */
export function keepFor(handler: Handler, { retentionDays }: Settings): void {
  if (retentionDays > 0) handler.addEnvironment(ENV.retentionDays, String(retentionDays));
}

/** Brings older messages of a room under a retention that was made shorter; all else about retention is done by TTL. */
export class Retention extends Construct {
  readonly handler: Handler;
  readonly queue: sqs.Queue;
  /** Rooms that could not be gone over: what was promised to be deleted, so an alarm watches it. */
  readonly failures: sqs.Queue;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, files: Files) {
    super(scope, id);
    ({ queue: this.queue, failures: this.failures } = createTaskQueue(this, {
      timeout: TIMEOUT,
      tries: TRIES,
    }));
    this.handler = new Handler(this, 'Trimmer', {
      settings,
      entry: 'queues/trim-rooms',
      description: 'Brings a room’s older messages under a shorter retention',
      timeout: TIMEOUT,
      memorySize: 512,
    });
    // The room's item says what is to be done; events and pins get their new end.
    tables.chat.bind(this.handler, { actions: ['GetItem', 'Query', 'UpdateItem'], keys: ['ROOM#*'] });
    // Files end with their message.
    files.bind(this.handler);
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

  /** Lets a function have rooms gone over. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.trimQueue, this.queue.queueUrl);
    handler.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
