import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { LogStream } from './log-stream.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketApi } from './websocket-api.ts';

/**
 * Time that a batch may take. Shorter than `TELLING_MS` of shared/chat/presence-state.ts: a change that is untold for so long has lost
 * its teller.
 */
const TIMEOUT = Duration.seconds(15);

/** How long records wait for others: a user's tabs that open together are one look, and a second late is soon enough. */
const BATCHING_WINDOW = Duration.seconds(1);
const BATCH_SIZE = 100;
/** Batches at once. Few, so that what belongs together comes together; a change takes milliseconds. */
const PARALLELIZATION = 4;

/** Connections live for two hours: presence that could not be told until then is about connections that are no more. */
const LONGEST = Duration.hours(2);

/** Who is online, as the Connections table's stream tells it, to those who share a room. */
export class PresenceTeller extends Construct {
  /** Reads the stream. */
  readonly handler: Handler;
  /** Does what is to be done later: looks again after the grace, counts large rooms. */
  readonly later: Handler;
  readonly #settings: Settings;
  readonly #queue: sqs.Queue;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, webSocketApi: WebSocketApi) {
    super(scope, id);
    this.#settings = settings;
    this.#queue = new sqs.Queue(this, 'Queue', {
      // A message that comes twice does no harm, and nobody should stay online for minutes because a first try failed.
      visibilityTimeout: TIMEOUT,
      retentionPeriod: LONGEST,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.handler = this.#teller('Follower', 'streams/presence', 'Tells who came online or went offline', {
      tables,
      webSocketApi,
    });
    this.later = this.#teller(
      'Later',
      'queues/presence',
      'Looks again at who was leaving; counts large rooms',
      {
        tables,
        webSocketApi,
      },
    );
    this.later.addEventSource(new SqsEventSource(this.#queue, { reportBatchItemFailures: true }));
  }

  /**
   * Feeds the reader with connections that came or went, by whatever hand (the deletions of DynamoDB's time to live among them), and
   * with subscriptions of those who joined a room while connected. Nothing that a command or a message writes passes.
   */
  read({ connections }: Tables, { failures }: LogStream): void {
    const { isEqual, beginsWith, or } = lambda.FilterRule;
    const { filter } = lambda.FilterCriteria;
    const keys = (pk: string, sk: string) => ({ pk: { S: beginsWith(pk) }, sk: { S: beginsWith(sk) } });
    this.handler.addEventSource(
      // The library's class and interface differ in one optional property, to a compiler that minds `undefined`.
      new DynamoEventSource(connections as ITable, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON,
        batchSize: BATCH_SIZE,
        maxBatchingWindow: BATCHING_WINDOW,
        parallelizationFactor: PARALLELIZATION,
        filters: [
          filter({ eventName: or('INSERT', 'REMOVE'), dynamodb: { Keys: keys('USER#', 'CONN#') } }),
          filter({
            eventName: isEqual('REMOVE'),
            dynamodb: { Keys: { pk: { S: beginsWith('CONN#') }, sk: { S: isEqual('CONN') } } },
          }),
          filter({
            eventName: or('INSERT', 'MODIFY'),
            dynamodb: { Keys: { pk: { S: beginsWith('SUBS#') } }, NewImage: { joined: { BOOL: [true] } } },
          }),
        ],
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        retryAttempts: 10_000,
        maxRecordAge: LONGEST,
        onFailure: {
          bind: () => {
            this.handler.allow(['sqs:SendMessage'], [failures.queueArn]);
            return { destination: failures.queueArn };
          },
        },
      }),
    );
  }

  #teller(
    id: string,
    entry: string,
    description: string,
    { tables, webSocketApi }: { readonly tables: Tables; readonly webSocketApi: WebSocketApi },
  ): Handler {
    const handler = new Handler(this, id, {
      settings: this.#settings,
      entry,
      description,
      timeout: TIMEOUT,
      memorySize: 512,
    });
    // The rooms of who came or went.
    tables.chat.bind(handler, { actions: ['Query'], keys: ['USER#*'] });
    // The user's connections and presence; who is online in its rooms, and who listens there. What answers 410 is forgotten.
    tables.connections.bind(handler, {
      actions: ['Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['USER#*', 'SUBS#*', 'CONN#*'],
    });
    webSocketApi.bind(handler);
    handler.addEnvironment(ENV.presenceQueue, this.#queue.queueUrl);
    handler.addEnvironment(ENV.presenceGraceSeconds, String(this.#settings.presenceGraceSeconds));
    handler.allow(['sqs:SendMessage'], [this.#queue.queueArn]);
    return handler;
  }
}
