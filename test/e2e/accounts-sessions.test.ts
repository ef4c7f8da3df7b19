/** What ends a session, and with it the sockets that it opened. */
import { describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { bodyOf, call, freshName, register, type Tokens } from '../helper/account.ts';
import { type Client, openClient } from '../helper/client.ts';
import { endpoint } from '../helper/endpoint.ts';

async function logIn(user: string, password: string) {
  const answer = await call(endpoint(), 'POST', '/api/auth/login', { body: { username: user, password } });
  return bodyOf<Tokens>(answer, 200);
}
const refresh = (refreshToken: string) =>
  call(endpoint(), 'POST', '/api/auth/refresh', { body: { refreshToken } });
const connect = (token: string) => openClient(endpoint(), { token });

async function untilClosed(client: Client, code: string): Promise<void> {
  const frame = await client.waitFor('a closing frame', () =>
    client.frames.find(({ type }) => type === 'closing'),
  );
  expect(frame).toEqual({ type: 'closing', code, reconnect: false });
  await client.closed;
}

/** A user who is logged in twice, with a socket from each. */
async function twice() {
  const first = await register(endpoint(), 'twice');
  const second = await logIn(first.user, first.password);
  const sockets = [await first.connect(), await connect(second.accessToken)] as const;
  return { first, second, sockets };
}

describe('logging out', () => {
  it('P9 ends this session with its connections, and no other', async () => {
    const { first, second, sockets } = await twice();
    expect((await first.call('POST', '/api/auth/logout')).status).toBe(204);
    await untilClosed(sockets[0], 'session_revoked');
    expect(await first.call('GET', '/api/auth/me')).toBeRefused('unauthenticated');
    await sockets[1].command('ping');
    const me = await call(endpoint(), 'GET', '/api/auth/me', { token: second.accessToken });
    expect(me.status).toBe(200);
    sockets[1].terminate();
  });

  it('P9 ends all of them with everywhere=true', async () => {
    const { first, second, sockets } = await twice();
    expect((await first.call('POST', '/api/auth/logout?everywhere=true')).status).toBe(204);
    await Promise.all(sockets.map((socket) => untilClosed(socket, 'session_revoked')));
    expect(await refresh(second.refreshToken)).toBeRefused('unauthenticated');
  });

  it('refuses who is not logged in', async () => {
    expect(await call(endpoint(), 'POST', '/api/auth/logout')).toBeRefused('unauthenticated');
  });
});

describe('a refresh token', () => {
  it('P9 that is used again after the next one was used ends its session with its connections', async () => {
    const user = await register(endpoint(), 'reuse');
    const tokens = await logIn(user.user, user.password);
    const socket = await connect(tokens.accessToken);
    const next = bodyOf<Tokens>(await refresh(tokens.refreshToken), 200);
    const last = bodyOf<Tokens>(await refresh(next.refreshToken), 200);
    expect(await refresh(tokens.refreshToken)).toBeRefused('unauthenticated');
    await untilClosed(socket, 'session_revoked');
    expect(await refresh(last.refreshToken)).toBeRefused('unauthenticated');
    expect((await user.call('GET', '/api/auth/me')).status).toBe(200);
  });

  it('may be sent again right away, as an answer can get lost', async () => {
    const user = await register(endpoint(), 'lost');
    const tokens = await logIn(user.user, user.password);
    const socket = await connect(tokens.accessToken);
    const first = bodyOf<Tokens>(await refresh(tokens.refreshToken), 200);
    const again = bodyOf<Tokens>(await refresh(tokens.refreshToken), 200);
    expect(again.refreshToken).toBe(first.refreshToken);
    await socket.command('ping');
    socket.terminate();
  });
});

describe('a new password', () => {
  it('P9 ends the other sessions with their connections', async () => {
    const { first, second, sockets } = await twice();
    const password = { current: first.password, next: 'another long one' };
    expect((await first.call('PATCH', '/api/auth/me', { password })).status).toBe(200);
    await untilClosed(sockets[1], 'session_revoked');
    await sockets[0].command('ping');
    expect(await refresh(second.refreshToken)).toBeRefused('unauthenticated');
    const old = { username: first.user, password: first.password };
    expect(await call(endpoint(), 'POST', '/api/auth/login', { body: old })).toBeRefused('unauthenticated');
    await logIn(first.user, 'another long one');
    first.disconnect();
  });

  it('needs the current one', async () => {
    const user = await register(endpoint(), 'forgot');
    const password = { current: 'not the password', next: 'another long one' };
    expect(await user.call('PATCH', '/api/auth/me', { password })).toBeRefused('forbidden');
    await logIn(user.user, user.password);
  });
});

describe('too many wrong passwords', () => {
  it('make the next attempt wait, whether there is such a user or not', async () => {
    const user = await register(endpoint(), 'guessed');
    for (const username of [user.user, freshName('nobody')]) {
      const tries = Array.from({ length: 12 }, () =>
        call(endpoint(), 'POST', '/api/auth/login', { body: { username, password: 'wrong password' } }),
      );
      const refused = (await Promise.all(tries)).filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]).toBeRefused('rate_limited');
      expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // Who is logged in goes on.
    expect((await user.call('GET', '/api/auth/me')).status).toBe(200);
  });
});
