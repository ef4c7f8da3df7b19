import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayBench, startGateway } from './gateway-helper.ts';

const HANDLERS = {
  echo: { code: `exports.handler = async (event) => event;` },
  reply: {
    code: `exports.handler = async (event) => JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body);`,
  },
  fail: { code: `exports.handler = async () => { throw new Error('secret detail'); };` },
  slow: {
    code: `exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 800)); return 'late'; };`,
  },
};

let bench: GatewayBench;
beforeAll(async () => {
  bench = await startGateway({
    handlers: HANDLERS,
    http: {
      'ANY /api/{proxy+}': { function: 'echo' },
      'GET /api/rooms/{room}': { function: 'echo' },
      'GET /api/rooms/public': { function: 'echo' },
      'GET /api/rooms/{room}/messages/{seq}': { function: 'echo' },
      'GET /health': { function: 'echo' },
      'POST /reply': { function: 'reply' },
      'GET /fail': { function: 'fail' },
      'GET /slow': { function: 'slow', timeoutMs: 200 },
    },
  });
});
afterAll(() => bench.close());

interface EventV2 {
  version: string;
  routeKey: string;
  rawPath: string;
  rawQueryString: string;
  cookies?: string[];
  headers: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  pathParameters?: Record<string, string>;
  requestContext: { http: Record<string, string> } & Record<string, unknown>;
  body?: string;
  isBase64Encoded: boolean;
}
const event = async (path: string, init?: RequestInit): Promise<EventV2> =>
  (await (await fetch(bench.http + path, init)).json()) as EventV2;
const reply = (value: unknown) =>
  fetch(`${bench.http}/reply`, {
    method: 'POST',
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  });

describe('routes of an HTTP API', () => {
  it('the most specific wins: text before variable before greedy, a method before ANY', async () => {
    const routeKeys = await Promise.all(
      [
        '/api/rooms/public',
        '/api/rooms/general',
        '/api/rooms/general/messages/7',
        '/api/rooms/general/members',
        '/health',
      ].map(async (path) => (await event(path)).routeKey),
    );
    expect(routeKeys).toEqual([
      'GET /api/rooms/public',
      'GET /api/rooms/{room}',
      'GET /api/rooms/{room}/messages/{seq}',
      'ANY /api/{proxy+}',
      'GET /health',
    ]);
    expect((await event('/api/rooms/public', { method: 'POST' })).routeKey).toBe('ANY /api/{proxy+}');
  });

  it('path variables are decoded and handed on', async () => {
    expect((await event('/api/rooms/general/messages/7')).pathParameters).toEqual({
      room: 'general',
      seq: '7',
    });
    expect((await event('/api/a/b/c')).pathParameters).toEqual({ proxy: 'a/b/c' });
    const emoji = await event('/api/rooms/%F0%9F%91%8D');
    expect(emoji.pathParameters).toEqual({ room: '👍' });
    expect(emoji.rawPath).toBe('/api/rooms/👍');
  });

  it('answers 404 {"message":"Not Found"} where none matches, also for another method and a longer path', async () => {
    for (const [path, method] of [
      ['/', 'GET'],
      ['/nowhere', 'GET'],
      ['/health', 'POST'],
      ['/health/more', 'GET'],
      ['/api', 'GET'],
    ] as const) {
      const response = await fetch(bench.http + path, { method });
      expect(response.status, `${method} ${path}`).toBe(404);
      expect(await response.json()).toEqual({ message: 'Not Found' });
    }
  });

  it('$default takes what no other route takes', async () => {
    const other = await startGateway({
      handlers: HANDLERS,
      http: { $default: { function: 'echo' }, 'GET /health': { function: 'reply' } },
    });
    const found = (await (
      await fetch(`${other.http}/any/thing?x=1`, { method: 'DELETE' })
    ).json()) as EventV2;
    expect(found).toMatchObject({ routeKey: '$default', rawPath: '/any/thing', rawQueryString: 'x=1' });
    expect(found.pathParameters).toBeUndefined();
    await other.close();
  });
});

describe('the event of an HTTP API, payload format 2.0', () => {
  it('has lower-case headers, cookies apart, a decoded query with repeats joined, and the request context', async () => {
    const found = await event('/api/x?a=1&b=%C3%A9&a=2', {
      headers: { 'X-Custom-Header': 'Value', cookie: 'one=1; two=2', 'user-agent': 'tester' },
    });
    expect(found).toMatchObject({
      version: '2.0',
      rawPath: '/api/x',
      rawQueryString: 'a=1&b=%C3%A9&a=2',
      queryStringParameters: { a: '1,2', b: 'é' },
      cookies: ['one=1', 'two=2'],
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId: 'http123456',
        stage: '$default',
        routeKey: 'ANY /api/{proxy+}',
        domainName: `127.0.0.1:${bench.gateway.port}`,
        http: {
          method: 'GET',
          path: '/api/x',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'tester',
        },
      },
    });
    expect(found.headers['x-custom-header']).toBe('Value');
    expect(found.headers.cookie).toBeUndefined();
    expect(found.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(found.body).toBeUndefined();
  });

  it('joins repeated headers with commas', async () => {
    const found = await new Promise<EventV2>((resolve, reject) => {
      const request = httpRequest(
        `${bench.http}/api/x`,
        { headers: { 'X-Many': ['a', 'b'] } },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(JSON.parse(text) as EventV2));
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(found.headers['x-many']).toBe('a,b');
  });

  it('carries text as text, and forms, binary and untyped bodies in base64', async () => {
    const send = (contentType: string | undefined, body: string | Uint8Array) =>
      event('/api/x', {
        method: 'POST',
        body: (typeof body === 'string' ? Buffer.from(body) : body) as BodyInit,
        headers: contentType === undefined ? {} : { 'content-type': contentType },
      });
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/xml',
    ])
      expect(await send(type, '{"é":1}'), type).toMatchObject({ body: '{"é":1}', isBase64Encoded: false });
    for (const type of [
      'application/octet-stream',
      'application/x-www-form-urlencoded',
      'image/png',
      undefined,
    ]) {
      const found = await send(type, new Uint8Array([0, 255, 1]));
      expect(found.isBase64Encoded, type).toBe(true);
      expect([...Buffer.from(found.body ?? '', 'base64')]).toEqual([0, 255, 1]);
    }
  });
});

describe('the response of an HTTP API', () => {
  it('takes status, headers, cookies and body from the function', async () => {
    const response = await reply({
      statusCode: 201,
      headers: { 'Content-Type': 'application/json', 'X-Number': 7 },
      cookies: ['a=1; Path=/', 'b=2'],
      body: '{"ok":true}',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-number')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(response.headers.get('apigw-requestid')).toMatch(/=$/);
    expect(await response.json()).toEqual({ ok: true });
  });

  it('decodes a base64 body, and is text/plain where the function names no type', async () => {
    const binary = await reply({
      statusCode: 200,
      body: Buffer.from([0, 255]).toString('base64'),
      isBase64Encoded: true,
    });
    expect([...new Uint8Array(await binary.arrayBuffer())]).toEqual([0, 255]);
    expect(binary.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect((await reply({ statusCode: 204 })).status).toBe(204);
  });

  it('is inferred where there is no statusCode: 200, JSON, the whole value', async () => {
    for (const value of [{ some: 'value' }, ['a'], 'plain text']) {
      const response = await reply(value);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.text()).toBe(typeof value === 'string' ? value : JSON.stringify(value));
    }
  });

  it('is 500 {"message":"Internal Server Error"} when the function fails or answers nonsense, without its details', async () => {
    for (const response of [
      await fetch(`${bench.http}/fail`),
      await reply({ statusCode: 'abc' }),
      await reply({ statusCode: 200, body: { not: 'text' } }),
    ]) {
      expect(response.status).toBe(500);
      expect(await response.text()).toBe('{"message":"Internal Server Error"}');
    }
    expect(bench.problems.some(({ problem }) => problem.includes('secret detail'))).toBe(true);
  });

  it('is 503 {"message":"Service Unavailable"} when the integration takes too long', async () => {
    const response = await fetch(`${bench.http}/slow`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: 'Service Unavailable' });
  });

  it('is 413 beyond 10 MiB and 431 beyond 10,240 bytes of headers', async () => {
    const large = await fetch(`${bench.http}/api/x`, {
      method: 'POST',
      body: new Uint8Array(10 * 1024 * 1024 + 1),
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(large.status).toBe(413);
    expect(await large.json()).toEqual({ message: 'Request Entity Too Large' });
    const headers = await fetch(`${bench.http}/api/x`, { headers: { 'x-large': 'x'.repeat(10_240) } });
    expect(headers.status).toBe(431);
  });
});

describe('CORS of an HTTP API', () => {
  let withCors: GatewayBench;
  beforeAll(async () => {
    withCors = await startGateway({
      handlers: {
        ...HANDLERS,
        own: {
          code: `exports.handler = async () => ({ statusCode: 200, headers: { 'Access-Control-Allow-Origin': 'https://evil.example', 'x-own': '1' }, body: 'ok' });`,
        },
      },
      http: { 'ANY /api/{proxy+}': { function: 'own' } },
      cors: {
        allowOrigins: ['https://chat.example', 'http://localhost:3000'],
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['authorization', 'content-type'],
        exposeHeaders: ['x-own'],
        allowCredentials: true,
        maxAgeSeconds: 600,
      },
    });
  });
  afterAll(() => withCors.close());

  const preflight = (origin: string) =>
    fetch(`${withCors.http}/api/x`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });

  it('answers a preflight with 204 itself, without the function', async () => {
    const before = withCors.lambda.statistics().own?.invocations;
    const response = await preflight('https://chat.example');
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://chat.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '600',
      'access-control-allow-credentials': 'true',
    });
    expect(withCors.lambda.statistics().own?.invocations).toBe(before);
  });

  it('gives a foreign origin no CORS header', async () => {
    const refused = await preflight('https://evil.example');
    expect(refused.status).toBe(204);
    expect([...refused.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    const response = await fetch(`${withCors.http}/api/x`, { headers: { origin: 'https://evil.example' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it("replaces the function's own CORS headers with the configured ones", async () => {
    const response = await fetch(`${withCors.http}/api/x`, { headers: { origin: 'http://localhost:3000' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect(response.headers.get('access-control-expose-headers')).toBe('x-own');
    expect(response.headers.get('x-own')).toBe('1');
  });

  it('hands an OPTIONS that is no preflight to the function', async () => {
    const response = await fetch(`${withCors.http}/api/x`, { method: 'OPTIONS' });
    expect(await response.text()).toBe('ok');
  });
});
