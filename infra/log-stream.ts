import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Handler } from './handler.ts';
import type { ItemTable } from './tables.ts';

/** Records that one invocation takes at most. One room's records of a batch become one frame. */
const BATCH_SIZE = 100;

/** Batches of one stream shard at once, the most there is; a room's records stay in order, as they are one item's. */
const PARALLELIZATION = 10;

/** SQS keeps a message for 14 days at most: the time there is to look at what failed. */
const FAILURE_RETENTION = Duration.days(14);

/** What a reader takes, how it gets its records, and how long a failing one is tried again before it goes to the failure queue. */
export interface Reading {
  /** Patterns of records that the reader takes beside the log's. */
  readonly more?: readonly object[];
  readonly retryAttempts: number;
  /** Shorter than the stream's 24 hours, or a record would be gone without a word. */
  readonly maxRecordAge: Duration;
  /** How long records may wait for a fuller batch, and how many make one full; not at all without it. */
  readonly batching?: { readonly window: Duration; readonly size: number };
}

/** The stream of committed events, and the queue that tells which of them a reader gave up. */
export class LogStream extends Construct {
  readonly failures: sqs.Queue;
  readonly #chat: ItemTable;

  constructor(scope: Construct, id: string, chat: ItemTable) {
    super(scope, id);
    this.#chat = chat;
    this.failures = new sqs.Queue(this, 'Failures', {
      retentionPeriod: FAILURE_RETENTION,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /**
   * Feeds a function with the records of HEAD that commit an event, in each room's order. Settling changes HEAD too, with
   * another `op`, and must not pass the filter. What else a reader asks for comes in the same batches. A new reader starts with the oldest record: a repeat is harmless to
   * every reader, a gap is not.
   */
  feed(reader: Handler, { more = [], retryAttempts, maxRecordAge, batching }: Reading): void {
    reader.addEventSource(
      // The library's class and interface differ in one optional property, to a compiler that minds `undefined`.
      new DynamoEventSource(this.#chat as ITable, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON,
        batchSize: batching?.size ?? BATCH_SIZE,
        parallelizationFactor: PARALLELIZATION,
        filters: [
          lambda.FilterCriteria.filter({
            eventName: lambda.FilterRule.or('INSERT', 'MODIFY'),
            dynamodb: {
              NewImage: {
                sk: { S: lambda.FilterRule.isEqual('HEAD') },
                op: { S: lambda.FilterRule.isEqual('append') },
              },
            },
          }),
          ...more.map((pattern) => lambda.FilterCriteria.filter(pattern)),
        ],
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        retryAttempts,
        maxRecordAge,
        ...(batching ? { maxBatchingWindow: batching.window } : {}),
        onFailure: { bind: () => this.#destination(reader) },
      }),
    );
  }

  /** Not the library's `SqsDlq`, which grants reading the queue's attributes as well. */
  #destination(reader: Handler): lambda.DlqDestinationConfig {
    reader.allow(['sqs:SendMessage'], [this.failures.queueArn]);
    return { destination: this.failures.queueArn };
  }
}
