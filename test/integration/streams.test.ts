import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwsSend } from '../../shared/aws/client.ts';
import { openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { getHead } from '../../shared/data/heads.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { raiseShards } from '../../shared/data/subscriptions.ts';
import type { StreamRecord } from '../../shared/delivery/stream-records.ts';
import { type CallbackApi, startCallbackApi } from '../helper/callback-api.ts';
import { chatContext, LET_IN, readLog, room as roomId, user } from '../helper/chat.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { type Queues, startQueues } from '../helper/queues.ts';

const SHARD_FUNCTION = 'parley-test-shard';
let database: Database;
let api: CallbackApi;
let queues: Queues;
let lambda: Server;
let ctx: ChatContext;
let fanOut: typeof import('../../functions/streams/fan-out.ts').handler;
let settler: typeof import('../../functions/streams/settler.ts').handler;
const invocations: { readonly path: string; readonly authorization: string }[] = [];
let failShard: number | undefined;

beforeAll(async () => {
  [database, api, queues] = await Promise.all([startDatabase(), startCallbackApi(), startQueues()]);
  ctx = chatContext(database);
  lambda = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const input = JSON.parse(Buffer.concat(chunks).toString());
    invocations.push({
      path: request.url ?? '',
      authorization: String(request.headers.authorization),
    });
    const { handler } = await import('../../functions/streams/fan-out-shard.ts');
    // As Lambda answers a function that failed: 200, a header, and the error for a body.
    const failed = () => ({ errorType: 'Error', errorMessage: 'the worker failed' });
    const body = input.shard === failShard ? failed() : await handler(input);
    response.writeHead(200).end(JSON.stringify(body));
  });
  lambda.listen(0, '127.0.0.1');
  await once(lambda, 'listening');
  const address = lambda.address();
  Object.assign(process.env, {
    ...database.environment,
    ...queues.environment,
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    CHAT_TABLE: 'Chat',
    CONNECTIONS_TABLE: 'Connections',
    FAN_OUT_SHARD_FUNCTION: SHARD_FUNCTION,
    LOG_LEVEL: 'error',
  });
  fanOut = (await import('../../functions/streams/fan-out.ts')).handler;
  settler = (await import('../../functions/streams/settler.ts')).handler;
});
afterAll(async () => {
  lambda.close();
  await Promise.all([database.stop(), api.stop(), queues.stop()]);
});

/** Everything that the Chat table's stream holds and the mapping's filter lets through. */
async function readStream(): Promise<StreamRecord[]> {
  const send = createAwsSend(database.environment);
  const call = async (operation: string, input: object) => {
    const { body } = await send({
      service: 'dynamodb',
      origin: database.endpoint,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      },
      body: JSON.stringify(input),
      timeoutMs: 5_000,
    });
    return JSON.parse(body);
  };
  const { Table } = (await database.call('DescribeTable', { TableName: CHAT_TABLE_NAME })) as {
    Table: { LatestStreamArn: string };
  };
  const StreamArn = Table.LatestStreamArn;
  const { StreamDescription } = await call('DescribeStream', { StreamArn });
  const [shard] = StreamDescription.Shards;
  const { ShardIterator } = await call('GetShardIterator', {
    StreamArn,
    ShardId: shard.ShardId,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  const { Records } = await call('GetRecords', { ShardIterator });
  return (Records as StreamRecord[]).filter(({ dynamodb }) => {
    const image = dynamodb?.NewImage as { sk?: { S?: string }; op?: { S?: string } } | undefined;
    return image?.sk?.S === 'HEAD' && image.op?.S === 'append';
  });
}

async function recordsOf(room: string): Promise<StreamRecord[]> {
  return (await readStream()).filter(
    ({ dynamodb }) => (dynamodb?.NewImage?.pk as { S?: string } | undefined)?.S === `ROOM#${room}`,
  );
}

let counter = 0;
async function open(who: string) {
  const connection = `streams-${++counter}`;
  await openConnection(
    ctx,
    { user: user(who), session: undefined, expiresAt: Date.now() + 900_000 },
    { connection, callback: api.url, connectedAt: Date.now() - 60_000 },
    LET_IN,
  );
  return connection;
}

async function newRoom(owner: string) {
  const room = roomId(`streams-${++counter}`);
  await createRoom(ctx, { user: user(owner), room, name: room, kind: 'public' });
  return room;
}

describe('the fan-out function', () => {
  it('P4 delivered: brings what the stream tells of to every connection, in order', async () => {
    const room = await newRoom('alice');
    const connections = [await open('alice'), await open('alice')];
    await joinRoom(ctx, { room, user: user('bob') });
    for (const text of ['one', 'two']) await sendMessage(ctx, { room, user: user('bob'), text });
    const records = await recordsOf(room);
    expect(await fanOut({ Records: records.slice(0, 2) })).toEqual({ batchItemFailures: [] });
    expect(await fanOut({ Records: records })).toEqual({ batchItemFailures: [] });
    for (const connection of connections) expect(api.seqs(connection, room)).toEqual([1, 2, 3, 4]);
  });

  it('reports the first record of a room that failed, and serves the others', async () => {
    const [failing, healthy] = [await newRoom('carol'), await newRoom('dave')];
    const [stuck, fine] = [await open('carol'), await open('dave')];
    const records = [...(await recordsOf(healthy)), ...(await recordsOf(failing))];
    api.behave(({ connection }) => (connection === stuck ? 403 : 200));
    const answer = await fanOut({ Records: records });
    expect(answer.batchItemFailures).toEqual([
      { itemIdentifier: (await recordsOf(failing))[0]?.dynamodb?.SequenceNumber },
    ]);
    expect(api.seqs(fine)).toEqual([1]);
    api.behave(() => 200);
  });

  it('calls a worker per shard of a large room, signed, and waits for all', async () => {
    const room = await newRoom('erin');
    await raiseShards(ctx.connections, room, 1, 4);
    const connections = await Promise.all(Array.from({ length: 16 }, () => open('erin')));
    const seq = (await sendMessage(ctx, { room, user: user('erin'), text: 'to all' })).seq;
    invocations.length = 0;
    expect(await fanOut({ Records: await recordsOf(room) })).toEqual({ batchItemFailures: [] });
    expect(invocations.map(({ path }) => path)).toEqual(
      Array(4).fill(`/2015-03-31/functions/${SHARD_FUNCTION}/invocations`),
    );
    expect(invocations[0]?.authorization).toMatch(/\/lambda\/aws4_request/);
    for (const connection of connections) expect(api.seqs(connection, room)).toEqual([1, seq]);
  });

  it('reports the room when a worker fails', async () => {
    const room = await newRoom('frank');
    await raiseShards(ctx.connections, room, 1, 2);
    const [first] = await recordsOf(room);
    failShard = 1;
    expect((await fanOut({ Records: await recordsOf(room) })).batchItemFailures).toEqual([
      { itemIdentifier: first?.dynamodb?.SequenceNumber },
    ]);
    failShard = undefined;
    expect((await fanOut({ Records: await recordsOf(room) })).batchItemFailures).toEqual([]);
  });

  it('reports a record that it can’t read', async () => {
    const broken = {
      dynamodb: { SequenceNumber: '7', NewImage: { pk: { S: 'ROOM#x' }, sk: { S: 'HEAD' } } },
    };
    expect(await fanOut({ Records: [broken] })).toEqual({ batchItemFailures: [{ itemIdentifier: '7' }] });
  });
});

describe('the settler function', () => {
  it('P2 durable: completes what a handler committed and did not live to store', async () => {
    const room = await newRoom('grace');
    const dying: ChatContext = {
      ...ctx,
      chat: new Proxy(ctx.chat, {
        get: (table, name, receiver) =>
          name === 'put'
            ? () => Promise.reject(new Error('the handler died'))
            : Reflect.get(table, name, receiver),
      }),
    };
    await expect(sendMessage(dying, { room, user: user('grace'), text: 'lost?' })).rejects.toThrow('died');
    expect((await getHead(ctx.chat, room))?.seq).toBe(2);
    expect((await readLog(ctx, room)).map(({ event }) => event.seq)).toEqual([1]);
    expect(await settler({ Records: await recordsOf(room) })).toEqual({ batchItemFailures: [] });
    expect((await readLog(ctx, room)).map(({ event }) => event)).toMatchObject([
      { seq: 1 },
      { text: 'lost?' },
    ]);
  });

  it('P4 delivered: subscribes a joiner whose handler died after the commit', async () => {
    const room = await newRoom('heidi');
    const connection = await open('ivan');
    const dying: ChatContext = {
      ...ctx,
      connections: new Proxy(ctx.connections, {
        get: () => () => Promise.reject(new Error('the handler died')),
      }),
    };
    await expect(joinRoom(dying, { room, user: user('ivan') })).rejects.toThrow('died');
    expect(await settler({ Records: await recordsOf(room) })).toEqual({ batchItemFailures: [] });
    expect(await ctx.connections.get(connectionKeys.subscription(room, 0, connection))).toMatchObject({
      since: 2,
    });
  });
});
