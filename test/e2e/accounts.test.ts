import { beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, call, freshName, people, type Tokens } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { TIME } from '../helper/wire.ts';

let alice: Account;
beforeAll(async () => {
  [alice] = await people(endpoint(), 'alice');
});

const post = (path: string, body: unknown) => call(endpoint(), 'POST', path, { body });

describe('registering', () => {
  it('answers 201 with the user and tokens', async () => {
    const username = freshName('dora');
    const body = { username, password: 'correct horse', displayName: 'Dora 🦊' };
    const tokens = bodyOf<Tokens>(await post('/api/auth/register', body), 201);
    expect(tokens.user).toMatchObject({ user: username, displayName: 'Dora 🦊' });
    expect(tokens.accessToken.split('.')).toHaveLength(3);
    expect(tokens.refreshToken).not.toBe('');
    expect(tokens.expiresIn).toBeGreaterThan(0);
  });

  it('takes the username for a display name where none is given', async () => {
    const username = freshName('erik');
    const tokens = bodyOf<Tokens>(
      await post('/api/auth/register', { username, password: 'correct horse' }),
      201,
    );
    expect(tokens.user.displayName).toBe(username);
  });

  it('refuses a taken name with 409', async () => {
    const answer = await post('/api/auth/register', { username: alice.user, password: 'another one' });
    expect(answer).toBeRefused('conflict');
  });

  it('gives a name to one of ten who ask for it at once', async () => {
    const username = freshName('race');
    const asked = Array.from({ length: 10 }, (_, index) =>
      post('/api/auth/register', { username, password: `password ${index}` }),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9);
  });

  it.each([
    ['no name', { password: 'long enough' }],
    ['no password', { username: 'somebody' }],
    ['a name of two characters', { username: 'ab', password: 'long enough' }],
    ['a name of 33 characters', { username: 'a'.repeat(33), password: 'long enough' }],
    ['a name with capitals', { username: 'Somebody', password: 'long enough' }],
    ['a name with a space', { username: 'some body', password: 'long enough' }],
    ['a name with a slash', { username: 'some/body', password: 'long enough' }],
    ['a name with a key separator', { username: 'some#body', password: 'long enough' }],
    ['a name that is a number', { username: 12345, password: 'long enough' }],
    ['a name that is a list', { username: ['somebody'], password: 'long enough' }],
    ['a password of seven characters', { username: 'somebody', password: '1234567' }],
    ['a password of a hundred thousand characters', { username: 'somebody', password: 'x'.repeat(100_000) }],
    ['a lone surrogate in the password', { username: 'somebody', password: 'long enough \ud800' }],
    ['an empty display name', { username: 'somebody', password: 'long enough', displayName: '' }],
    ['a role', { username: 'somebody', password: 'long enough', role: 'owner' }],
    ['null', null],
    ['a list', []],
    ['a text', 'somebody'],
  ])('P8 clean refusals: refuses %s', async (_, body) => {
    expect(await post('/api/auth/register', body)).toBeRefused('bad_request');
  });
});

describe('logging in', () => {
  it('answers 200 with the user and tokens that work', async () => {
    const { user, password } = alice;
    const tokens = bodyOf<Tokens>(await post('/api/auth/login', { username: user, password }), 200);
    expect(tokens.user.user).toBe(user);
    const me = await call(endpoint(), 'GET', '/api/auth/me', { token: tokens.accessToken });
    expect(bodyOf<{ user: string }>(me, 200).user).toBe(user);
  });

  it('does not tell a wrong name from a wrong password', async () => {
    const wrongPassword = await post('/api/auth/login', { username: alice.user, password: 'wrong password' });
    const wrongName = await post('/api/auth/login', {
      username: freshName('nobody'),
      password: 'wrong password',
    });
    expect(wrongPassword).toBeRefused('unauthenticated');
    expect(wrongName).toBeRefused('unauthenticated');
    expect(wrongName.body).toEqual(wrongPassword.body);
  });

  it('does not tell a name that cannot exist from a wrong password', async () => {
    const answer = await post('/api/auth/login', { username: 'No Such#Name', password: 'wrong password' });
    expect(answer).toBeRefused('unauthenticated');
  });

  it.each([
    ['no password', { username: 'somebody' }],
    ['a password that is an object', { username: 'somebody', password: { $ne: '' } }],
    ['one field too many', { username: 'somebody', password: 'long enough', admin: true }],
  ])('P8 clean refusals: refuses %s', async (_, body) => {
    expect(await post('/api/auth/login', body)).toBeRefused('bad_request');
  });
});

describe('who I am', () => {
  it('answers with the user', async () => {
    const me = bodyOf<Record<string, unknown>>(await alice.call('GET', '/api/auth/me'), 200);
    expect(me).toMatchObject({ user: alice.user, displayName: alice.user });
    if (me.createdAt !== undefined) expect(me.createdAt).toMatch(TIME);
    expect(JSON.stringify(me)).not.toMatch(/argon2|hash|password/i);
  });

  it('refuses who brings no token with 401', async () => {
    expect(await call(endpoint(), 'GET', '/api/auth/me')).toBeRefused('unauthenticated');
  });

  it('refuses what is no bearer token with 401', async () => {
    for (const authorization of [
      'Bearer',
      'Bearer nonsense',
      `Basic ${alice.token}`,
      alice.token,
      'Bearer a.b.c',
    ]) {
      const answer = await call(endpoint(), 'GET', '/api/auth/me', { headers: { authorization } });
      expect(answer).toBeRefused('unauthenticated');
    }
  });
});

describe('the public documents', () => {
  it('say that the service is well', async () => {
    const answer = await call(endpoint(), 'GET', '/health');
    expect(bodyOf<Record<string, unknown>>(answer, 200)).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  it('hold the public signing keys, and nothing private', async () => {
    const answer = await call(endpoint(), 'GET', '/.well-known/jwks.json');
    const { keys } = bodyOf<{ keys: Record<string, unknown>[] }>(answer, 200);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', kid: expect.any(String) });
      expect(key).not.toHaveProperty('d');
    }
  });
});
