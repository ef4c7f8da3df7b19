import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { Account, bodyOf, call, freshName, people, register, type Tokens } from '../helper/account.ts';
import { type Client, openClient } from '../helper/client.ts';
import { untilClosed } from '../helper/closing.ts';
import { endpoint, patience, pause, target } from '../helper/endpoint.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
const accounts: Account[] = [];
afterAll(() => {
  for (const account of [alice, bob, ...accounts]) account.disconnect();
});

/** protocol.md says "within seconds"; on the engine, which polls its streams at once, it is two. */
const WITHIN_MS = target() === 'engine' ? 2_000 : patience().forWhatMustCome;

interface Login {
  readonly account: Account;
  readonly refreshToken: string;
}

/** Another session of a user, as on a second device. */
async function login({ user, password }: Account): Promise<Login> {
  const body = { username: user, password };
  const tokens = bodyOf<Tokens>(await call(endpoint(), 'POST', '/api/auth/login', { body }), 200);
  const account = new Account(endpoint(), user, password, tokens.accessToken);
  accounts.push(account);
  return { account, refreshToken: tokens.refreshToken };
}

async function newRoom(owner: Account): Promise<string> {
  const room = freshName('revocation');
  bodyOf(await owner.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  return room;
}

/** Does something that ends a right, and how the connection ends then. */
async function endedBy(client: Client, act: () => Promise<unknown>) {
  const from = Date.now();
  await act();
  const end = await untilClosed(client, WITHIN_MS);
  expect(Date.now() - from, 'milliseconds until the close').toBeLessThan(WITHIN_MS);
  return end;
}

const refresh = (refreshToken: string) =>
  call(endpoint(), 'POST', '/api/auth/refresh', { body: { refreshToken } });

describe('P9 revocation: a logout', () => {
  it('closes the connections of its session, each told why, and no other', async () => {
    const [phone, laptop] = [await login(alice), await login(alice)];
    const clients = [await phone.account.connect(), await phone.account.connect()] as const;
    const other = await laptop.account.connect();
    const logout = phone.account.call('POST', '/api/auth/logout');
    const ends = await Promise.all(clients.map((client) => endedBy(client, () => logout)));
    expect(ends).toEqual(clients.map(() => ({ code: 'session_revoked', reconnect: false })));
    bodyOf(await logout, 204);
    await other.command('ping');
  });

  it('everywhere closes all connections of the user', async () => {
    const carol = await register(endpoint(), 'carol');
    const [phone, laptop] = [await login(carol), await login(carol)];
    const clients = [await phone.account.connect(), await laptop.account.connect()] as const;
    const logout = phone.account.call('POST', '/api/auth/logout?everywhere=true');
    const ends = await Promise.all(clients.map((client) => endedBy(client, () => logout)));
    expect(ends).toEqual(clients.map(() => ({ code: 'session_revoked', reconnect: false })));
  });

  it('is the end of the token and of its tickets at once', async () => {
    const { account, refreshToken } = await login(alice);
    const ticket = await account.ticket();
    bodyOf(await account.call('POST', '/api/auth/logout'), 204);
    bodyOf(await account.call('GET', '/api/auth/me'), 401);
    bodyOf(await refresh(refreshToken), 401);
    await expect(openClient(endpoint(), { ticket })).rejects.toThrow(/refused with 40[13]/);
    await expect(openClient(endpoint(), { token: account.token })).rejects.toThrow(/refused with 40[13]/);
  });

  it('is the last that its connections hear', async () => {
    const room = await newRoom(bob);
    const { account } = await login(alice);
    bodyOf(await account.call('POST', `/api/rooms/${room}/join`), 200);
    const client = await account.connect();
    bodyOf(await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'before' }), 201);
    await client.untilHeard(room, 3);
    await endedBy(client, () => account.call('POST', '/api/auth/logout'));
    bodyOf(await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'after' }), 201);
    await pause(patience().forWhatMustNot);
    expect(client.frames.at(-1)).toMatchObject({ type: 'closing' });
    expect(client.heard(room).map(({ seq }) => seq)).not.toContain(4);
  });
});

describe('P9 revocation: a session ends with its connections', () => {
  it('where a refresh token is used that was used up long ago', async () => {
    const { account, refreshToken } = await login(alice);
    const client = await account.connect();
    const next = bodyOf<Tokens>(await refresh(refreshToken), 200);
    bodyOf(await refresh(next.refreshToken), 200);
    const end = await endedBy(client, async () => bodyOf(await refresh(refreshToken), 401));
    expect(end).toEqual({ code: 'session_revoked', reconnect: false });
  });

  it('where the password is changed on another device, whose own connections stay', async () => {
    const carol = await register(endpoint(), 'carol');
    accounts.push(carol);
    const phone = await login(carol);
    const [here, there] = [await carol.connect(), await phone.account.connect()];
    const password = { current: carol.password, next: `${carol.password} again` };
    const end = await endedBy(there, () => carol.call('PATCH', '/api/auth/me', { password }));
    expect(end).toEqual({ code: 'session_revoked', reconnect: false });
    await here.command('ping');
  });

  it('where the account is deleted', async () => {
    const carol = await register(endpoint(), 'carol');
    const client = await carol.connect();
    const end = await endedBy(client, () => carol.call('DELETE', '/api/auth/me'));
    expect(end).toEqual({ code: 'removed', reconnect: false });
  });
});

describe('P9 revocation: in rooms', () => {
  it('a ban closes the connections of who is banned, who may come back for other rooms', async () => {
    const [room, other] = [await newRoom(bob), await newRoom(bob)];
    const carol = await register(endpoint(), 'carol');
    accounts.push(carol);
    for (const one of [room, other]) bodyOf(await carol.call('POST', `/api/rooms/${one}/join`), 200);
    const client = await carol.connect();
    const ban = () => bob.call('DELETE', `/api/rooms/${room}/members/${carol.user}?ban=true`);
    expect(await endedBy(client, ban)).toEqual({ code: 'banned', reconnect: true });

    const back = await carol.connect();
    bodyOf(await bob.call('POST', `/api/rooms/${other}/messages`, { text: 'hello' }), 201);
    await back.untilHeard(other, 3);
    await pause(patience().forWhatMustNot);
    await back.command('ping');
  });

  it('who is removed without a ban stays connected, and hears nothing more of the room', async () => {
    const room = await newRoom(bob);
    const carol = await register(endpoint(), 'carol');
    accounts.push(carol);
    bodyOf(await carol.call('POST', `/api/rooms/${room}/join`), 200);
    const client = await carol.connect();
    bodyOf(await bob.call('DELETE', `/api/rooms/${room}/members/${carol.user}`), 200);
    bodyOf(await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'among us' }), 201);
    await pause(patience().forWhatMustNot);
    await client.command('ping');
    expect(client.heard(room).map(({ seq }) => seq)).not.toContain(4);
  });
});

describe('a user', () => {
  it('has twenty connections at most: one more closes the oldest', async () => {
    const carol = await register(endpoint(), 'carol');
    accounts.push(carol);
    const clients: Client[] = [];
    for (let n = 0; n < 20; n++) clients.push(await carol.connect());
    const [oldest, ...others] = clients;
    if (!oldest) throw new Error('no client');
    const end = await endedBy(oldest, async () => others.push(await carol.connect()));
    expect(end).toEqual({ code: 'going_away', reconnect: false });
    await Promise.all(others.map((client) => client.command('ping')));
  });
});
