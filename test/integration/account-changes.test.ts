import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { login } from '../../shared/auth/accounts.ts';
import { PASSWORDS } from '../../shared/auth/passwords.ts';
import { getTombstone } from '../../shared/data/accounts.ts';
import { listSessions } from '../../shared/data/sessions.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { Tokens } from '../../shared/protocol/rest.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.stop());

async function logIn(user: string, password: string) {
  const reply = await app.ask('POST', '/api/auth/login', { body: { username: user, password } });
  return { status: reply.status, ...(reply.status === 200 ? { tokens: Tokens.parse(reply.body) } : {}) };
}
const refresh = (refreshToken = '') => app.ask('POST', '/api/auth/refresh', { body: { refreshToken } });
const sessionsOf = async (user: string) => listSessions(app.runtime.context.chat, UserId.parse(user));

describe('POST /api/auth/logout', () => {
  it('P9 ends this session alone', async () => {
    const { user, token, refreshToken, password } = await app.newUser();
    const other = (await logIn(user, password)).tokens;
    expect((await app.ask('POST', '/api/auth/logout', { token })).status).toBe(204);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(other?.refreshToken)).status).toBe(200);
  });

  it('P9 ends all of them with everywhere=true', async () => {
    const { user, token, refreshToken, password } = await app.newUser();
    const other = (await logIn(user, password)).tokens;
    expect((await app.ask('POST', '/api/auth/logout?everywhere=true', { token })).status).toBe(204);
    for (const one of [refreshToken, other?.refreshToken]) expect((await refresh(one)).status).toBe(401);
    expect(await sessionsOf(user)).toEqual([]);
  });

  it.each(['everywhere=', 'everywhere=1', 'everywhere=yes'])('refuses %s', async (query) => {
    const { token } = await app.newUser();
    expect((await app.ask('POST', `/api/auth/logout?${query}`, { token })).status).toBe(400);
  });
});

describe('a change of the password', () => {
  const change = (token: string, current: string, next: string) =>
    app.ask('PATCH', '/api/auth/me', { token, body: { password: { current, next } } });

  it('takes effect, and P9 ends the other sessions', async () => {
    const { user, token, refreshToken, password } = await app.newUser();
    const other = (await logIn(user, password)).tokens;
    expect((await change(token, password, 'the next password')).status).toBe(200);
    expect((await logIn(user, password)).status).toBe(401);
    expect((await logIn(user, 'the next password')).status).toBe(200);
    expect((await refresh(refreshToken)).status).toBe(200);
    expect((await refresh(other?.refreshToken)).status).toBe(401);
  });

  it('is forbidden with a wrong current one, and slowed down like logging in', async () => {
    const { user, token, refreshToken, password } = await app.newUser();
    const wrong = await change(token, 'not the password', 'the next password');
    expect(wrong.status).toBe(403);
    expect(wrong.body).toMatchObject({ error: { code: 'forbidden' } });
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) statuses.push((await change(token, 'nor this one', 'whatever else')).status);
    expect(statuses.filter((status) => status === 403)).toHaveLength(9);
    expect(statuses.at(-1)).toBe(429);
    expect((await logIn(user, password)).status).toBe(429);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('refuses a next one that is none', async () => {
    const { token, password } = await app.newUser();
    expect((await change(token, password, 'short')).status).toBe(400);
  });

  it('lets one of two that come at once through', async () => {
    const { user, token, password } = await app.newUser();
    const replies = await Promise.all([
      change(token, password, 'the first next one'),
      change(token, password, 'the second next one'),
    ]);
    const won = replies.findIndex(({ status }) => status === 200);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    const next = ['the first next one', 'the second next one'][won] ?? '';
    expect((await logIn(user, next)).status).toBe(200);
  });

  it('leaves no session to a login with the old one that was under way', async () => {
    const { user, token, password } = await app.newUser();
    const passwords = {
      ...PASSWORDS,
      async verify(text: string, hash: string | undefined) {
        const valid = await PASSWORDS.verify(text, hash);
        // The change comes between the check and the session.
        expect((await change(token, password, 'the next password')).status).toBe(200);
        return valid;
      },
    };
    const source = '192.0.2.1';
    const attempt = login(app.runtime.context, { username: user, password, source }, passwords);
    await expect(attempt).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await sessionsOf(user)).toHaveLength(1);
  });
});

describe('DELETE /api/auth/me', () => {
  it('refuses login and refresh at once, and never gives the name again', async () => {
    const { user, token, refreshToken, password } = await app.newUser();
    expect((await app.ask('DELETE', '/api/auth/me', { token })).status).toBe(204);
    expect((await logIn(user, password)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await app.ask('GET', '/api/auth/me', { token })).status).toBe(401);
    expect((await app.ask('DELETE', '/api/auth/me', { token })).status).toBe(401);
    const again = { username: user, password: 'another password' };
    expect((await app.ask('POST', '/api/auth/register', { body: again })).status).toBe(409);
    expect(await sessionsOf(user)).toEqual([]);
  });

  it('leaves no hash and no display name, but a pseudonym', async () => {
    const { user, token } = await app.newUser();
    await app.ask('DELETE', '/api/auth/me', { token });
    const { chat } = app.runtime.context;
    const item = await chat.get({ pk: `ACCOUNT#${user}`, sk: 'ACCOUNT' });
    expect(Object.keys(item ?? {}).sort()).toEqual(['deletedAt', 'pk', 'pseudonym', 'sk', 'state']);
    const tombstone = await getTombstone(chat, UserId.parse(user));
    expect(tombstone?.pseudonym).toMatch(/^deleted-[0-9a-f]{12}$/);
  });

  it('keeps pseudonyms from being registered', async () => {
    const body = { username: 'deleted-0123456789ab', password: 'long enough' };
    expect((await app.ask('POST', '/api/auth/register', { body })).status).toBe(409);
  });
});
