import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GivenUp, readGivenUp, readRecords } from '../../scripts/redrive/given-up.ts';
import { isForSettler } from '../../scripts/redrive/settler.ts';
import { addReaction } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { getEvent } from '../../shared/data/events.ts';
import { readBatch, type StreamRecord } from '../../shared/delivery/stream-records.ts';
import { chatContext } from '../helper/chat.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { registered, roomOf } from '../helper/people.ts';

let database: Database;
let ctx: ChatContext;
let streams: DynamoDBStreamsClient;

beforeAll(async () => {
  database = await startDatabase();
  ctx = chatContext(database);
  streams = new DynamoDBStreamsClient({
    endpoint: database.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  streams.destroy();
  await database.stop();
});

/** Lambda's message about all that the Chat table's stream holds. */
async function allGivenUp(): Promise<GivenUp> {
  const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: CHAT_TABLE_NAME }));
  const StreamArn = Streams[0]?.StreamArn ?? '';
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId ?? '';
  const iterator = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
  const { ShardIterator } = await streams.send(new GetShardIteratorCommand(iterator));
  const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  const givenUp = readGivenUp(
    JSON.stringify({
      requestContext: { functionArn: 'arn:aws:lambda:x:0:function:settler', condition: 'RecordAgeExceeded' },
      timestamp: '2026-11-21T10:00:00.000Z',
      DDBStreamBatchInfo: {
        shardId: ShardId,
        startSequenceNumber: Records[0]?.dynamodb?.SequenceNumber,
        endSequenceNumber: Records.at(-1)?.dynamodb?.SequenceNumber,
        batchSize: Records.length,
        streamArn: StreamArn,
      },
    }),
  );
  if (!givenUp) throw new Error('the message can not be read');
  return givenUp;
}

it('what the settler gave up is read from the stream, and is all that it needs', async () => {
  const [alice] = await registered(ctx, 'alice');
  const room = await roomOf(ctx, alice);
  const { seq: target } = await sendMessage(ctx, { room, user: alice, text: 'hello' });
  const { seq } = await addReaction(ctx, { room, user: alice, target, emoji: '🦊' });
  const givenUp = await allGivenUp();
  const found = (await readRecords(streams, givenUp)) ?? [];
  expect(found).toHaveLength(givenUp.DDBStreamBatchInfo.batchSize);
  const records = found.filter(isForSettler);
  expect(records.length).toBeLessThan(found.length);
  // As Lambda's own call hands them over.
  const { rooms, unreadable } = readBatch({ Records: JSON.parse(JSON.stringify(records)) as StreamRecord[] });
  expect(unreadable).toEqual([]);
  expect(rooms.map((batch) => batch.committed.map(({ event }) => event.seq))).toEqual([[1, target, seq]]);
  for (const batch of rooms) await settle(ctx, batch.room, batch.committed);
  expect((await getEvent(ctx.chat, room, target))?.state?.reactions).toEqual({
    '🦊': [{ user: alice, seq }],
  });
});

it('records that the stream has no more are told from those that it has', async () => {
  const givenUp = await allGivenUp();
  const batch = givenUp.DDBStreamBatchInfo;
  const gone = {
    ...givenUp,
    DDBStreamBatchInfo: { ...batch, streamArn: batch.streamArn.replace(CHAT_TABLE_NAME, 'Gone') },
  };
  expect(await readRecords(streams, gone)).toBeUndefined();
  const trimmed = { ...batch, startSequenceNumber: '0' };
  expect(await readRecords(streams, { ...givenUp, DDBStreamBatchInfo: trimmed })).toBeUndefined();
  expect(readGivenUp('no json')).toBeUndefined();
  expect(readGivenUp('{"requestContext":{}}')).toBeUndefined();
});
