/** Limits that AWS sets an account and a partition, which the engine holds to where it is told. */
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { RouteThrottle } from '../../local/assembly/model.ts';
import { createThrottle } from '../../local/gateway/throttle.ts';
import { AWS_LIMITS } from '../../local/limits.ts';
import { PartitionThrottle } from '../../local/services/partition-throttle.ts';
import { changedSample, removeFolders, type SampleEngine, startSample } from './engine-helper.ts';
import { connect, type GatewayBench, post, startGateway } from './gateway-helper.ts';
import { startLambda } from './lambda-helper.ts';

const ECHO = `exports.handler = async ({ requestContext }) => ({ statusCode: 200, body: requestContext.connectionId ?? 'ok' });`;

let bench: GatewayBench | undefined;
let engine: SampleEngine | undefined;
afterEach(async () => {
  await bench?.close();
  await engine?.close();
  bench = undefined;
  engine = undefined;
});
afterAll(removeFolders);

async function start(accountLimits: object): Promise<GatewayBench> {
  bench = await startGateway({
    handlers: { echo: { code: ECHO } },
    webSocket: { $default: { function: 'echo', routeResponse: true } },
    http: { 'GET /a': { function: 'echo' } },
    options: { accountLimits },
  });
  return bench;
}

describe('the account', () => {
  const rare = { requestsPerSecond: 0.001, requestBurst: 3 };

  it('has one bucket for the messages, requests and posts of all its APIs', async () => {
    const { ws, http, callback } = await start(rare);
    const client = await connect(ws);
    client.socket.send('hello');
    const connectionId = await client.next();
    expect((await fetch(`${http}/a`)).status).toBe(200);
    expect((await post(callback(connectionId), 'posted')).status).toBe(200);
    expect(await client.next()).toBe('posted');

    const refused = await post(callback(connectionId), 'too many');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-amzn-errortype')).toBe('LimitExceededException');
    expect((await fetch(`${http}/a`)).status).toBe(429);
    client.socket.send('hello');
    expect(await client.nextJson()).toMatchObject({ message: 'Too Many Requests' });
    client.socket.close();
  });

  it('opens so many connections a second', async () => {
    const { ws } = await start({ connectionsPerSecond: 2 });
    const clients = [await connect(ws), await connect(ws)];
    await expect(connect(ws)).rejects.toThrow('Unexpected server response: 429');
    for (const client of clients) client.socket.close();
  });

  it('runs so many events at the same time, without those that functions reserve', async () => {
    const code = `exports.handler = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;
    const { lambda, close } = await startLambda(
      { a: { code }, b: { code }, own: { code, model: { reservedConcurrency: 1 } } },
      { accountLimits: { concurrentExecutions: 3 } },
    );
    const invoke = (name: string, ms: number) => lambda.invoke(name, ms, 'RequestResponse');
    const outcomes = await Promise.all([
      invoke('a', 200),
      invoke('b', 200),
      invoke('a', 1),
      invoke('b', 1),
      invoke('own', 1),
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.kind))).toEqual([
      'ok',
      'ok',
      'throttled',
      'throttled',
      'ok',
    ]);
    expect((await invoke('a', 1)).ok).toBe(true);
    await close();
  });
});

describe('a route', () => {
  it('has the settings that its stage gives it, in place of the default ones', () => {
    const routes: Record<string, RouteThrottle> = { rare: { rateLimit: 1, burstLimit: 1 } };
    const passes = createThrottle({ rateLimit: 10, burstLimit: 2, routes }, () => 0);
    const taken = (route: string) => [1, 2, 3, 4].filter(() => passes(route)).length;
    expect([taken('rare'), taken('other')]).toEqual([1, 2]);
  });

  it('takes them from the template', async () => {
    const assemblyDirectory = await changedSample(({ Resources }) => {
      Object.assign(Resources.HttpStage?.Properties ?? {}, {
        RouteSettings: {
          'ANY /api/{proxy+}': { ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 1 },
        },
      });
    });
    engine = await startSample({ assemblyDirectory });
    expect(await engine.post('invoke', {})).toMatchObject({ payload: { echoed: {} } });
    await expect(engine.post('invoke', {})).rejects.toThrow('429');
  });
});

describe('a partition key', () => {
  const permission = (key: string, action = 'dynamodb:PutItem') => [
    { action, resource: 'arn:table', context: () => ({ 'dynamodb:LeadingKeys': [key] }) },
  ];

  it('has its units of each second, for writes and for reads by themselves', () => {
    let now = 0;
    const throttle = new PartitionThrottle({ write: 1000, read: 3000 }, () => now);
    const check = (key: string) => throttle.check('PutItem', permission(key))?.code;
    throttle.charge(permission('hot'), { writeUnits: 1500, readUnits: 0 });
    expect(check('hot')).toBe('ThrottlingException');
    expect(check('cold')).toBeUndefined();
    expect(throttle.check('GetItem', permission('hot', 'dynamodb:GetItem'))).toBeUndefined();
    now += 499;
    expect(check('hot')).toBe('ThrottlingException');
    now += 2;
    expect(check('hot')).toBeUndefined();
  });

  it('is answered as by a table on demand, when it has none left', async () => {
    engine = await startSample({
      accountLimits: { ...AWS_LIMITS, partitionWriteUnits: 4, partitionReadUnits: 1 },
    });
    // AWS's client would try again by itself until there are units.
    const dynamodb = new DynamoDBClient({
      endpoint: engine.awsEndpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
      maxAttempts: 1,
    });
    const put = (pk: string) =>
      dynamodb.send(
        new PutItemCommand({
          TableName: 'Sample-Items',
          Item: { pk: { S: pk }, sk: { S: 'a' }, text: { S: 'x'.repeat(20_000) } },
        }),
      );
    await put('hot');
    await expect(put('hot')).rejects.toMatchObject({
      name: 'ThrottlingException',
      throttlingReasons: [
        {
          reason: 'TableWriteKeyRangeThroughputExceeded',
          resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/Sample-Items',
        },
      ],
    });
    await put('cold');
    const Key = { pk: { S: 'hot' }, sk: { S: 'a' } };
    const get = () => dynamodb.send(new GetItemCommand({ TableName: 'Sample-Items', Key }));
    expect((await get()).Item?.pk).toEqual({ S: 'hot' });
    await expect(get()).rejects.toMatchObject({ name: 'ThrottlingException' });
    const Delete = { TableName: 'Sample-Items', Key };
    await expect(
      dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Delete }] })),
    ).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ThrottlingError' }],
    });
  });
});
