import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect, type GatewayBench, handshake, post, startGateway } from './gateway-helper.ts';
import { until } from './lambda-helper.ts';

const HANDLERS = {
  ok: {
    code: `exports.handler = async (event) => { console.log(event.requestContext.routeKey); return { statusCode: 200 }; };`,
  },
  length: {
    code: `exports.handler = async (event) => ({ statusCode: 200, body: String(event.body.length) });`,
  },
  id: {
    code: `exports.handler = async (event) => ({ statusCode: 200, body: event.requestContext.connectionId });`,
  },
  gone: {
    code: `exports.handler = async (event) => { console.log('gone ' + event.requestContext.disconnectStatusCode + ' ' + event.requestContext.disconnectReason); return { statusCode: 200 }; };`,
  },
};
const ROUTES = {
  $connect: { function: 'ok' },
  $disconnect: { function: 'gone' },
  $default: { function: 'length', routeResponse: true },
  id: { function: 'id', routeResponse: true },
};

const KIB = 1024;

describe('sizes and kinds of frames', () => {
  let bench: GatewayBench;
  beforeAll(async () => {
    bench = await startGateway({ handlers: HANDLERS, webSocket: ROUTES });
  });
  afterAll(() => bench.close());

  /** Sends a message in frames of these sizes. */
  const send = (client: Client, sizes: readonly number[]) => {
    for (const [index, size] of sizes.entries())
      client.socket.send('x'.repeat(size), { fin: index === sizes.length - 1 });
  };

  it('takes a frame of exactly 32 KiB', async () => {
    const client = await connect(bench.ws);
    send(client, [32 * KIB]);
    expect(await client.next()).toBe(String(32 * KIB));
    client.socket.close();
  });

  it('closes with 1009 for a frame of one byte more, and no function runs', async () => {
    const client = await connect(bench.ws);
    const before = bench.lambda.statistics().length?.invocations ?? 0;
    send(client, [32 * KIB + 1]);
    expect((await client.closed).code).toBe(1009);
    expect(bench.lambda.statistics().length?.invocations).toBe(before);
    await until(() => bench.logs.some(({ text }) => text.startsWith('gone 1009')), '$disconnect with 1009');
  });

  it('closes with 1009 for a frame of 10 MiB, and for one large frame among small ones', async () => {
    const first = await connect(bench.ws);
    send(first, [10 * KIB * KIB]);
    expect([1009, 1006]).toContain((await first.closed).code);
    const second = await connect(bench.ws);
    send(second, [100, 33 * KIB, 100]);
    expect((await second.closed).code).toBe(1009);
  });

  it('takes a message of 128 KiB in frames of 32 KiB, and closes with 1009 for one byte more', async () => {
    const client = await connect(bench.ws);
    send(client, [32 * KIB, 32 * KIB, 32 * KIB, 32 * KIB]);
    expect(await client.next()).toBe(String(128 * KIB));
    send(client, [32 * KIB, 32 * KIB, 32 * KIB, 32 * KIB, 1]);
    expect((await client.closed).code).toBe(1009);
  });

  it('closes with 1003 for a binary frame', async () => {
    const client = await connect(bench.ws);
    client.socket.send(Buffer.from([1, 2, 3]));
    expect((await client.closed).code).toBe(1003);
  });

  it('counts frames right when they are cut anywhere on their way', async () => {
    const { socket } = await handshake(bench.gateway.port, '/ws');
    const frames: Buffer[] = [];
    for (const size of [5, 125, 126, 200, 65_000 - 40_000, 0]) frames.push(maskedTextFrame('y'.repeat(size)));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    const bytes = Buffer.concat(frames);
    for (let offset = 0; offset < bytes.length; ) {
      const size = offset % 7 === 0 ? 1 : 997;
      socket.write(bytes.subarray(offset, offset + size));
      offset += size;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(
      () =>
        ['5', '125', '126', '200', '25000', '0'].every((text) => received.includes(unmaskedTextFrame(text))),
      'all six answers',
    );
    socket.write(maskedTextFrame('z'.repeat(32 * KIB + 1)));
    await until(() => received.includes(Buffer.from([0x88, 0x02, 0x03, 0xf1])), 'a close frame with 1009');
    socket.destroy();
  });

  it('answers pings with pongs', async () => {
    const client = await connect(bench.ws);
    const pong = new Promise((resolve) => client.socket.once('pong', (data) => resolve(String(data))));
    client.socket.ping('are you there');
    expect(await pong).toBe('are you there');
    client.socket.close();
  });
});

describe('idle and old connections', () => {
  it('are closed with 1001, the idle one after its time and the busy one at its lifetime', async () => {
    const bench = await startGateway({
      handlers: HANDLERS,
      webSocket: ROUTES,
      options: { idleTimeoutMs: 500, connectionLifetimeMs: 1500 },
    });
    const started = performance.now();
    const [idle, pinging, busy] = await Promise.all([
      connect(bench.ws),
      connect(bench.ws),
      connect(bench.ws),
    ]);
    const talk = setInterval(() => busy.socket.send('hello'), 100);
    const ping = setInterval(() => pinging.socket.ping(), 100);
    expect(await idle.closed).toEqual({ code: 1001, reason: 'Going away' });
    const idleFor = performance.now() - started;
    // Pings alone don't keep a connection.
    expect((await pinging.closed).code).toBe(1001);
    clearInterval(ping);
    expect(await busy.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(talk);
    expect(idleFor).toBeGreaterThan(490);
    expect(idleFor).toBeLessThan(1200);
    expect(performance.now() - started).toBeGreaterThan(1490);
    await until(
      () => bench.logs.filter(({ text }) => text === 'gone 1001 Going away').length === 3,
      '$disconnect of all three',
    );
    await bench.close();
  });

  it('stay open for what the backend posts', async () => {
    const bench = await startGateway({
      handlers: HANDLERS,
      webSocket: ROUTES,
      options: { idleTimeoutMs: 400 },
    });
    const client = await connect(bench.ws);
    client.socket.send('{"action":"id"}');
    const id = await client.next();
    for (let count = 0; count < 8; count++) {
      expect((await post(bench.callback(id), `${count}`)).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await bench.close();
  });
});

describe('many connections', () => {
  it('a thousand open at once, each with an id of its own', async () => {
    const bench = await startGateway({ handlers: HANDLERS, webSocket: ROUTES });
    const started = performance.now();
    const clients = await Promise.all(Array.from({ length: 1000 }, () => connect(bench.ws)));
    expect(performance.now() - started).toBeLessThan(15_000);
    const ids = await Promise.all(
      clients.map((client) => {
        client.socket.send('{"action":"id"}');
        return client.next(30_000);
      }),
    );
    expect(new Set(ids).size).toBe(1000);
    expect(bench.gateway.counters()).toMatchObject({ connections: 1000, connects: 1000, refusals: 0 });
    for (const client of clients) client.socket.terminate();
    await until(() => bench.gateway.counters().connections === 0, 'all connections gone');
    await bench.close();
  });
});

describe('closing the gateway', () => {
  it('cuts connections, also those whose $connect is under way, tells no $disconnect, and frees the port', async () => {
    const bench = await startGateway({
      handlers: {
        ...HANDLERS,
        waiting: {
          code: `exports.handler = async (event) => { const wait = event.headers['x-wait']; if (wait) { console.log('waiting'); await new Promise((resolve) => setTimeout(resolve, 2000)); } return { statusCode: 200 }; };`,
        },
      },
      webSocket: { ...ROUTES, $connect: { function: 'waiting' } },
    });
    const client = await connect(bench.ws);
    const pending = connect(bench.ws, { 'x-wait': '1' });
    const refused = expect(pending).rejects.toThrow();
    await until(() => bench.logs.some(({ text }) => text === 'waiting'), '$connect to run');
    const started = performance.now();
    await bench.gateway.close();
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await client.closed).code).toBe(1006);
    await refused;
    await expect(connect(bench.ws)).rejects.toThrow('ECONNREFUSED');
    expect(bench.lambda.statistics().gone?.invocations).toBe(0);
    await bench.lambda.close();
  });
});

/** A client's frame with a mask of zeros. */
function maskedTextFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.alloc(4);
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]);
  const header = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([header, mask, payload]);
}

function unmaskedTextFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}
