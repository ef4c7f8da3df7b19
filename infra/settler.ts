import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ConnectionWatch } from './connection-watch.ts';
import { Handler } from './handler.ts';
import type { LogStream } from './log-stream.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketApi } from './websocket-api.ts';

/** Completes each committed event, whatever became of the handler that committed it: event, claim, membership, room. */
export class Settler extends Construct {
  readonly handler: Handler;

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    tables: Tables,
    webSocketApi: WebSocketApi,
    watch: ConnectionWatch,
  ) {
    super(scope, id);
    this.handler = new Handler(this, 'Settler', {
      settings,
      entry: 'streams/settler',
      description: 'Completes committed events and moves the rooms’ settled mark',
      timeout: Duration.seconds(60),
      memorySize: 512,
    });
    // Events, claims, memberships and the room's own item; `settled` on HEAD; the messages that events are about, and pins; by the
    // index, the members of a deleted room.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'BatchWriteItem', 'UpdateItem'],
      keys: ['ROOM#*', 'USER#*'],
      index: true,
    });
    // The words of messages.
    tables.search?.bind(this.handler, { actions: ['BatchWriteItem'], keys: ['WORDS#*'] });
    // The subscriptions of a member that came or went; the connections that a ban or the end of a session leaves open.
    tables.connections.bind(this.handler, {
      actions: ['Query', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['SUBS#*', 'CONN#*', 'USER#*'],
    });
    webSocketApi.bind(this.handler);
    watch.bind(this.handler);
  }

  /**
   * As often as Lambda allows, for half of the 24 hours that the stream keeps a record: nothing committed may stay
   * incomplete, and what can't be completed has to be in the failure queue while a person can still read the record. Nobody
   * waits for the settler but after a crash, so it takes what came within a second together; in a busy room sooner, as the
   * keys of what is not settled make every write of its head larger.
   */
  read(log: LogStream): void {
    log.feed(this.handler, {
      // A session that has ended takes its connections with it (P9), whatever became of who ended it.
      more: [
        {
          eventName: lambda.FilterRule.isEqual('REMOVE'),
          dynamodb: { Keys: { sk: { S: lambda.FilterRule.beginsWith('SESSION#') } } },
        },
        // An event whose time was over takes what belongs to it along (infra/retention.ts). That is what the identity says.
        {
          eventName: lambda.FilterRule.isEqual('REMOVE'),
          userIdentity: {
            type: lambda.FilterRule.isEqual('Service'),
            principalId: lambda.FilterRule.isEqual('dynamodb.amazonaws.com'),
          },
          dynamodb: { Keys: { sk: { S: lambda.FilterRule.beginsWith('E#') } } },
        },
        // A deleted account is handed on to the eraser (infra/erasure.ts).
        {
          eventName: lambda.FilterRule.or('INSERT', 'MODIFY'),
          dynamodb: {
            NewImage: {
              sk: { S: lambda.FilterRule.isEqual('ACCOUNT') },
              state: { S: lambda.FilterRule.isEqual('deleting') },
            },
          },
        },
      ],
      retryAttempts: 10_000,
      maxRecordAge: Duration.hours(12),
      batching: { window: Duration.seconds(1), size: 25 },
    });
  }
}
