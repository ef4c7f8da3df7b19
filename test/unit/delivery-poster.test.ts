import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPayload, createPoster } from '../../shared/delivery/poster.ts';
import { type CallbackApi, startCallbackApi } from '../helper/callback-api.ts';

const TIMEOUT_MS = 200;
const ENVIRONMENT = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'secret' };
const poster = createPoster(ENVIRONMENT, { timeoutMs: TIMEOUT_MS });
const payload = createPayload('{"type":"events"}');
let api: CallbackApi;

beforeAll(async () => {
  api = await startCallbackApi();
});
afterAll(() => api.stop());
beforeEach(() => api.behave(() => 200));

const target = (connection: string) => ({ connection, callback: api.url });

describe('the poster', () => {
  it('posts the bytes to the connection, signed', async () => {
    expect(await poster.post(target('L0SM9cOFvHcCIhw='), payload)).toBe('done');
    expect(api.calls.at(-1)).toMatchObject({
      method: 'POST',
      path: '/dev/@connections/L0SM9cOFvHcCIhw%3D',
      connection: 'L0SM9cOFvHcCIhw=',
      body: '{"type":"events"}',
      headers: {
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AK\/\d{8}\/eu-west-1\/execute-api\//,
        ),
        'content-length': '17',
      },
    });
  });

  it('closes a connection', async () => {
    expect(await poster.close(target('c1'))).toBe('done');
    expect(api.calls.at(-1)).toMatchObject({ method: 'DELETE', connection: 'c1', body: '' });
  });

  it.each([
    [200, 'done'],
    [204, 'done'],
    [410, 'gone'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
    [400, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [413, 'refused'],
  ] as const)('takes %i for %s', async (status, outcome) => {
    api.behave(() => status);
    expect(await poster.post(target('c2'), payload)).toBe(outcome);
  });

  it('gives up an answer that does not come, and one that does not end', async () => {
    api.behave(() => 'hang');
    const began = performance.now();
    expect(await poster.post(target('c3'), payload)).toBe('again');
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 1_500);
  });

  it('takes a broken connection for something that may heal', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const callback = `http://127.0.0.1:${port}/dev`;
    expect(await poster.post({ connection: 'c4', callback }, payload)).toBe('again');
    await new Promise((resolve) => server.close(resolve));
  });

  it('posts to many at once over a bounded pool', async () => {
    api.behave(() => ({ status: 200, afterMs: 20 }));
    const patient = createPoster(ENVIRONMENT, { timeoutMs: 20_000 });
    const posts = Array.from({ length: 600 }, (_, index) => patient.post(target(`many-${index}`), payload));
    expect(new Set(await Promise.all(posts))).toEqual(new Set(['done']));
    expect(api.mostAtOnce).toBeLessThanOrEqual(256);
  });
});
