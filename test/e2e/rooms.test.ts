import { beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, call, freshName, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, joinRoom, leaveRoom } from '../helper/room.ts';
import { TIME } from '../helper/wire.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}
interface Room {
  readonly room: string;
  readonly name: string;
  readonly kind: string;
  readonly seq: number;
  readonly unread: number;
}

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});

/** Reads a paged list to its end. */
async function all<T>(account: Account, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const query =
      cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
    const page = bodyOf<Page<T>>(await account.call('GET', `${path}${query}`), 200);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
}

describe('creating a room', () => {
  it('answers 201 with the room', async () => {
    const room = freshName('den');
    const body = { room, name: 'The den', kind: 'public', topic: 'Foxes' };
    const made = bodyOf<Record<string, unknown>>(await alice.call('POST', '/api/rooms', body), 201);
    expect(made).toMatchObject({ room, name: 'The den', kind: 'public', topic: 'Foxes' });
    expect(made.createdAt).toMatch(TIME);
  });

  it('makes its creator the owner', async () => {
    const room = await createRoom(alice);
    const members = await all<{ user: string; role: string }>(alice, `/api/rooms/${room}/members`);
    expect(members).toEqual([expect.objectContaining({ user: alice.user, role: 'owner' })]);
  });

  it('makes an id from the name where none is given', async () => {
    const name = `Tea & Biscuits ${freshName('no')}`;
    const made = bodyOf<Room>(await alice.call('POST', '/api/rooms', { name, kind: 'public' }), 201);
    expect(made.room).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
    expect(made.room).toContain('tea');
  });

  it('makes an id even from a name without a Latin letter', async () => {
    const made = bodyOf<Room>(
      await alice.call('POST', '/api/rooms', { name: '日本語 🦊', kind: 'public' }),
      201,
    );
    expect(made.room).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
    expect(made.name).toBe('日本語 🦊');
  });

  it('refuses a taken id with 409, to its owner and to others', async () => {
    const room = await createRoom(alice);
    const body = { room, name: 'Mine now', kind: 'public' };
    expect(await alice.call('POST', '/api/rooms', body)).toBeRefused('conflict');
    expect(await bob.call('POST', '/api/rooms', body)).toBeRefused('conflict');
  });

  it('gives an id to one of five who ask for it at once', async () => {
    const body = { room: freshName('race'), name: 'Race', kind: 'public' };
    const answers = await Promise.all(
      [alice, bob, alice, bob, alice].map((who) => who.call('POST', '/api/rooms', body)),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it.each([
    ['no name', { kind: 'public' }],
    ['no kind', { name: 'Den' }],
    ['an unknown kind', { name: 'Den', kind: 'secret' }],
    ['a direct room', { name: 'Den', kind: 'direct' }],
    ['an id of a direct room', { room: 'dm-0123456789abcdef', name: 'Den', kind: 'private' }],
    ['an id with capitals', { room: 'Den', name: 'Den', kind: 'public' }],
    ['an id of 65 characters', { room: 'd'.repeat(65), name: 'Den', kind: 'public' }],
    ['an id with a key separator', { room: 'den#1', name: 'Den', kind: 'public' }],
    ['a name that is a number', { name: 7, kind: 'public' }],
    ['an empty name', { name: '', kind: 'public' }],
    ['a name with a lone surrogate', { name: 'Den \udfff', kind: 'public' }],
    ['a name over its limit', { name: 'd'.repeat(101), kind: 'public' }],
    ['an owner', { name: 'Den', kind: 'public', owner: 'bob' }],
  ])('P8 clean refusals: refuses %s', async (_, body) => {
    expect(await alice.call('POST', '/api/rooms', body)).toBeRefused('bad_request');
  });

  it('refuses who brings no token', async () => {
    const body = { name: 'Den', kind: 'public' };
    expect(await call(endpoint(), 'POST', '/api/rooms', { body })).toBeRefused('unauthenticated');
  });
});

describe('finding rooms', () => {
  it('lists the rooms of the user, with what is unread in them', async () => {
    const room = await createRoom(alice, { name: 'Listed', members: [bob] });
    bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'first' }), 201);
    const mine = (await all<Room & { lastMessage?: { text: string } }>(bob, '/api/rooms')).find(
      (candidate) => candidate.room === room,
    );
    expect(mine).toMatchObject({ room, name: 'Listed', kind: 'public', read: expect.any(Number) });
    expect(mine).toMatchObject({ seq: 3, unread: 1, mentions: 0, role: 'member' });
    expect(mine?.lastMessage?.text).toBe('first');
  });

  it('lists no room that the user left', async () => {
    const room = await createRoom(alice, { members: [bob] });
    await leaveRoom(bob, room);
    expect((await all<Room>(bob, '/api/rooms')).map((listed) => listed.room)).not.toContain(room);
  });

  it('lists public rooms by prefix, page by page, and no private one', async () => {
    const prefix = freshName('Zoo');
    for (const name of ['ape', 'bear', 'cat']) await createRoom(alice, { name: `${prefix} ${name}` });
    await createRoom(alice, { name: `${prefix} dog`, kind: 'private' });
    const path = `/api/rooms/public?prefix=${encodeURIComponent(prefix)}&limit=2`;
    await expect.poll(async () => (await all<Room>(bob, path)).length, { timeout: 10_000 }).toBe(3);
    const names = (await all<Room>(bob, path)).map((room) => room.name);
    expect(names).toEqual(['ape', 'bear', 'cat'].map((name) => `${prefix} ${name}`));
  });

  it('refuses a limit and a cursor that make no sense', async () => {
    for (const query of [
      'limit=0',
      'limit=-1',
      'limit=1e9',
      'limit=ten',
      'limit=101',
      'cursor=%00nonsense',
    ]) {
      expect(await alice.call('GET', `/api/rooms/public?${query}`), query).toBeRefused('bad_request');
    }
  });

  it('shows one room to its members and, when it is public, to anyone', async () => {
    const room = await createRoom(alice, { name: 'Seen' });
    for (const who of [alice, bob]) {
      const seen = bodyOf<Room>(await who.call('GET', `/api/rooms/${room}`), 200);
      expect(seen).toMatchObject({ room, name: 'Seen', kind: 'public' });
    }
  });

  it('P8 clean refusals: a hidden room looks like one that does not exist', async () => {
    const hidden = await createRoom(alice, { kind: 'private' });
    const unknown = freshName('room');
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/join'],
      ['POST', '/leave'],
      ['GET', '/members'],
      ['GET', '/messages'],
    ] as const) {
      const [first, second] = await Promise.all(
        [hidden, unknown].map((room) => bob.call(method, `/api/rooms/${room}${path}`)),
      );
      expect(first, `${method} ${path}`).toBeRefused('not_found');
      expect(second?.body).toEqual(first?.body);
    }
  });
});

describe('joining and leaving over HTTP', () => {
  it('adds a member, whom all see', async () => {
    const room = await createRoom(alice);
    expect(await joinRoom(bob, room)).toBe(2);
    const members = await all<Record<string, unknown>>(alice, `/api/rooms/${room}/members`);
    expect(members.map((member) => member.user).sort()).toEqual([alice.user, bob.user].sort());
    expect(members.find((member) => member.user === bob.user)).toMatchObject({
      role: 'member',
      joinedAt: expect.stringMatching(TIME),
    });
  });

  it('takes a member away, who can come back', async () => {
    const room = await createRoom(alice, { members: [bob] });
    expect(await leaveRoom(bob, room)).toBe(3);
    const gone = await all<{ user: string }>(alice, `/api/rooms/${room}/members`);
    expect(gone.map((member) => member.user)).toEqual([alice.user]);
    expect(await joinRoom(bob, room)).toBe(4);
    const back = await all<{ user: string }>(alice, `/api/rooms/${room}/members`);
    expect(back.map((member) => member.user).sort()).toEqual([alice.user, bob.user].sort());
  });

  it('P6 members only: shows the members of a room to members only', async () => {
    const room = await createRoom(alice);
    expect(await bob.call('GET', `/api/rooms/${room}/members`)).toBeRefused('forbidden');
  });

  it('P6 members only: does not let a stranger leave', async () => {
    const room = await createRoom(alice);
    expect(await bob.call('POST', `/api/rooms/${room}/leave`)).toBeRefused('forbidden');
  });
});

describe('calls that do not exist', () => {
  it('are answered 404 in the words of the protocol', async () => {
    expect(await alice.call('GET', '/api/nonsense')).toBeRefused('not_found');
    expect(await alice.call('POST', '/api/rooms/x/nonsense', {})).toBeRefused('not_found');
  });
});
