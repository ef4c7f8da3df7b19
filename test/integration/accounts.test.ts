import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refreshSession } from '../../shared/auth/sessions.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { Tokens, User } from '../../shared/protocol/rest.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.stop());

const password = 'correct horse battery staple';

function register(body: object) {
  return app.ask('POST', '/api/auth/register', { body });
}

/** The account and its sessions. */
async function itemsOf(name: string) {
  const { chat } = app.runtime.context;
  const user = UserId.parse(name);
  const pages = [chatKeys.account(user), chatKeys.session(user, '')].map(({ pk }) =>
    chat.queryAll({ where: 'pk = :pk', values: { ':pk': pk } }),
  );
  return (await Promise.all(pages)).flat();
}

describe('POST /api/auth/register', () => {
  it('makes an account and logs in', async () => {
    const reply = await register({ username: 'alice', password, displayName: 'Alice A.' });
    expect(reply.status).toBe(201);
    const tokens = Tokens.parse(reply.body);
    expect(tokens.user).toEqual({ user: 'alice', displayName: 'Alice A.', createdAt: expect.any(String) });
    expect(tokens.expiresIn).toBe(900);
    const me = await app.ask('GET', '/api/auth/me', { token: tokens.accessToken });
    expect(me.status).toBe(200);
    expect(User.parse(me.body)).toEqual(tokens.user);
  });

  it('stores the password as argon2id, and no token in the clear', async () => {
    const { user, refreshToken, token } = await app.newUser();
    const items = await itemsOf(user);
    const text = JSON.stringify(items);
    expect(items.map((item) => item.sk)).toEqual(['ACCOUNT', expect.stringMatching(/^SESSION#/)]);
    expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(text).not.toContain(refreshToken.split('.')[2]);
    expect(text).not.toContain(token);
  });

  it('refuses a name that is taken, and leaves the account as it was', async () => {
    const { user, password: own } = await app.newUser();
    const reply = await register({ username: user, password: 'something else' });
    expect(reply.status).toBe(409);
    expect(reply.body).toEqual({
      error: { code: 'conflict', message: 'unable to register; the username is taken' },
    });
    const login = await app.ask('POST', '/api/auth/login', { body: { username: user, password: own } });
    expect(login.status).toBe(200);
  });

  it('lets one of many who ask for the same name at once have it', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) => register({ username: 'wanted', password: `password ${i}` })),
    );
    expect(replies.map((reply) => reply.status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    const items = await itemsOf('wanted');
    expect(items.map((item) => item.sk)).toEqual(['ACCOUNT', expect.stringMatching(/^SESSION#/)]);
    const winner = replies.findIndex((reply) => reply.status === 201);
    const login = await app.ask('POST', '/api/auth/login', {
      body: { username: 'wanted', password: `password ${winner}` },
    });
    expect(login.status).toBe(200);
  });

  it('knows its own first success when the answer of the database got lost', async () => {
    // A proxy that carries the first put out, and cuts the line before its answer.
    let cuts = 0;
    const upstream = new URL(app.database.endpoint);
    const proxy = createServer(async (socket) => {
      const { connect } = await import('node:net');
      const server = connect(Number(upstream.port), upstream.hostname);
      let put = false;
      socket.on('data', (data) => {
        put ||= data.includes('PutItem');
        server.write(data);
      });
      server.on('data', (data) => {
        if (put && cuts++ === 0) socket.destroy();
        else socket.write(data);
      });
      for (const end of [socket, server]) end.on('error', () => undefined);
      socket.on('close', () => server.destroy());
      server.on('close', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    const { createRuntime } = await import('../../functions/runtime/runtime.ts');
    const { register: registerAccount } = await import('../../shared/auth/accounts.ts');
    const { context } = createRuntime({
      ...app.runtime.environment,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}`,
    });
    const user = await registerAccount(context, { username: UserId.parse('lost-answer'), password });
    expect(user.user).toBe('lost-answer');
    expect(cuts).toBeGreaterThan(1);
    proxy.close();
  });

  it.each([
    ['no body', undefined, ''],
    ['a name with capitals', { username: 'Alice', password }, 'username'],
    ['a name that is too short', { username: 'al', password }, 'username'],
    ['a name of 33 characters', { username: 'a'.repeat(33), password }, 'username'],
    ['a short password', { username: 'newcomer', password: '1234567' }, 'password'],
    [
      'a password of eight characters that are three letters',
      { username: 'newcomer', password: 'u\u0308\u0304u\u0308\u0304u\u0308' },
      'password',
    ],
    ['a password that is no text', { username: 'newcomer', password: 12345678 }, 'password'],
    ['an empty display name', { username: 'newcomer', password, displayName: '' }, 'displayName'],
    ['a lone surrogate', { username: 'newcomer', password, displayName: '\ud800' }, 'displayName'],
    ['a role of its own choice', { username: 'newcomer', password, role: 'owner' }, ''],
    ['a list', [], ''],
    ['null', null, ''],
  ])('refuses %s', async (_, body, path) => {
    const reply = await app.ask('POST', '/api/auth/register', body === undefined ? {} : { body });
    expect(reply.status).toBe(400);
    const { error } = reply.body as { error: { code: string; issues?: { path: string }[] } };
    expect(error.code).toBe('bad_request');
    if (path !== '') expect(error.issues?.map((issue) => issue.path)).toContain(path);
  });

  it('takes no field from the prototype', async () => {
    const reply = await app.ask('POST', '/api/auth/register', {
      raw: `{"username":"proto","password":"${password}","__proto__":{"displayName":"x"}}`,
    });
    expect(reply.status).toBe(400);
  });
});

describe('POST /api/auth/login', () => {
  it('gives tokens for the right password', async () => {
    const { user, password: own } = await app.newUser();
    const reply = await app.ask('POST', '/api/auth/login', { body: { username: user, password: own } });
    expect(reply.status).toBe(200);
    expect(Tokens.parse(reply.body).user.user).toBe(user);
  });

  it('P8 tells a wrong name from a wrong password neither in words nor in time', async () => {
    const { user } = await app.newUser();
    const ask = (username: string, given: string) =>
      app.ask('POST', '/api/auth/login', { body: { username, password: given } });
    const replies = await Promise.all([
      ask(user, 'wrong password'),
      ask('nobody-here', 'wrong password'),
      ask('Not A Name', 'wrong password'),
      ask(user, ''),
      ask('nobody-here', ''),
    ]);
    for (const reply of replies) {
      expect(reply.status).toBe(401);
      expect(reply.text).toBe(replies[0]?.text);
    }
    // By turns, so that a busy machine slows both alike.
    const times: Record<string, number[]> = { [user]: [], 'nobody-here': [] };
    for (let i = 0; i < 18; i++) {
      const username = i % 2 === 0 ? user : 'nobody-here';
      const startedAt = performance.now();
      await ask(username, 'wrong password');
      times[username]?.push(performance.now() - startedAt);
    }
    const [known = 0, unknown = 0] = Object.values(times).map((list) => list.sort((x, y) => x - y)[4]);
    // Without the hash for nobody the ratio is beyond ten.
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(3);
  });

  it('puts a hash of today in the place of one with older parameters', async () => {
    const { user, password: own } = await app.newUser();
    const { argon2id } = await import('hash-wasm');
    const old = await argon2id({
      password: own,
      salt: Buffer.alloc(16, 1),
      memorySize: 1_024,
      iterations: 1,
      parallelism: 1,
      hashLength: 32,
      outputType: 'encoded',
    });
    const key = chatKeys.account(UserId.parse(user));
    await app.runtime.context.chat.update(key, { update: 'SET passwordHash = :h', values: { ':h': old } });
    const ask = () => app.ask('POST', '/api/auth/login', { body: { username: user, password: own } });
    expect((await ask()).status).toBe(200);
    const item = await app.runtime.context.chat.get(key);
    expect(item?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await ask()).status).toBe(200);
  });
});

describe('POST /api/auth/refresh', () => {
  const refresh = (refreshToken: string) => app.ask('POST', '/api/auth/refresh', { body: { refreshToken } });
  afterAll(() => app.setClock(undefined));

  it('gives a new refresh token, and the new one works', async () => {
    const { user, refreshToken } = await app.newUser();
    const first = Tokens.parse((await refresh(refreshToken)).body);
    expect(first.user.user).toBe(user);
    expect(first.refreshToken).not.toBe(refreshToken);
    expect((await refresh(first.refreshToken)).status).toBe(200);
    expect((await app.ask('GET', '/api/auth/me', { token: first.accessToken })).status).toBe(200);
  });

  it('gives the same new token to two who ask at once, and to one whose answer got lost', async () => {
    const { refreshToken } = await app.newUser();
    const replies = await Promise.all([refresh(refreshToken), refresh(refreshToken), refresh(refreshToken)]);
    const tokens = new Set(replies.map((reply) => Tokens.parse(reply.body).refreshToken));
    expect(tokens.size).toBe(1);
    app.setClock(Date.now() + 9_000);
    expect(Tokens.parse((await refresh(refreshToken)).body).refreshToken).toBe([...tokens][0]);
    app.setClock(undefined);
  });

  it('ends the session when a token is used again later', async () => {
    const { refreshToken } = await app.newUser();
    const next = Tokens.parse((await refresh(refreshToken)).body).refreshToken;
    app.setClock(Date.now() + 11_000);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(next)).status).toBe(401);
    app.setClock(undefined);
  });

  it('ends the session when a token before the last one comes back', async () => {
    const { refreshToken } = await app.newUser();
    const second = Tokens.parse((await refresh(refreshToken)).body).refreshToken;
    const third = Tokens.parse((await refresh(second)).body).refreshToken;
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(third)).status).toBe(401);
  });

  it('refuses a session that was not used for thirty days', async () => {
    const { refreshToken } = await app.newUser();
    app.setClock(Date.now() + 31 * 86_400_000);
    expect((await refresh(refreshToken)).status).toBe(401);
    app.setClock(undefined);
  });

  it.each(['', '.', 'a.b.c', `${Buffer.from('x#y').toString('base64url')}.s.${'A'.repeat(43)}`])(
    'refuses %j',
    async (token) => {
      const reply = await refresh(token);
      expect(reply.status).toBe(401);
      await expect(refreshSession(app.runtime.context, token)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    },
  );
});

describe('/api/auth/me', () => {
  it('changes the display name', async () => {
    const { token } = await app.newUser();
    const reply = await app.ask('PATCH', '/api/auth/me', { token, body: { displayName: 'Zoë 🎈' } });
    expect(User.parse(reply.body).displayName).toBe('Zoë 🎈');
    expect(User.parse((await app.ask('GET', '/api/auth/me', { token })).body).displayName).toBe('Zoë 🎈');
    expect((await app.ask('PATCH', '/api/auth/me', { token, body: {} })).status).toBe(200);
  });

  it('P7 takes nothing else from the client', async () => {
    const { token } = await app.newUser();
    for (const body of [{ user: 'mallory' }, { createdAt: '2020-01-01T00:00:00.000Z' }, { displayName: 7 }]) {
      expect((await app.ask('PATCH', '/api/auth/me', { token, body })).status).toBe(400);
    }
  });

  it('refuses a token whose account is gone', async () => {
    const { user, token } = await app.newUser();
    await app.runtime.context.chat.delete(chatKeys.account(UserId.parse(user)));
    expect((await app.ask('GET', '/api/auth/me', { token })).status).toBe(401);
    const body = { displayName: 'ghost' };
    expect((await app.ask('PATCH', '/api/auth/me', { token, body })).status).toBe(401);
  });
});

it('writes no password, token or ticket to the log', async () => {
  const { token, refreshToken, password: own } = await app.newUser();
  const reply = await app.ask('POST', '/api/auth/ticket', { token });
  const { ticket } = reply.body as { ticket: string };
  const log = app.log.join('\n');
  expect(log).toContain('POST /api/auth/ticket');
  for (const secret of [token, refreshToken, own, ticket]) expect(log).not.toContain(secret);
});
