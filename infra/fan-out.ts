import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { LogStream } from './log-stream.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketApi } from './websocket-api.ts';

/** Keys of a room's subscriptions, and of the connections and users that they belong to. */
const SUBSCRIPTIONS = ['SUBS#*', 'CONN#*', 'USER#*'] as const;

/** Delivers each committed event to every connection in its room; a worker per shard takes over in large rooms. */
export class FanOut extends Construct {
  readonly handler: Handler;
  readonly shard: Handler;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, webSocketApi: WebSocketApi) {
    super(scope, id);
    this.shard = new Handler(this, 'Shard', {
      settings,
      entry: 'streams/fan-out-shard',
      description: 'Posts frames to one shard of a large room’s connections',
      timeout: Duration.seconds(30),
      memorySize: 1_024,
    });
    this.handler = new Handler(this, 'FanOut', {
      settings,
      entry: 'streams/fan-out',
      description: 'Posts committed events to the connections of their room',
      // Longer than the worker's, whose answer it waits for.
      timeout: Duration.seconds(60),
      memorySize: 1_024,
    });
    // A shard's subscriptions; what answers 410 is forgotten, with all its items.
    tables.connections.bind(this.shard, {
      actions: ['Query', 'DeleteItem', 'BatchWriteItem'],
      keys: SUBSCRIPTIONS,
    });
    webSocketApi.bind(this.shard);

    // The same for a small room; the number of shards; and the subscriptions of who came or went, as below.
    tables.connections.bind(this.handler, {
      actions: ['Query', 'DeleteItem', 'BatchWriteItem', 'GetItem', 'PutItem', 'UpdateItem'],
      keys: SUBSCRIPTIONS,
    });
    webSocketApi.bind(this.handler);
    // A change of membership is applied before the batch that holds it is delivered, so that who joins hears it.
    tables.chat.bind(this.handler, { actions: ['PutItem', 'UpdateItem'], keys: ['USER#*', 'ROOM#*'] });
    // Large rooms are left to a worker per shard.
    this.handler.addEnvironment(ENV.fanOutShardFunction, this.shard.functionName);
    this.handler.allow(['lambda:InvokeFunction'], [this.shard.functionArn]);
  }

  /**
   * As often as Lambda allows, for two hours, which is how long API Gateway lets a connection live: an event is given up only when
   * everyone whom it was to reach is gone (P4). A few tries would be over after seconds of an outage, and who stays connected
   * would miss what came then. What fails for one room alone is bisected and holds up its lane only.
   */
  read(log: LogStream): void {
    log.feed(this.handler, { retryAttempts: 10_000, maxRecordAge: Duration.hours(2) });
  }
}
