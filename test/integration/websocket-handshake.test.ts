import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../../functions/websocket/socket-event.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { contextOf, type Sockets, startSockets } from '../helper/sockets.ts';
import { alteredToken, confusedToken, forgedToken, unsignedToken } from '../helper/token.ts';

const ORIGIN = 'https://chat.example.com';
let sockets: Sockets;
let token: string;
let counter = 0;

beforeAll(async () => {
  sockets = await startSockets({ ALLOWED_ORIGINS: `https://other.example.com,${ORIGIN}`, CALLBACK_URL: '' });
  ({ token } = await sockets.app.newUser());
});
afterAll(() => sockets.stop());

async function connect(handshake: Pick<SocketEvent, 'headers' | 'queryStringParameters'>) {
  const connection = `handshake-${++counter}`;
  const answer = await sockets.call('$connect', { ...handshake, requestContext: contextOf(connection) });
  const item = await sockets.app.runtime.context.connections.get(connectionKeys.connection(connection));
  return { status: answer.statusCode, item };
}

async function newTicket(headers: Record<string, string> = {}) {
  const reply = await sockets.app.ask('POST', '/api/auth/ticket', { token, headers });
  return (reply.body as { ticket: string }).ticket;
}

describe('the handshake', () => {
  it('opens for a token, whatever the case of the header and of the scheme', async () => {
    for (const headers of [
      { Authorization: `Bearer ${token}` },
      { authorization: `bearer ${token}` },
      { AUTHORIZATION: `BEARER ${token}` },
    ]) {
      expect((await connect({ headers })).status).toBe(200);
    }
  });

  it('stores where the service calls back', async () => {
    const { item } = await connect({ headers: { authorization: `Bearer ${token}` } });
    expect(item).toMatchObject({ callback: 'https://abc.execute-api.us-east-1.amazonaws.com/dev' });
  });

  it('opens for a ticket, once', async () => {
    const ticket = await newTicket();
    expect((await connect({ queryStringParameters: { ticket } })).status).toBe(200);
    expect((await connect({ queryStringParameters: { ticket } })).status).toBe(401);
  });

  it('opens for a ticket of a page from that page alone', async () => {
    const ticket = await newTicket({ origin: ORIGIN });
    const elsewhere = { origin: 'https://other.example.com' };
    expect((await connect({ headers: elsewhere, queryStringParameters: { ticket } })).status).toBe(401);
    expect((await connect({ headers: { origin: ORIGIN }, queryStringParameters: { ticket } })).status).toBe(
      200,
    );
  });

  it.each([
    ['no credential', () => ({})],
    ['an empty ticket', () => ({ queryStringParameters: { ticket: '' } })],
    ['a made-up ticket', () => ({ queryStringParameters: { ticket: 'A'.repeat(22) } })],
    ['a token in the address', () => ({ queryStringParameters: { token } })],
    ['another scheme', () => ({ headers: { authorization: `Basic ${token}` } })],
    ['two words', () => ({ headers: { authorization: `Bearer ${token} ${token}` } })],
    ['a token that is none', () => ({ headers: { authorization: 'Bearer nonsense' } })],
    ['alg: none', () => ({ headers: { authorization: `Bearer ${unsignedToken(token)}` } })],
    ['a forged token', () => ({ headers: { authorization: `Bearer ${forgedToken(token)}` } })],
    ['a confused algorithm', () => ({ headers: { authorization: `Bearer ${confusedToken(token, 'key')}` } })],
    [
      'another’s name under the signature',
      () => ({ headers: { authorization: `Bearer ${alteredToken(token, { sub: 'mallory' })}` } }),
    ],
    [
      // A ticket must not be tried where a header was wrong: it would be spent.
      'a wrong token beside a good ticket',
      async () => ({
        headers: { authorization: 'Bearer nonsense' },
        queryStringParameters: { ticket: await newTicket() },
      }),
    ],
  ])('P7 no forgery: is refused with 401 for %s, and leaves nothing behind', async (_, handshake) => {
    expect(await connect(await handshake())).toEqual({ status: 401, item: undefined });
  });

  it('is refused with 403 for a foreign origin, before any credential is looked at', async () => {
    const ticket = await newTicket();
    for (const origin of ['https://evil.example.com', 'null', `${ORIGIN}.evil.example.com`, '']) {
      const refused = await connect({ headers: { origin }, queryStringParameters: { ticket } });
      expect(refused).toEqual({ status: 403, item: undefined });
    }
    expect((await connect({ queryStringParameters: { ticket } })).status).toBe(200);
  });

  it('opens for an allowed origin, and for who is no browser', async () => {
    const authorization = `Bearer ${token}`;
    expect((await connect({ headers: { authorization, Origin: ORIGIN } })).status).toBe(200);
    expect((await connect({ headers: { authorization } })).status).toBe(200);
  });

  it('tells nothing but a code', async () => {
    const answer = await sockets.call('$connect', { requestContext: contextOf('handshake-code') });
    expect(JSON.parse(answer.body ?? '')).toEqual({
      error: { code: 'unauthenticated', message: expect.stringMatching(/^unable to authenticate; /) },
    });
  });
});

describe('the limit of a connection', () => {
  it('is what protocol.md says where the stack sets none: 30 at once', async () => {
    const connection = await sockets.open(token);
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) => sockets.send(connection, { action: 'ping', id: `p${index}` })),
    );
    const limited = replies.filter(({ error }) => error?.code === 'rate_limited');
    expect(replies.length - limited.length).toBeGreaterThanOrEqual(30);
    expect(replies.length - limited.length).toBeLessThanOrEqual(32);
    for (const { error } of limited) expect(error?.retryAfterMs).toBeGreaterThan(0);
  });

  it('counts frames that are no commands too', async () => {
    const connection = await sockets.open(token);
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 40; n++) codes.push((await sockets.sendText(connection, 'nonsense')).error?.code);
    expect(codes.slice(0, 30).every((code) => code === 'bad_request')).toBe(true);
    expect(codes.at(-1)).toBe('rate_limited');
  });
});
