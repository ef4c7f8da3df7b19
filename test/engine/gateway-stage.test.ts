/** What a stage declares beside its routes: throttles and access logs; and ends of connections that are lost on demand. */
import { afterEach, describe, expect, it } from 'vitest';
import { type AccessLogEntry, createAccessFormat } from '../../local/gateway/access-log.ts';
import { createThrottle } from '../../local/gateway/throttle.ts';
import { accessEntry } from '../../local/log.ts';
import { terminalLine } from '../../local/log-format.ts';
import {
  connect,
  type GatewayBench,
  type GatewayBenchOptions,
  startGateway,
  webSocketApi,
} from './gateway-helper.ts';
import { arnOf, until } from './lambda-helper.ts';

const ECHO = `exports.handler = async (event) => {
  if (event.body === 'fail') throw new RangeError('secret');
  console.log(event.requestContext.eventType);
  return { statusCode: 200, body: 'ok' };
};`;
const ROUTES = {
  $connect: { function: 'echo' },
  $disconnect: { function: 'echo' },
  $default: { function: 'echo', routeResponse: true },
  other: { function: 'echo', routeResponse: true },
};
const FORMAT = JSON.stringify({
  route: '$context.routeKey',
  status: '$context.status',
  error: '$context.integrationErrorMessage',
  connection: '$context.connectionId',
  event: '$context.eventType',
  message: '$context.messageId',
  path: '$context.path',
  method: '$context.httpMethod',
  latency: '$context.responseLatency',
  length: '$context.responseLength',
});

let bench: GatewayBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function start(stage: object, options: Partial<GatewayBenchOptions['options']> = {}) {
  const api = { ...webSocketApi(ROUTES), ...stage };
  const http = {
    logicalId: 'HttpApi',
    constructPath: 'Stack/HttpApi',
    apiId: 'http123456',
    stageName: '$default',
    routes: ['GET /a', 'GET /b'].map((routeKey) => ({
      routeKey,
      functionArn: arnOf('echo'),
      integrationTimeoutMs: 29_000,
    })),
    ...stage,
  };
  bench = await startGateway({
    handlers: { echo: { code: ECHO } },
    webSocket: {},
    options: { webSocketApis: [api], httpApis: [http], ...options },
  });
  return bench;
}

describe('a token bucket', () => {
  it('gives the burst at once and the rate afterwards, to each route', () => {
    let now = 0;
    const passes = createThrottle({ rateLimit: 10, burstLimit: 3 }, () => now);
    const taken = (route: string, count: number) =>
      Array.from({ length: count }, () => passes(route)).filter(Boolean).length;
    expect(taken('a', 5)).toBe(3);
    expect(taken('b', 5)).toBe(3);
    now += 99;
    expect(taken('a', 5)).toBe(0);
    now += 1;
    expect(taken('a', 5)).toBe(1);
    // It holds no more than the burst, however long nobody came.
    now += 60_000;
    expect(taken('a', 5)).toBe(3);
  });

  it('lets all pass where the stage sets no rate', () => {
    for (const passes of [
      createThrottle(undefined),
      createThrottle({ rateLimit: Number.POSITIVE_INFINITY, burstLimit: 1 }),
    ])
      expect(Array.from({ length: 10_000 }, () => passes('a')).every(Boolean)).toBe(true);
  });
});

describe('beyond the stage’s rate', () => {
  const throttle = { rateLimit: 0.001, burstLimit: 2 };

  it('a message is answered "Too Many Requests", no function runs, and the socket lives on', async () => {
    const { ws, gateway } = await start({ throttle });
    const client = await connect(ws);
    for (const text of ['1', '2']) {
      client.socket.send(text);
      expect(await client.next()).toBe('ok');
    }
    client.socket.send('3');
    expect(await client.nextJson()).toEqual({
      message: 'Too Many Requests',
      connectionId: expect.stringMatching(/=$/),
      requestId: expect.stringMatching(/=$/),
    });
    client.socket.send('{"action":"other"}');
    expect(await client.next()).toBe('ok');
    expect(gateway.counters()).toMatchObject({ throttles: 1, messagesIn: 4, integrationFailures: 0 });
    client.socket.close();
  });

  it('a handshake is refused with 429', async () => {
    const { ws, gateway } = await start({ throttle });
    const clients = [await connect(ws), await connect(ws)];
    await expect(connect(ws)).rejects.toThrow('Unexpected server response: 429');
    expect(gateway.counters()).toMatchObject({ throttles: 1, refusals: 1, connections: 2 });
    for (const client of clients) client.socket.close();
  });

  it('a request is answered 429 {"message":"Too Many Requests"}', async () => {
    const { http } = await start({ throttle });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await fetch(`${http}/a`)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await (await fetch(`${http}/a`)).json()).toEqual({ message: 'Too Many Requests' });
    expect((await fetch(`${http}/b`)).status).toBe(200);
    // What has no route takes from nobody.
    expect((await fetch(`${http}/none`)).status).toBe(404);
  });
});

describe('an access log', () => {
  async function logged(use: (bench: GatewayBench) => Promise<void>, lines: number) {
    const entries: AccessLogEntry[] = [];
    const running = await start({ accessLogFormat: FORMAT }, { accessLog: (entry) => entries.push(entry) });
    await use(running);
    await until(() => entries.length === lines, `${lines} lines`);
    return entries.map(({ line }) => JSON.parse(line));
  }

  it('has a line for each handshake, message and close, in the stage’s format', async () => {
    const lines = await logged(async ({ ws }) => {
      const client = await connect(ws);
      for (const text of ['hello', 'fail']) {
        client.socket.send(text);
        await client.next();
      }
      client.socket.close();
      await client.closed;
    }, 4);
    const common = {
      connection: expect.stringMatching(/=$/),
      path: '-',
      method: '-',
      latency: '-',
      length: '-',
    };
    const message = expect.stringMatching(/=$/);
    expect(lines).toEqual([
      { ...common, route: '$connect', status: '200', error: '-', event: 'CONNECT', message: '-' },
      { ...common, route: '$default', status: '200', error: '-', event: 'MESSAGE', message },
      { ...common, route: '$default', status: '500', error: 'RangeError', event: 'MESSAGE', message },
      { ...common, route: '$disconnect', status: '200', error: '-', event: 'DISCONNECT', message: '-' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('has a line for each request, without its query', async () => {
    const lines = await logged(async ({ http }) => {
      await (await fetch(`${http}/a?ticket=hidden`)).text();
    }, 1);
    expect(lines[0]).toMatchObject({ route: 'GET /a', status: '200', path: '/a', method: 'GET', event: '-' });
    expect(lines[0].latency).toMatch(/^\d+$/);
    expect(lines[0].length).toBe('2');
  });

  it('can’t be forged by what clients send', () => {
    const format = createAccessFormat(
      '{"path":"$context.path","status":"$context.status","sub":"$context.identity.sourceIp."}',
    );
    const line = format({ path: '/"x","status":"200', status: 403, 'identity.sourceIp': '127.0.0.1' });
    expect(JSON.parse(line)).toEqual({ path: '/"x","status":"200', status: '403', sub: '127.0.0.1.' });
  });

  it('shows its fields on a terminal, and a line of another format as it is', () => {
    const entry = { at: 0, api: 'Api', requestId: 'r1=' };
    expect(accessEntry({ ...entry, line: '{"a":"-","b":"1"}' }).fields).toEqual({ b: '1' });
    const shown = (line: string) => terminalLine(accessEntry({ ...entry, line }), false).slice(13);
    expect(shown('{"request":"r1=","route":"ping","status":"200","error":"-"}')).toBe(
      'INFO  access r1= route=ping status=200',
    );
    expect(shown('127.0.0.1 ping 200')).toBe('INFO  access r1= 127.0.0.1 ping 200');
  });
});

it('a lost $disconnect never comes, on demand', async () => {
  const lost: string[] = [];
  const running = await start({}, { loseDisconnect: (connectionId) => lost.push(connectionId) === 1 });
  for (let n = 0; n < 2; n++) {
    const client = await connect(running.ws);
    client.socket.close();
    await client.closed;
    await until(() => lost.length === n + 1, 'it is asked');
  }
  const ends = () => running.logs.filter(({ text }) => text === 'DISCONNECT').length;
  await until(() => ends() === 1, 'the second is announced');
  expect(running.gateway.counters().disconnects).toBe(2);
  expect(ends()).toBe(1);
});
