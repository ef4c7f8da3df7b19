import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Account, bodyOf, call, errorOf, freshName, people, register } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import { PresenceView } from '../helper/presence-view.ts';

/** The stack's grace without any context, with what a stream and a queue may take. Milliseconds. */
const GRACE_MS = 5_000;

const accounts: Account[] = [];
afterEach(() => {
  for (const account of accounts.splice(0)) account.disconnect();
});

async function several<const N extends readonly string[]>(...names: N) {
  const made = await people(endpoint(), ...names);
  accounts.push(...made);
  return made;
}

async function roomOf(owner: Account, ...others: readonly Account[]): Promise<string> {
  const room = freshName('presence');
  bodyOf(await owner.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  for (const other of others) bodyOf(await other.call('POST', `/api/rooms/${room}/join`), 200);
  return room;
}

/** Waits until a view of a room is so. */
function until(client: Client, view: PresenceView, room: string, names: readonly string[]): Promise<true> {
  const wanted = JSON.stringify([...names].sort());
  return client.waitFor(`${wanted} online in ${room}, not ${view.names(room)}`, () =>
    JSON.stringify(view.names(room)) === wanted ? true : undefined,
  );
}

async function watch(account: Account, room: string, online: readonly string[]) {
  const client = await account.connect();
  const view = new PresenceView(client);
  await view.ask(room);
  await until(client, view, room, online);
  return { client, view };
}

/** Looks until it is so, as long as a stream may take. */
async function untilShown<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  const end = Date.now() + patience().forWhatMustCome;
  let found = await look();
  while (JSON.stringify(found) !== JSON.stringify(wanted) && Date.now() < end) {
    await pause(250);
    found = await look();
  }
  expect(found).toEqual(wanted);
}

interface MemberOf {
  readonly items: readonly { readonly user: string; readonly online?: boolean }[];
}

describe('presence', () => {
  it('is told to those who share a room: online with the first connection, offline after the last', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const room = await roomOf(alice, bob);
    const { client, view } = await watch(alice, room, [alice.user]);
    const tabs = [await bob.connect(), await bob.connect()];
    await until(client, view, room, [alice.user, bob.user]);
    tabs[0]?.terminate();
    await pause(patience().forWhatMustNot);
    expect(view.names(room)).toEqual([alice.user, bob.user].sort());
    const began = Date.now();
    await tabs[1]?.close();
    await until(client, view, room, [alice.user]);
    expect(Date.now() - began).toBeGreaterThan(GRACE_MS - 1_000);
    // A post for each of the two changes; one's own coming is not told. Who comes in the place of one that died tells it again (decision 19).
    const told = client.frames.filter(({ type }) => type === 'presence');
    const changes = told.filter((frame, index) => !isDeepStrictEqual(frame, told[index - 1]));
    expect(changes).toEqual([
      { type: 'presence', room, user: bob.user, online: true },
      { type: 'presence', room, user: bob.user, online: false },
    ]);
  });

  it('does not flicker when a page is loaded again', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const room = await roomOf(alice, bob);
    const first = await bob.connect();
    const { client, view } = await watch(alice, room, [alice.user, bob.user]);
    // The answer may come before the post that told the same.
    await pause(2_000);
    const before = view.frames;
    await first.close();
    await pause(1_000);
    const second = await bob.connect();
    await pause(GRACE_MS + 2_000);
    expect(view.names(room)).toEqual([alice.user, bob.user].sort());
    expect(view.frames).toBe(before);
    await second.close();
    await until(client, view, room, [alice.user]);
  });

  it('names all shared rooms in one frame', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const rooms = [await roomOf(alice, bob), await roomOf(bob, alice)].sort();
    const client = await alice.connect();
    await bob.connect();
    const frame = await client.waitFor('presence of bob', () =>
      client.frames.find((one) => one.type === 'presence' && one.user === bob.user),
    );
    expect(frame).toMatchObject({ online: true, room: rooms[0], rooms });
  });

  it('of who joins a room while connected is told to the room', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const room = await roomOf(alice);
    const hers = await bob.connect();
    const { client, view } = await watch(alice, room, [alice.user]);
    await hers.command('joinRoom', { room });
    await until(client, view, room, [alice.user, bob.user]);
    const his = new PresenceView(hers);
    await his.ask(room);
    await until(hers, his, room, [alice.user, bob.user]);
    await hers.command('leaveRoom', { room });
    await until(client, view, room, [alice.user]);
    const { online } = await client.command('presence', { room });
    expect(online).toEqual([alice.user]);
  });

  it('P6 members only: who has left hears nothing more of who comes and goes', async () => {
    const [alice, bob, carol] = await several('alice', 'bob', 'carol');
    const room = await roomOf(alice, bob, carol);
    const { client } = await watch(bob, room, [bob.user]);
    await client.command('leaveRoom', { room });
    const from = client.frames.length;
    const { client: witness } = await watch(alice, room, [alice.user]);
    await carol.connect();
    await witness.waitFor('presence of carol', () =>
      witness.frames.find((one) => one.type === 'presence' && one.user === carol.user),
    );
    await pause(patience().forWhatMustNot);
    expect(client.frames.slice(from).filter(({ type }) => type === 'presence')).toEqual([]);
  });

  it('P8 clean refusals: a hidden room is like none, a stranger to a public one is told so', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const open = await roomOf(alice);
    const hidden = freshName('hidden');
    bodyOf(await alice.call('POST', '/api/rooms', { room: hidden, name: hidden, kind: 'private' }), 201);
    const client = await bob.connect();
    const ask = async (room: string) => errorOf(await client.ask({ action: 'presence', room }));
    expect(await ask(hidden)).toEqual(await ask(freshName('nowhere')));
    expect(await ask(hidden)).toMatchObject({ code: 'not_found' });
    expect(await ask(open)).toMatchObject({ code: 'forbidden' });
  });
});

describe('over HTTP', () => {
  it('members have it', async () => {
    const [alice, bob] = await several('alice', 'bob');
    const room = await roomOf(alice, bob);
    const { client } = await watch(alice, room, [alice.user]);
    const look = async () => {
      const { items } = bodyOf<MemberOf>(await alice.call('GET', `/api/rooms/${room}/members`), 200);
      return items.map(({ user, online }) => [user, online]);
    };
    const expected = [
      [alice.user, true],
      [bob.user, false],
    ];
    await untilShown(look, expected.sort());
    client.terminate();
  });

  it('people have it, as far as they share a room with who asks', async () => {
    const prefix = freshName('p').slice(0, 12);
    const [near, far, asks] = await Promise.all(
      ['near', 'far', 'asks'].map((name) => register(endpoint(), `${prefix}-${name}`)),
    );
    if (!near || !far || !asks) throw new Error('nobody was registered');
    accounts.push(near, far, asks);
    const room = await roomOf(asks, near);
    await far.connect();
    const { client } = await watch(near, room, [near.user]);
    const find = async (token: string) =>
      bodyOf<MemberOf>(
        await call(endpoint(), 'GET', `/api/users?prefix=${prefix.toUpperCase()}`, { token }),
        200,
      ).items.map(({ user, online }) => [user, online]);
    const expected = [
      [asks.user, false],
      [far.user, false],
      [near.user, true],
    ];
    await untilShown(() => find(asks.token), expected.sort());
    // Online and sharing no room: shown so to itself alone.
    await untilShown(
      () => find(far.token),
      expected.map(([user]) => [user, user === far.user]),
    );
    client.terminate();
  });

  it('people come in pages, and a foreign cursor is refused', async () => {
    const prefix = freshName('q').slice(0, 12);
    const made = await Promise.all(['a', 'b', 'c'].map((name) => register(endpoint(), `${prefix}-${name}`)));
    const [first] = made;
    if (!first) throw new Error('nobody was registered');
    const page = async (query: string) => first.call('GET', `/api/users?${query}`);
    const one = bodyOf<MemberOf & { cursor: string }>(await page(`prefix=${prefix}&limit=2`), 200);
    const two = bodyOf<MemberOf & { cursor?: string }>(
      await page(`prefix=${prefix}&limit=2&cursor=${one.cursor}`),
      200,
    );
    expect([...one.items, ...two.items].map(({ user }) => user)).toEqual(made.map(({ user }) => user).sort());
    expect(errorOf(await page(`prefix=other&cursor=${one.cursor}`))).toMatchObject({ code: 'bad_request' });
    expect(errorOf(await call(endpoint(), 'GET', '/api/users'))).toMatchObject({ code: 'unauthenticated' });
  });
});
