import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagementCall, ManagementVerdict } from '../../local/gateway/management.ts';
import {
  type Client,
  connect,
  type GatewayBench,
  handshake,
  post,
  SIGNED,
  startGateway,
} from './gateway-helper.ts';
import { until } from './lambda-helper.ts';

const HANDLERS = {
  ok: { code: `exports.handler = async () => ({ statusCode: 200 });` },
  id: {
    code: `exports.handler = async (event) => ({ statusCode: 200, body: event.requestContext.connectionId });`,
  },
};
const ROUTES = { $connect: { function: 'ok' }, $default: { function: 'id', routeResponse: true } };
const KIB = 1024;

describe('@connections', () => {
  let bench: GatewayBench;
  let client: Client;
  let id: string;
  let verdict: ManagementVerdict = 'allow';
  let lastCall: ManagementCall | undefined;

  const open = async () => {
    const opened = await connect(bench.ws, { 'user-agent': 'tester' });
    opened.socket.send('who am I');
    return { client: opened, id: await opened.next() };
  };

  beforeAll(async () => {
    bench = await startGateway({
      handlers: HANDLERS,
      webSocket: ROUTES,
      options: {
        authorize: (call) => {
          lastCall = call;
          return verdict;
        },
      },
    });
    ({ client, id } = await open());
  });
  afterAll(() => bench.close());

  const sdk = () =>
    new ApiGatewayManagementApiClient({
      endpoint: `${bench.http}/dev`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });

  it("delivers what AWS's own client posts, as a text message", async () => {
    await sdk().send(new PostToConnectionCommand({ ConnectionId: id, Data: '{"hello":"wörld"}' }));
    expect(await client.next()).toBe('{"hello":"wörld"}');
  });

  it('is reached with the @ encoded too', async () => {
    expect((await post(bench.callback(id).replace('@', '%40'), 'encoded')).status).toBe(200);
    expect(await client.next()).toBe('encoded');
  });

  it("tells AWS's own client about a connection", async () => {
    const found = await sdk().send(new GetConnectionCommand({ ConnectionId: id }));
    expect(found.Identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'tester' });
    expect(found.ConnectedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(found.LastActiveAt?.getTime()).toBeGreaterThanOrEqual(found.ConnectedAt?.getTime() ?? Number.NaN);
  });

  it('closes a connection on DELETE, and is 410 for all three calls afterwards', async () => {
    const other = await open();
    await sdk().send(new DeleteConnectionCommand({ ConnectionId: other.id }));
    expect((await other.client.closed).code).toBe(1000);
    for (const command of [
      new PostToConnectionCommand({ ConnectionId: other.id, Data: 'x' }),
      new GetConnectionCommand({ ConnectionId: other.id }),
      new DeleteConnectionCommand({ ConnectionId: other.id }),
    ])
      await expect(sdk().send(command as PostToConnectionCommand)).rejects.toBeInstanceOf(GoneException);
  });

  it('is 410 for an id that never was, on another stage, and right after the client has left', async () => {
    expect((await post(bench.callback('AAAAAAAAAAAAAAA='), 'x')).status).toBe(410);
    expect((await post(bench.callback(id).replace('/dev/', '/prod/'), 'x')).status).toBe(410);
    const other = await open();
    other.client.socket.close();
    await other.client.closed;
    await until(() => bench.gateway.counters().connections === 1, 'the gateway to notice');
    const gone = await post(bench.callback(other.id), 'x');
    expect(gone.status).toBe(410);
    expect(gone.headers.get('x-amzn-errortype')).toBe('GoneException');
    expect(await gone.text()).toBe('');
  });

  it('is 400 for what can be no id', async () => {
    const answer = await post(bench.callback('no id'), 'x');
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-amzn-errortype')).toBe('BadRequestException');
  });

  it('is 403 for an unsigned call, and nothing reaches the client', async () => {
    const before = client.received.length;
    const answer = await post(bench.callback(id), 'x', {});
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ message: 'Missing Authentication Token' });
    expect((await fetch(bench.callback(id), { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(bench.callback(id), { method: 'PUT', headers: SIGNED })).status).toBe(403);
    expect(client.received).toHaveLength(before);
  });

  it('asks the judge about each call, with its method, stage and API', async () => {
    for (const [say, status, errorType] of [
      ['forbidden', 403, 'ForbiddenException'],
      ['throttled', 429, 'LimitExceededException'],
      ['failure', 500, 'InternalServerException'],
    ] as const) {
      verdict = say;
      const answer = await post(bench.callback(id), 'x');
      expect(answer.status, say).toBe(status);
      expect(answer.headers.get('x-amzn-errortype')).toBe(errorType);
    }
    verdict = 'hang';
    await expect(
      fetch(bench.callback(id), { method: 'POST', headers: SIGNED, signal: AbortSignal.timeout(200) }),
    ).rejects.toThrow();
    verdict = 'allow';
    expect(lastCall).toMatchObject({ method: 'POST', stage: 'dev', connectionId: id, apiId: 'ws12345678' });
    expect(client.received.filter((text) => text === 'x')).toEqual([]);
  });

  it('closes what the judge calls gone, so that a 410 is the truth, and delivers what it calls lost', async () => {
    const other = await open();
    verdict = 'lost';
    const lost = await post(bench.callback(other.id), 'arrives');
    expect(lost.status).toBe(500);
    expect(await other.client.next()).toBe('arrives');
    verdict = 'gone';
    const gone = await post(bench.callback(other.id), 'never arrives');
    verdict = 'allow';
    expect(gone.status).toBe(410);
    expect(gone.headers.get('x-amzn-errortype')).toBe('GoneException');
    expect((await other.client.closed).code).toBe(1001);
    expect(other.client.received).not.toContain('never arrives');
  });

  it('delivers 128 KiB in frames of at most 32 KiB, and is 413 beyond', async () => {
    const raw = await handshake(bench.gateway.port, '/ws');
    let received = Buffer.alloc(0);
    raw.socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    raw.socket.write(Buffer.from([0x81, 0x80, 0, 0, 0, 0]));
    await until(() => received.length > 2, 'the connection id');
    const rawId = received.subarray(2).toString('utf8');
    received = Buffer.alloc(0);
    const text = 'ab'.repeat(64 * KIB);
    expect((await post(bench.callback(rawId), text)).status).toBe(200);
    await until(() => received.length >= 128 * KIB + 16, 'all frames');
    const sizes: number[] = [];
    for (let offset = 0; offset < received.length; ) {
      expect((received[offset + 1] ?? 0) & 0x7f).toBe(126);
      const size = received.readUInt16BE(offset + 2);
      sizes.push(size);
      offset += 4 + size;
    }
    expect(sizes).toEqual([32 * KIB, 32 * KIB, 32 * KIB, 32 * KIB]);
    raw.socket.destroy();

    expect((await post(bench.callback(id), text)).status).toBe(200);
    expect(await client.next()).toBe(text);
    const tooLarge = await post(bench.callback(id), `${text}c`);
    expect(tooLarge.status).toBe(413);
    expect(tooLarge.headers.get('x-amzn-errortype')).toBe('PayloadTooLargeException');
  });

  it('keeps the order of posts to one connection', async () => {
    const from = client.received.length;
    const socket = connectSocket(bench.gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    // Pipelined on one line: they arrive in this order for sure.
    for (let count = 0; count < 200; count++)
      socket.write(
        `POST ${new URL(bench.callback(id)).pathname} HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4\r\nContent-Length: ${String(count).length}\r\n\r\n${count}`,
      );
    await until(() => client.received.length >= from + 200, 'all posts');
    expect(client.received.slice(from)).toEqual(Array.from({ length: 200 }, (_, count) => String(count)));
    socket.destroy();
  });
});

describe('a client that reads nothing', () => {
  it('makes posts to it 429 once its buffer is full, while others get theirs', async () => {
    const bench = await startGateway({ handlers: HANDLERS, webSocket: ROUTES });
    const [slow, other] = [await connect(bench.ws), await connect(bench.ws)];
    slow.socket.send('?');
    other.socket.send('?');
    const [slowId, otherId] = [await slow.next(), await other.next()];
    slow.socket.pause();
    const statuses = new Map<number, number>();
    for (let count = 0; count < 400 && !statuses.has(429); count++) {
      const { status } = await post(bench.callback(slowId), 'x'.repeat(128 * KIB));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses.keys()].sort()).toEqual([200, 429]);
    expect((await post(bench.callback(otherId), 'still here')).status).toBe(200);
    expect(await other.next()).toBe('still here');
    slow.socket.resume();
    await until(() => slow.received.length === 1 + (statuses.get(200) ?? 0), 'all that was accepted');
    expect((await post(bench.callback(slowId), 'again')).status).toBe(200);
    await bench.close();
  });
});
