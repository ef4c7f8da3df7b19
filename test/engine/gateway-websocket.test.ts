import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type GatewayBench, handshake, post, startGateway } from './gateway-helper.ts';
import { until } from './lambda-helper.ts';

/** Returns the event itself, so that a test sees what the function got. */
const ECHO_EVENT = `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });`;

/** Refuses by the `Authorization` header: `refuse 401`, `throw`, `wait 500`, `garbage`. */
const CONNECT = `
exports.handler = async (event) => {
  const name = Object.keys(event.headers).find((key) => key.toLowerCase() === 'authorization');
  const [what, value] = (event.headers[name] || '').split(' ');
  console.log('connect ' + JSON.stringify(event));
  if (what === 'refuse') return { statusCode: Number(value) };
  if (what === 'throw') throw new Error('no');
  if (what === 'garbage') return 'ok';
  if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, Number(value)));
  if (what === 'protocol') return { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': value } };
  return { statusCode: 200 };
};`;

let bench: GatewayBench;

beforeAll(async () => {
  bench = await startGateway({
    handlers: {
      connect: { code: CONNECT },
      echo: { code: ECHO_EVENT },
      disconnect: {
        code: `exports.handler = async (event) => { console.log('gone ' + JSON.stringify(event)); return { statusCode: 200 }; };`,
      },
      silent: { code: `exports.handler = async () => ({ statusCode: 200 });` },
      broken: { code: `exports.handler = async (event) => { throw new Error('broken'); };` },
      nothing: { code: `exports.handler = async () => {};` },
      slow: {
        code: `exports.handler = async (event) => { const { ms } = JSON.parse(event.body); await new Promise((resolve) => setTimeout(resolve, ms)); return { statusCode: 200, body: String(ms) }; };`,
      },
      large: {
        code: `exports.handler = async (event) => ({ statusCode: 200, body: 'x'.repeat(JSON.parse(event.body).size) });`,
      },
      teapot: { code: `exports.handler = async () => ({ statusCode: 418, body: 'short and stout' });` },
    },
    webSocket: {
      $connect: { function: 'connect', timeoutMs: 1000 },
      $disconnect: { function: 'disconnect' },
      $default: { function: 'echo', routeResponse: true },
      say: { function: 'echo', routeResponse: true },
      mute: { function: 'echo' },
      silent: { function: 'silent', routeResponse: true },
      broken: { function: 'broken', routeResponse: true },
      nothing: { function: 'nothing' },
      slow: { function: 'slow', routeResponse: true, timeoutMs: 400 },
      teapot: { function: 'teapot', routeResponse: true },
      large: { function: 'large', routeResponse: true },
    },
  });
});
afterAll(() => bench.close());

const connectionIdOf = (event: Record<string, unknown>): string =>
  (event.requestContext as { connectionId: string }).connectionId;

describe('the handshake waits for $connect', () => {
  it('opens after a 2xx, with an event that has headers, query and the connection', async () => {
    const client = await connect(`${bench.ws}?ticket=abc&room=a&room=b`, {
      'X-Test': 'one',
      'User-Agent': 'tester',
    });
    const line = bench.logs.findLast(({ text }) => text.startsWith('connect '))?.text ?? '';
    const event = JSON.parse(line.slice('connect '.length));
    expect(event.headers['X-Test']).toBe('one');
    expect(event.multiValueHeaders['X-Test']).toEqual(['one']);
    expect(event.headers.Host).toBe(`127.0.0.1:${bench.gateway.port}`);
    expect(event.queryStringParameters).toEqual({ ticket: 'abc', room: 'b' });
    expect(event.multiValueQueryStringParameters).toEqual({ ticket: ['abc'], room: ['a', 'b'] });
    expect(event.isBase64Encoded).toBe(false);
    expect(event.requestContext).toMatchObject({
      routeKey: '$connect',
      eventType: 'CONNECT',
      messageDirection: 'IN',
      stage: 'dev',
      apiId: 'ws12345678',
      domainName: `127.0.0.1:${bench.gateway.port}`,
      identity: { sourceIp: '127.0.0.1', userAgent: 'tester' },
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
    });
    expect(event.requestContext.connectionId).toMatch(/^[\w-]{15}=$/);
    client.socket.close();
    await client.closed;
  });

  it('takes over every status that $connect answers, and the error of a failed one', async () => {
    for (const status of [400, 401, 403, 409, 500, 503])
      await expect(connect(bench.ws, { authorization: `refuse ${status}` })).rejects.toThrow(
        `Unexpected server response: ${status}`,
      );
    await expect(connect(bench.ws, { authorization: 'throw' })).rejects.toThrow(
      'Unexpected server response: 502',
    );
    await expect(connect(bench.ws, { authorization: 'garbage' })).rejects.toThrow(
      'Unexpected server response: 502',
    );
    await expect(connect(bench.ws, { authorization: 'wait 1500' })).rejects.toThrow(
      'Unexpected server response: 504',
    );
  });

  it('sends nothing at all to the client before $connect has answered', async () => {
    const before = performance.now();
    const { status, socket } = await handshake(bench.gateway.port, '/ws', { Authorization: 'wait 300' });
    expect(status).toBe(101);
    expect(performance.now() - before).toBeGreaterThan(290);
    socket.destroy();
  });

  it('answers 410 to a post that comes before $connect is done, and delivers one after', async () => {
    const opening = connect(bench.ws, { authorization: 'wait 400' });
    const seen = bench.logs.length;
    await until(
      () => bench.logs.slice(seen).some(({ text }) => text.includes('wait 400')),
      'the $connect function to run',
    );
    const line = bench.logs.slice(seen).find(({ text }) => text.includes('wait 400'))?.text ?? '';
    const id = connectionIdOf(JSON.parse(line.slice('connect '.length)));
    expect((await post(bench.callback(id), 'early')).status).toBe(410);
    const client = await opening;
    expect((await post(bench.callback(id), 'late')).status).toBe(200);
    expect(await client.next()).toBe('late');
    client.socket.close();
  });

  it('offers a subprotocol only where $connect chose it', async () => {
    const without = await connect(bench.ws, {}, ['a']).catch((error: Error) => error.message);
    expect(without).toBe('Server sent no subprotocol');
    const client = await connect(bench.ws, { authorization: 'protocol b' }, ['a', 'b']);
    expect(client.socket.protocol).toBe('b');
    client.socket.close();
  });

  it('refuses a malformed handshake with 400 and an unknown path with 403', async () => {
    expect((await handshake(bench.gateway.port, '/ws', { 'Sec-WebSocket-Key': 'short' })).status).toBe(400);
    expect((await handshake(bench.gateway.port, '/ws', { 'Sec-WebSocket-Version': '8' })).status).toBe(400);
    expect((await handshake(bench.gateway.port, '/nowhere')).status).toBe(403);
  });

  it('negotiates no compression, and refuses an address over 4,096 characters', async () => {
    const { text, socket } = await handshake(bench.gateway.port, '/ws', {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    });
    expect(text).toContain('101 Switching Protocols');
    expect(text.toLowerCase()).not.toContain('sec-websocket-extensions');
    socket.destroy();
    expect((await handshake(bench.gateway.port, `/ws?${'x'.repeat(4096)}`)).status).toBe(414);
  });

  it('announces the end of a client that left while $connect ran', async () => {
    const socket = connectSocket(bench.gateway.port, '127.0.0.1');
    socket.write(
      'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: wait 305\r\n\r\n',
    );
    const find = (start: string, part: string) =>
      bench.logs.find(({ text }) => text.startsWith(start) && text.includes(part))?.text;
    await until(() => find('connect ', 'wait 305') !== undefined, '$connect to run');
    socket.destroy();
    const id = connectionIdOf(JSON.parse((find('connect ', 'wait 305') ?? '').slice('connect '.length)));
    await until(() => find('gone ', id) !== undefined, '$disconnect');
    expect(find('gone ', id)).toContain('"disconnectStatusCode":1006');
    expect((await post(bench.callback(id), 'x')).status).toBe(410);
  });

  it('is found at /ws, at /ws/<logical id>, and at /<stage> as on AWS', async () => {
    for (const path of ['/ws', '/ws/', '/ws/ChatApi', '/dev', '/dev/']) {
      const { status, socket } = await handshake(bench.gateway.port, path);
      expect(status, path).toBe(101);
      socket.destroy();
    }
  });
});

describe('messages', () => {
  it('take the route that the selection expression names, else $default', async () => {
    const client = await connect(bench.ws);
    const routeOf = async (message: string) => {
      client.socket.send(message);
      const event = await client.nextJson();
      expect(event.body).toBe(message);
      expect(event.isBase64Encoded).toBe(false);
      return (event.requestContext as { routeKey: string }).routeKey;
    };
    expect(await routeOf('{"action":"say","text":"é☃"}')).toBe('say');
    for (const message of ['{"action":"unknown"}', '{}', 'not json', '[]', 'null', '{"action":{}}', '""'])
      expect(await routeOf(message), message).toBe('$default');
    for (const message of ['{"action":"$connect"}', '{"action":"$disconnect"}', '{"action":"__proto__"}'])
      expect(await routeOf(message), message).toBe('$default');
    client.socket.close();
  });

  it('carry a request context of their own', async () => {
    const client = await connect(bench.ws);
    client.socket.send('{"action":"say"}');
    const first = (await client.nextJson()).requestContext as Record<string, unknown>;
    client.socket.send('{"action":"say"}');
    const second = (await client.nextJson()).requestContext as Record<string, unknown>;
    expect(first).toMatchObject({
      eventType: 'MESSAGE',
      messageDirection: 'IN',
      stage: 'dev',
      routeKey: 'say',
    });
    expect(first.connectionId).toBe(second.connectionId);
    expect(first.connectedAt).toBe(second.connectedAt);
    for (const key of ['requestId', 'messageId']) {
      expect(first[key]).toMatch(/^[\w-]{15}=$/);
      expect(first[key]).not.toBe(second[key]);
    }
    expect(first.extendedRequestId).toBe(first.requestId);
    client.socket.close();
  });

  it('are answered only where the route declares a response, whatever the status', async () => {
    const client = await connect(bench.ws);
    client.socket.send('{"action":"mute"}');
    client.socket.send('{"action":"silent"}');
    client.socket.send('{"action":"teapot"}');
    expect(await client.next()).toBe('short and stout');
    client.socket.send('{"action":"say"}');
    expect((await client.nextJson()).body).toBe('{"action":"say"}');
    expect(client.received).toHaveLength(2);
    client.socket.close();
  });

  it('get "Internal server error" when the function fails, times out or returns no response, and the socket lives on', async () => {
    const client = await connect(bench.ws);
    for (const message of ['{"action":"broken"}', '{"action":"nothing"}', '{"action":"slow","ms":600}']) {
      client.socket.send(message);
      expect(await client.nextJson()).toEqual({
        message: 'Internal server error',
        connectionId: expect.stringMatching(/=$/),
        requestId: expect.stringMatching(/=$/),
      });
    }
    client.socket.send('{"action":"slow","ms":1}');
    expect(await client.next()).toBe('1');
    client.socket.close();
  });

  it('are answered with up to 128 KiB', async () => {
    const client = await connect(bench.ws);
    client.socket.send('{"action":"large","size":131072}');
    expect((await client.next()).length).toBe(131_072);
    client.socket.send('{"action":"large","size":131073}');
    expect((await client.nextJson()).message).toBe('Internal server error');
    client.socket.close();
  });

  it('without a route and without $default are answered "Forbidden"', async () => {
    const other = await startGateway({
      handlers: { echo: { code: ECHO_EVENT } },
      webSocket: { say: { function: 'echo', routeResponse: true } },
    });
    const client = await connect(other.ws);
    client.socket.send('{"action":"shout"}');
    expect(await client.nextJson()).toEqual({
      message: 'Forbidden',
      connectionId: expect.stringMatching(/=$/),
      requestId: expect.stringMatching(/=$/),
    });
    client.socket.send('{"action":"say"}');
    expect((await client.nextJson()).body).toBe('{"action":"say"}');
    await other.close();
  });

  it('of one connection are handled side by side', async () => {
    const client = await connect(bench.ws);
    client.socket.send('{"action":"slow","ms":300}');
    client.socket.send('{"action":"slow","ms":20}');
    expect(await client.next()).toBe('20');
    expect(await client.next()).toBe('300');
    client.socket.close();
  });
});

describe('the end of a connection', () => {
  const goneEvent = async (connectionId: string) => {
    const find = () => bench.logs.find(({ text }) => text.startsWith('gone ') && text.includes(connectionId));
    await until(() => find() !== undefined, '$disconnect');
    return JSON.parse((find()?.text ?? '').slice('gone '.length)) as {
      requestContext: Record<string, unknown>;
      headers: Record<string, string>;
    };
  };
  const open = async () => {
    const client = await connect(bench.ws);
    client.socket.send('{"action":"say"}');
    return { client, id: connectionIdOf(await client.nextJson()) };
  };

  it('is told to $disconnect with the code and reason of the client', async () => {
    const { client, id } = await open();
    client.socket.close(4001, 'moving on');
    const event = await goneEvent(id);
    expect(event.requestContext).toMatchObject({
      routeKey: '$disconnect',
      eventType: 'DISCONNECT',
      disconnectStatusCode: 4001,
      disconnectReason: 'moving on',
      connectionId: id,
    });
    expect(event.headers.Host).toBe(`127.0.0.1:${bench.gateway.port}`);
    expect((await post(bench.callback(id), 'x')).status).toBe(410);
  });

  it('is told with 1005 for a close without a code and 1006 for a cut line', async () => {
    const first = await open();
    first.client.socket.close();
    expect((await goneEvent(first.id)).requestContext).toMatchObject({ disconnectStatusCode: 1005 });
    const second = await open();
    second.client.socket.terminate();
    expect((await goneEvent(second.id)).requestContext).toMatchObject({ disconnectStatusCode: 1006 });
  });
});
