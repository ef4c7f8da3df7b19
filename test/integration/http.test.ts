import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../functions/http/app.ts';
import { endpoints } from '../../functions/http/endpoints.ts';
import { toLambda } from '../../functions/http/lambda.ts';
import { eventOf, type HttpApp, type Reply, startHttpApp } from '../helper/http-app.ts';

type Person = Awaited<ReturnType<HttpApp['newUser']>>;

let app: HttpApp;
let alice: Person;
let bob: Person;
let rooms = 0;

beforeAll(async () => {
  app = await startHttpApp();
  alice = await app.newUser('alice');
  bob = await app.newUser('bob');
});
afterAll(() => app.stop());

const as = (person: Person, method: string, target: string, body?: unknown): Promise<Reply> =>
  app.ask(method, target, { token: person.token, ...(body === undefined ? {} : { body }) });

/** A new room of alice. */
async function newRoom(kind: 'public' | 'private' = 'public', name?: string): Promise<string> {
  const room = `room-${++rooms}`;
  const reply = await as(alice, 'POST', '/api/rooms', { room, name: name ?? `Room ${rooms}`, kind });
  expect(reply.status).toBe(201);
  return room;
}

function codeOf(reply: Reply): string | undefined {
  return (reply.body as { error?: { code: string } }).error?.code;
}

/** Reads a list to its end, page by page. */
async function readAll<T>(person: Person, target: string): Promise<{ items: T[]; pages: number }> {
  const items: T[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const join = target.includes('?') ? '&' : '?';
    const reply = await as(person, 'GET', cursor ? `${target}${join}cursor=${cursor}` : target);
    expect(reply.status).toBe(200);
    const page = reply.body as { items: T[]; cursor?: string };
    items.push(...page.items);
    cursor = page.cursor;
    pages++;
  } while (cursor !== undefined);
  return { items, pages };
}

describe('rooms', () => {
  it('are opened, shown, joined and left', async () => {
    const made = await as(alice, 'POST', '/api/rooms', { name: 'Tea Room', kind: 'public', topic: 'Oolong' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ room: 'tea-room', name: 'Tea Room', kind: 'public', topic: 'Oolong' });
    expect((await as(bob, 'GET', '/api/rooms/tea-room')).body).toEqual(made.body);
    expect((await as(bob, 'POST', '/api/rooms/tea-room/join')).body).toMatchObject({
      room: 'tea-room',
      seq: 2,
    });
    expect((await as(bob, 'POST', '/api/rooms/tea-room/join')).body).toMatchObject({ seq: 2 });
    expect((await as(bob, 'POST', '/api/rooms/tea-room/leave')).body).toMatchObject({ seq: 3 });
    expect(codeOf(await as(bob, 'POST', '/api/rooms/tea-room/leave'))).toBe('forbidden');
  });

  it('are listed with what is unread, page by page', async () => {
    const carol = await app.newUser();
    const joined: string[] = [];
    for (let i = 0; i < 5; i++) joined.push(await newRoom());
    for (const room of joined) await as(carol, 'POST', `/api/rooms/${room}/join`);
    await as(alice, 'POST', `/api/rooms/${joined[0]}/messages`, { text: 'first' });
    const { items, pages } = await readAll<{ room: string; unread: number; lastMessage?: { text: string } }>(
      carol,
      '/api/rooms?limit=2',
    );
    expect(items.map(({ room }) => room).sort()).toEqual([...joined].sort());
    expect(pages).toBe(3);
    const first = items.find(({ room }) => room === joined[0]);
    expect(first).toMatchObject({ unread: 1, lastMessage: { text: 'first' } });
  });

  it('are found by the beginning of their name where they are public', async () => {
    const [shown, hidden] = [await newRoom('public', 'Xylophones'), await newRoom('private', 'Xylophobia')];
    await pause(50);
    const { items } = await readAll<{ room: string }>(bob, '/api/rooms/public?prefix=xylo');
    expect(items.map(({ room }) => room)).toContain(shown);
    expect(items.map(({ room }) => room)).not.toContain(hidden);
  });

  it('show their members to members', async () => {
    const room = await newRoom();
    await as(bob, 'POST', `/api/rooms/${room}/join`);
    const { items, pages } = await readAll<{ user: string; role: string }>(
      bob,
      `/api/rooms/${room}/members?limit=1`,
    );
    expect(items).toMatchObject([
      { user: 'alice', role: 'owner' },
      { user: 'bob', role: 'member' },
    ]);
    expect(pages).toBeGreaterThan(1);
  });

  it('P6 members only: a stranger neither reads nor writes', async () => {
    const room = await newRoom();
    for (const [method, path, body] of [
      ['GET', 'members'],
      ['GET', 'messages'],
      ['POST', 'messages', { text: 'let me in' }],
      ['POST', 'leave'],
    ] as const) {
      expect(codeOf(await as(bob, method, `/api/rooms/${room}/${path}`, body))).toBe('forbidden');
    }
  });

  it('P8 clean refusals: a hidden room looks like none, in every call', async () => {
    const hidden = await newRoom('private');
    for (const [method, path, body] of [
      ['GET', ''],
      ['POST', '/join'],
      ['POST', '/leave'],
      ['GET', '/members'],
      ['GET', '/messages'],
      ['POST', '/messages', { text: 'x' }],
    ] as const) {
      const real = await as(bob, method, `/api/rooms/${hidden}${path}`, body);
      const none = await as(bob, method, `/api/rooms/no-such-room${path}`, body);
      expect(real.status, `${method} ${path}`).toBe(404);
      expect(real.text).toBe(none.text);
      expect(Object.keys(real.headers)).toEqual(Object.keys(none.headers));
    }
  });

  it('never have the id that the list of public rooms stands at', async () => {
    const chosen = { room: 'public', name: 'Mine', kind: 'public' };
    expect(codeOf(await as(alice, 'POST', '/api/rooms', chosen))).toBe('bad_request');
    const named = await as(alice, 'POST', '/api/rooms', { name: 'Public!', kind: 'public' });
    expect(named.body).toMatchObject({ room: 'room-public', name: 'Public!' });
  });

  it('refuse an id that is taken', async () => {
    const room = await newRoom();
    expect(codeOf(await as(bob, 'POST', '/api/rooms', { room, name: 'Mine', kind: 'public' }))).toBe(
      'conflict',
    );
  });
});

describe('a cursor', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    ['no base64url', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['null', encode(null)],
    ['a table key', encode({ pk: 'ACCOUNT#bob', sk: 'ACCOUNT' })],
    ['another partition', encode({ room: 'x#y' })],
    ['a number', encode(7)],
  ])('that holds %s is refused by every list', async (_, cursor) => {
    const room = await newRoom();
    for (const list of ['/api/rooms', '/api/rooms/public', `/api/rooms/${room}/members`]) {
      const reply = await as(alice, 'GET', `${list}?cursor=${encodeURIComponent(cursor)}`);
      expect(reply.status, list).toBe(400);
      expect(codeOf(reply)).toBe('bad_request');
    }
  });

  it('of one room shows nothing of another', async () => {
    const [mine, other] = [await newRoom(), await newRoom('private')];
    const forged = encode({ user: 'aaa', room: other, gsi1pk: `ROOM#${other}` });
    const reply = await as(alice, 'GET', `/api/rooms/${mine}/members?cursor=${forged}`);
    expect(reply.body).toMatchObject({ items: [{ user: 'alice' }] });
  });
});

describe('messages', () => {
  it('are sent, and read back in order', async () => {
    const room = await newRoom();
    for (const text of ['one', 'two', 'three']) {
      expect((await as(alice, 'POST', `/api/rooms/${room}/messages`, { text })).status).toBe(201);
    }
    const page = await as(alice, 'GET', `/api/rooms/${room}/messages?limit=2`);
    expect(page.body).toMatchObject({
      room,
      more: true,
      messages: [
        { seq: 3, n: 2, text: 'two', user: 'alice' },
        { seq: 4, n: 3, text: 'three' },
      ],
    });
    const before = await as(alice, 'GET', `/api/rooms/${room}/messages?before=3`);
    expect(before.body).toMatchObject({ more: false, messages: [{ seq: 2, text: 'one' }] });
  });

  it('P3 once: the same id sent again, at once or later, makes one message', async () => {
    const room = await newRoom();
    const send = () => as(alice, 'POST', `/api/rooms/${room}/messages`, { id: 'm-1', text: 'once' });
    const replies = [...(await Promise.all([send(), send(), send()])), await send()];
    expect(new Set(replies.map((reply) => reply.text)).size).toBe(1);
    const { messages } = (await as(alice, 'GET', `/api/rooms/${room}/messages`)).body as {
      messages: unknown[];
    };
    expect(messages).toHaveLength(1);
  });

  it("P7 no forgery: user, number and time are not the client's to say", async () => {
    const room = await newRoom();
    for (const more of [{ user: 'bob' }, { seq: 99 }, { at: '2020-01-01T00:00:00.000Z' }, { n: 5 }]) {
      const reply = await as(alice, 'POST', `/api/rooms/${room}/messages`, { text: 'x', ...more });
      expect(reply.status).toBe(400);
    }
    expect((await as(alice, 'GET', `/api/rooms/${room}/messages`)).body).toMatchObject({ messages: [] });
  });

  it.each(['before=0', 'before=x', 'limit=0', 'limit=101', 'limit=1.5', 'limit=', 'thread=0'])(
    'are not read with %s',
    async (query) => {
      const room = await newRoom();
      expect(codeOf(await as(alice, 'GET', `/api/rooms/${room}/messages?${query}`))).toBe('bad_request');
    },
  );
});

describe('every call', () => {
  it('that is not open wants a token', async () => {
    const guarded = endpoints.filter(({ open }) => !open);
    expect(guarded.length).toBeGreaterThan(10);
    for (const { specification } of guarded) {
      const target = specification.path.replace('{room}', 'no-such-room');
      for (const options of [{}, { token: 'nonsense' }, { headers: { authorization: 'Basic YTpi' } }]) {
        const reply = await app.ask(specification.method, target, options);
        expect(reply.status, target).toBe(401);
        expect(reply.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  it('is answered with its id, uncached, and logged under that id', async () => {
    const reply = await as(alice, 'GET', '/api/auth/me');
    expect(reply.headers).toMatchObject({
      'x-request-id': 'request-1',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(app.log.at(-1) ?? '')).toMatchObject({
      message: 'answered',
      requestId: 'request-1',
      route: 'GET /api/auth/me',
      status: 200,
    });
  });

  it('that does not exist is not found, in the same shape', async () => {
    for (const [method, target] of [
      ['GET', '/'],
      ['GET', '/api'],
      ['GET', '/api/rooms/x/words'],
      ['PUT', '/api/auth/me'],
      ['PUT', '/health'],
      ['PUT', '/api/rooms/x/files'],
      ['GET', '/api/rooms//messages'],
    ] as const) {
      const reply = await as(alice, method, target);
      expect(reply.status, target).toBe(404);
      expect(codeOf(reply)).toBe('not_found');
    }
  });

  it('refuses a body over its limit, whatever its length claims', async () => {
    const room = await newRoom();
    const target = `/api/rooms/${room}/messages`;
    const raw = JSON.stringify({ text: 'x'.repeat(128 * 1_024) });
    for (const headers of [{}, { 'content-length': '2' }, { 'content-length': '99999999' }]) {
      const reply = await app.ask('POST', target, { token: alice.token, raw, headers });
      expect(reply.status).toBe(413);
    }
  });

  it.each(['', 'text/plain', 'application/x-www-form-urlencoded'])(
    'takes JSON with the content type %j',
    async (type) => {
      const room = await newRoom();
      const reply = await app.ask('POST', `/api/rooms/${room}/messages`, {
        token: alice.token,
        body: { text: 'x' },
        headers: { 'content-type': type },
      });
      expect(reply.status).toBe(201);
    },
  );

  it('answers a request that is no HTTP in the same shape', async () => {
    const event = eventOf('GET', '/health');
    // No client can ask so: the runtime's own Request refuses the method.
    event.requestContext.http.method = 'CONNECT';
    const result = await app.handler(event);
    expect(result.statusCode).toBe(400);
    expect(JSON.parse(result.body ?? '')).toMatchObject({ error: { code: 'bad_request' } });
    for (const headers of [{ 'x-odd': '\u0000' }, { 'x-odd': 'ключ' }]) {
      expect((await app.ask('GET', '/health', { headers })).status).toBe(200);
    }
    expect((await app.ask('GET', '/health', { raw: 'a body' })).status).toBe(200);
  });

  it('P8 clean refusals: tells nothing of a failure but its code, and the operator all', async () => {
    const { context } = app.services;
    const failing = createApp(
      {
        ...app.services,
        context: {
          ...context,
          chat: {
            ...context.chat,
            get: () => Promise.reject(new Error('the table Chat-XYZ fell over')),
          },
        },
      },
      endpoints,
    );
    const handler = toLambda((request, bindings) => failing.fetch(request, bindings));
    const result = await handler(eventOf('GET', '/api/auth/me', { token: alice.token }));
    expect(result.statusCode).toBe(500);
    expect(JSON.parse(result.body ?? '')).toEqual({
      error: { code: 'internal', message: 'unable to read the account; something failed on our side' },
    });
    expect(app.log.join('\n')).toContain('the table Chat-XYZ fell over');
  });
});

describe('the public documents', () => {
  it('hold the public keys, cacheable, and nothing private', async () => {
    const reply = await app.ask('GET', '/.well-known/jwks.json');
    expect(reply.headers['cache-control']).toBe('public, max-age=300');
    const { keys } = reply.body as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('verify a token for a stranger who has nothing else', async () => {
    const { createLocalJWKSet, jwtVerify } = await import('jose');
    const jwks = (await app.ask('GET', '/.well-known/jwks.json')).body as { keys: [] };
    const { payload } = await jwtVerify(alice.token, createLocalJWKSet(jwks));
    expect(payload).toMatchObject({ sub: 'alice', iss: 'parley-test', aud: 'parley-test' });
  });
});
