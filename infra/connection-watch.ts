import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketApi } from './websocket-api.ts';

/** Time that a batch may take: as many posts and closes as it has messages, each of which may run into its time-outs. */
const TIMEOUT = Duration.seconds(30);
/**
 * Until a message that failed is seen again. AWS advises six times the function's time-out, for what is throttled on its way;
 * a message that comes twice does no harm here, and a connection that should be closed must not wait for minutes.
 */
const VISIBILITY_TIMEOUT = TIMEOUT;
/**
 * API Gateway ends each connection after two hours: a message that could not be handled until then has nothing left to close, so
 * no failure queue keeps it.
 */
const RETENTION = Duration.hours(3);

/** Looks at each connection when its token ends, and at those that could not be closed when they should have been. */
export class ConnectionWatch extends Construct {
  readonly handler: Handler;
  readonly queue: sqs.Queue;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, webSocketApi: WebSocketApi) {
    super(scope, id);
    this.queue = new sqs.Queue(this, 'Queue', {
      visibilityTimeout: VISIBILITY_TIMEOUT,
      retentionPeriod: RETENTION,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.handler = new Handler(this, 'Watch', {
      settings,
      entry: 'queues/watch-connections',
      description: 'Closes connections whose token has ended',
      timeout: TIMEOUT,
      memorySize: 512,
    });
    // The connection; where it is closed, all of its items and its subscriptions.
    tables.connections.bind(this.handler, {
      actions: ['GetItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['CONN#*', 'USER#*', 'SUBS#*'],
    });
    webSocketApi.bind(this.handler);
    // A connection that lives on is looked at again.
    this.bind(this.handler);
    this.handler.addEventSource(new SqsEventSource(this.queue, { reportBatchItemFailures: true }));
  }

  /** Lets a function have connections looked at. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.connectionWatchQueue, this.queue.queueUrl);
    handler.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
