/**
 * The two ways to number events that were rejected, as well as they can be done, for `npm run bench:append`: both make
 * writers of one room collide, and a collision costs a failed write and another read.
 */

import type { DynamoCall } from '../shared/data/dynamodb.ts';
import { DynamoError } from '../shared/data/dynamodb.ts';
import { chatKeys } from '../shared/data/keys.ts';
import { ConditionFailed, type Table } from '../shared/data/table.ts';
import { RoomId } from '../shared/protocol/ids.ts';
import type { Append, Way } from './append-way.ts';
import { CHAT_TABLE } from './database.ts';

/** Pause after a collision, ms: full jitter below a bound that doubles (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
const FIRST_BOUND = 5;
const LAST_BOUND = 200;

const ROOM = RoomId.parse('bench');

/** `seq = n` in a transaction with the event and its claim. */
export const transactionWay: Way = {
  name: 'transaction',
  async prepare(database) {
    database.follow();
    return { writer: (writer, { chat, call }) => transactionAppend(`writer-${writer}`, chat, call) };
  },
};

/** The next free number is taken by whoever puts its event first. */
export const conditionalPutWay: Way = {
  name: 'conditional put',
  async prepare(database) {
    database.follow();
    return { writer: (writer, { chat }) => conditionalPutAppend(`writer-${writer}`, chat) };
  },
};

function transactionAppend(user: string, chat: Table, call: DynamoCall): Append {
  const head = chatKeys.head(ROOM);
  return async (clientId, text) => {
    for (let failedWrites = 0; ; failedWrites++) {
      if (failedWrites > 0) await pause(failedWrites);
      const seq = Number((await chat.get(head))?.seq ?? 0);
      try {
        await call('TransactWriteItems', {
          TransactItems: [
            {
              Update: {
                TableName: CHAT_TABLE,
                Key: wireKey(head),
                UpdateExpression: 'SET seq = :next',
                ConditionExpression: seq === 0 ? 'attribute_not_exists(seq)' : 'seq = :seq',
                ExpressionAttributeValues: {
                  ':next': { N: String(seq + 1) },
                  ...(seq === 0 ? {} : { ':seq': { N: String(seq) } }),
                },
              },
            },
            put({ ...wireKey(chatKeys.event(ROOM, seq + 1)), ...wireEvent(seq + 1, user, clientId, text) }),
            put({ ...wireKey(chatKeys.claim(ROOM, `${user}#${clientId}`)), seq: { N: String(seq + 1) } }),
          ],
        });
        return { committed: true, failed: { collision: failedWrites } };
      } catch (error) {
        if (!(error instanceof DynamoError) || !COLLISIONS.has(error.code)) throw error;
      }
    }
  };
}

const COLLISIONS = new Set(['TransactionCanceledException', 'TransactionConflictException']);

function conditionalPutAppend(user: string, chat: Table): Append {
  const { pk } = chatKeys.head(ROOM);
  return async (clientId, text) => {
    for (let failedWrites = 0; ; failedWrites++) {
      if (failedWrites > 0) await pause(failedWrites);
      const { items } = await chat.query({
        where: 'pk = :pk AND begins_with(sk, :event)',
        values: { ':pk': pk, ':event': 'E#' },
        descending: true,
        limit: 1,
      });
      const seq = Number(items[0]?.seq ?? 0) + 1;
      try {
        await chat.put(
          { ...chatKeys.event(ROOM, seq), seq, type: 'message.created', user, id: clientId, text },
          { condition: 'attribute_not_exists(pk)' },
        );
        await chat.put({ ...chatKeys.claim(ROOM, `${user}#${clientId}`), seq });
        return { committed: true, failed: { collision: failedWrites } };
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  };
}

function pause(failures: number): Promise<void> {
  const bound = Math.min(LAST_BOUND, FIRST_BOUND * 2 ** (failures - 1));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * bound));
}

function wireKey({ pk, sk }: { readonly pk: string; readonly sk: string }) {
  return { pk: { S: pk }, sk: { S: sk } };
}

function wireEvent(seq: number, user: string, id: string, text: string) {
  return {
    seq: { N: String(seq) },
    type: { S: 'message.created' },
    user: { S: user },
    id: { S: id },
    text: { S: text },
  };
}

function put(Item: object): object {
  return { Put: { TableName: CHAT_TABLE, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
}
