import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpApp, type Reply, startHttpApp } from '../helper/http-app.ts';

const MINUTE_MS = 60_000;
/** A whole minute, so that what is counted by the minute begins with the test; ahead, where the signing keys are there already. */
const START = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp({
    HTTP_CALLS_PER_MINUTE: '60',
    HTTP_CALL_BURST: '10',
    ADDRESS_CALLS_PER_MINUTE: '6',
    ADDRESS_CALL_BURST: '8',
    SAME_TEXT_PER_MINUTE: '2',
    LINKS_PER_MINUTE: '3',
    JOINS_PER_MINUTE: '2',
    MESSAGES_PER_SECOND_PER_ROOM: '6',
  });
});
afterAll(() => app.stop());

let minute = 0;
/** Begins a minute in which nobody has done anything. */
function nextMinute(): void {
  minute += 5;
  app.setClock(START + minute * MINUTE_MS);
}

const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status);
const refusal = (reply: Reply | undefined) => (reply?.body as { error: unknown } | undefined)?.error;

describe('the limits of HTTP calls', () => {
  it('admit a burst by one user, tell when to come again, and count what is refused for another reason', async () => {
    nextMinute();
    const { token } = await app.newUser();
    const replies = await Promise.all([
      ...Array.from({ length: 5 }, () => app.ask('GET', '/api/auth/me', { token })),
      ...Array.from({ length: 5 }, () => app.ask('GET', '/api/rooms/No Room', { token })),
    ]);
    expect(statuses(replies).sort()).toEqual([...Array(5).fill(200), ...Array(5).fill(400)]);
    const over = await app.ask('GET', '/api/auth/me', { token });
    expect(over.status).toBe(429);
    expect(over.headers['retry-after']).toBe('1');
    expect(refusal(over)).toEqual({
      code: 'rate_limited',
      message: 'unable to accept the call; this user calls too often',
      retryAfterMs: 1_000,
    });
    app.setClock(START + minute * MINUTE_MS + 1_000);
    expect(statuses([await app.ask('GET', '/api/auth/me', { token })])).toEqual([200]);
    expect(statuses([await app.ask('GET', '/api/auth/me', { token })])).toEqual([429]);
  });

  it('are each user’s own, and outrank what is wrong with the call', async () => {
    nextMinute();
    const [one, other] = [await app.newUser(), await app.newUser()];
    for (let call = 0; call < 10; call++) await app.ask('GET', '/api/auth/me', { token: one.token });
    expect(statuses([await app.ask('POST', '/api/rooms', { token: one.token, raw: 'no JSON' })])).toEqual([
      429,
    ]);
    expect(statuses([await app.ask('POST', '/api/rooms', { token: other.token, raw: 'no JSON' })])).toEqual([
      400,
    ]);
    expect(statuses([await app.ask('GET', '/api/auth/me', { token: 'none' })])).toEqual([401]);
  });

  it('write nothing before the call is admitted', async () => {
    nextMinute();
    const { token } = await app.newUser();
    for (let call = 0; call < 10; call++) await app.ask('GET', '/api/auth/me', { token });
    const body = { room: 'never', name: 'Never', kind: 'public' };
    expect(statuses([await app.ask('POST', '/api/rooms', { token, body })])).toEqual([429]);
    app.setClock(START + minute * MINUTE_MS + 5_000);
    expect(statuses([await app.ask('GET', '/api/rooms/never', { token })])).toEqual([404]);
  });

  it('hold back who registers, logs in or refreshes too often from one address, and nobody who reads', async () => {
    nextMinute();
    const guess = () => app.ask('POST', '/api/auth/refresh', { body: { refreshToken: 'none' } });
    const replies = [];
    for (let call = 0; call < 10; call++) replies.push(await guess());
    expect(statuses(replies)).toEqual([...Array(8).fill(401), 429, 429]);
    expect(refusal(replies.at(-1))).toEqual({
      code: 'rate_limited',
      message: 'unable to accept the call; too many calls come from this address',
      retryAfterMs: 10_000,
    });
    const register = { body: { username: 'late-comer', password: 'long enough' } };
    expect(statuses([await app.ask('POST', '/api/auth/register', register)])).toEqual([429]);
    expect(statuses([await app.ask('GET', '/health')])).toEqual([200]);
    app.setClock(START + minute * MINUTE_MS + 10_000);
    expect(statuses([await app.ask('POST', '/api/auth/register', register)])).toEqual([201]);
  });
});

describe('spam over HTTP', () => {
  it('is refused by user: the same text, links, joins', async () => {
    nextMinute();
    const { token } = await app.newUser();
    await app.ask('POST', '/api/rooms', {
      token,
      body: { room: 'spammed', name: 'Spammed', kind: 'public' },
    });
    const say = async (id: string, text: string) =>
      (await app.ask('POST', '/api/rooms/spammed/messages', { token, body: { id, text } })).status;
    expect([await say('a', 'buy this'), await say('b', 'Buy  this'), await say('c', 'buy this')]).toEqual([
      201, 201, 429,
    ]);
    // The same message again is no second one.
    expect(await say('a', 'buy this')).toBe(201);
    expect(await say('d', 'https://a.example https://b.example https://c.example www.d.example')).toBe(429);
    expect(await say('e', 'https://a.example https://b.example https://c.example')).toBe(201);
    nextMinute();
    const joins = [];
    for (let join = 0; join < 3; join++)
      joins.push(await app.ask('POST', '/api/rooms/spammed/join', { token }));
    expect(statuses(joins)).toEqual([200, 200, 429]);
  });

  it('a room takes so many messages a second', async () => {
    nextMinute();
    const { token } = await app.newUser();
    await app.ask('POST', '/api/rooms', { token, body: { room: 'busy', name: 'Busy', kind: 'public' } });
    const replies = [];
    for (let n = 0; n < 7; n++) {
      replies.push(await app.ask('POST', '/api/rooms/busy/messages', { token, body: { text: `text ${n}` } }));
    }
    expect(statuses(replies)).toEqual([...Array(6).fill(201), 429]);
    expect(refusal(replies.at(-1))).toMatchObject({
      message: 'unable to send; the room takes no more than 6 messages a second',
    });
  });
});
