import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

/** What Lambda allows at most: a step reads a room's log to its end, some twenty thousand events a second. */
const TIMEOUT = Duration.minutes(15);
/** A step gathers twenty thousand messages (shared/chat/rebuild-room.ts), each with up to two thousand reactions. */
const MEMORY_MIB = 2_048;

/** Makes anew what is derived from a room's log, for an operator. Named, so that `npm run rebuild` needs to know the stack's name alone. */
export class Rebuild extends Construct {
  readonly handler: Handler;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables) {
    super(scope, id);
    this.handler = new Handler(this, 'Rebuilder', {
      settings,
      entry: 'operations/rebuild-room',
      description: 'Makes anew what is derived from a room’s log',
      timeout: TIMEOUT,
      memorySize: MEMORY_MIB,
      functionName: `${Stack.of(this).stackName}-rebuild-room`,
    });
    // The head and the log; by the index the room's members. Messages and their edits, pins, and the mentions of memberships.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
      keys: ['ROOM#*', 'USER#*'],
      index: true,
    });
    // The words of its messages.
    tables.search?.bind(this.handler, {
      actions: ['BatchGetItem', 'Query', 'BatchWriteItem'],
      keys: ['WORDS#*'],
    });
  }
}
