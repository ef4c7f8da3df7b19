import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Handler } from './handler.ts';
import type { LogStream } from './log-stream.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

/** Completes each committed event, whatever became of the handler that committed it: event, claim, membership, room. */
export class Settler extends Construct {
  readonly handler: Handler;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables) {
    super(scope, id);
    this.handler = new Handler(this, 'Settler', {
      settings,
      entry: 'streams/settler',
      description: 'Completes committed events and moves the rooms’ settled mark',
      timeout: Duration.seconds(60),
      memorySize: 512,
    });
    // Events, claims, memberships and the room's own item; `settled` on HEAD.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'Query', 'PutItem', 'BatchWriteItem', 'UpdateItem'],
      keys: ['ROOM#*', 'USER#*'],
    });
    // The subscriptions of a member that came or went.
    tables.connections.bind(this.handler, {
      actions: ['Query', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'],
      keys: ['SUBS#*', 'CONN#*', 'USER#*'],
    });
  }

  /**
   * As often as Lambda allows, for half of the 24 hours that the stream keeps a record: nothing committed may stay
   * incomplete, and what can't be completed has to be in the failure queue while a person can still read the record. Nobody
   * waits for the settler but after a crash, so it takes what came within a second together; in a busy room sooner, as the
   * keys of what is not settled make every write of its head larger.
   */
  read(log: LogStream): void {
    log.feed(this.handler, {
      retryAttempts: 10_000,
      maxRecordAge: Duration.hours(12),
      batching: { window: Duration.seconds(1), size: 25 },
    });
  }
}
