import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, joinRoom, leaveRoom, readLog } from '../helper/room.ts';
import type { SyncedRoom } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

const say = async (who: Account, room: string, text: string): Promise<number> =>
  bodyOf<{ seq: number }>(await who.call('POST', `/api/rooms/${room}/messages`, { text }), 201).seq;

const find = (rooms: readonly SyncedRoom[], room: string): SyncedRoom => {
  const synced = rooms.find((candidate) => candidate.room === room);
  if (!synced) throw new Error(`sync told nothing of ${room}`);
  return synced;
};

describe('P5 resume', () => {
  it('P5 resume: a client that was away gets what it missed, and then hears on', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const before = await bob.connect();
    const seen = await say(alice, room, 'seen');
    await before.untilHeard(room, seen);
    before.terminate();
    await say(alice, room, 'missed one');
    await say(alice, room, 'missed two');

    const again = await bob.connect();
    const { rooms } = await again.command('sync', { rooms: { [room]: seen } });
    const synced = find(rooms, room);
    expect(synced).toMatchObject({ seq: seen + 2, more: false });
    expect(synced.events).toRunFrom(seen + 1);
    expect(synced.events.map((event) => event.text)).toEqual(['missed one', 'missed two']);
    expect(synced.reset ?? false).toBe(false);
    const live = await say(alice, room, 'live');
    expect(live).toBe(seen + 3);
    expect(await again.untilHeard(room, live)).toMatchObject({ text: 'live' });
  });

  it('P5 resume: gets what it missed of every room at once, membership changes alike', async () => {
    const rooms = await Promise.all([1, 2, 3].map(() => createRoom(alice)));
    for (const room of rooms) {
      await joinRoom(bob, room);
      await say(bob, room, 'hello');
      await leaveRoom(bob, room);
    }
    const client = await alice.connect();
    const asked = Object.fromEntries(rooms.map((room) => [room, 1]));
    const answer = await client.command('sync', { rooms: asked });
    for (const room of rooms) {
      const synced = find(answer.rooms, room);
      expect(synced.events.map((event) => event.type)).toEqual([
        'member.joined',
        'message.created',
        'member.left',
      ]);
      expect(synced.events).toRunFrom(2);
    }
  });

  it('P5 resume: answers for every room of the user, with events for those that were named', async () => {
    const [named, unnamed] = await Promise.all([createRoom(bob), createRoom(bob)]);
    await say(bob, unnamed, 'quiet');
    const client = await bob.connect();
    const { rooms } = await client.command('sync', { rooms: { [named]: 0 } });
    expect(find(rooms, named).events).toRunFrom(1);
    expect(find(rooms, named).events).toHaveLength(1);
    expect(find(rooms, unnamed)).toMatchObject({ seq: 2, events: [], mentions: 0 });
  });

  it('P5 resume: without rooms, answers with the numbers alone', async () => {
    const room = await createRoom(bob, { members: [alice] });
    await say(alice, room, 'unread');
    const client = await bob.connect();
    const { rooms } = await client.command('sync');
    expect(find(rooms, room)).toMatchObject({ seq: 3, unread: 1, events: [], more: expect.any(Boolean) });
  });

  it('P5 resume: has nothing to tell to who has it all', async () => {
    const room = await createRoom(bob);
    const seq = await say(bob, room, 'all there is');
    const client = await bob.connect();
    const { rooms } = await client.command('sync', { rooms: { [room]: seq } });
    expect(find(rooms, room)).toMatchObject({ seq, events: [], more: false });
  });

  it('P5 resume: tells who is ahead of the log to begin anew', async () => {
    const room = await createRoom(bob);
    const client = await bob.connect();
    const { rooms } = await client.command('sync', { rooms: { [room]: 1_000 } });
    expect(find(rooms, room)).toMatchObject({ seq: 1, reset: true });
  });

  it('P5 resume: gives a long absence in replies of 96 KiB at most, fair to every room', async () => {
    const [loud, quiet] = await Promise.all([createRoom(alice), createRoom(alice)]);
    const text = 'blah '.repeat(798);
    for (let index = 0; index < 40; index += 8) {
      await Promise.all(Array.from({ length: 8 }, (_, more) => say(alice, loud, `${index + more} ${text}`)));
    }
    await say(alice, quiet, 'do not forget me');
    const client = await alice.connect();
    const { rooms } = await client.command('sync', { rooms: { [loud]: 0, [quiet]: 0 } });
    expect(find(rooms, loud).more).toBe(true);
    expect(find(rooms, loud).events).toRunFrom(1);
    expect(find(rooms, quiet)).toMatchObject({ seq: 2, more: false });
    expect(find(rooms, quiet).events.map((event) => event.text)).toContain('do not forget me');
    const rest = await readLog(client, loud, find(rooms, loud).events.at(-1)?.seq ?? 0);
    expect([...find(rooms, loud).events, ...rest]).toRunFrom(1);
    expect(rest.at(-1)?.seq).toBe(41);
  });

  it('P5 resume: a client that hears and syncs at the same time has every event', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const hers = await alice.connect();
    const talk = Array.from({ length: 20 }, (_, index) =>
      hers.command('sendMessage', { room, text: `${index}` }),
    );
    const his = await bob.connect();
    const { rooms } = await his.command('sync', { rooms: { [room]: 2 } });
    const last = Math.max(...(await Promise.all(talk)).map((data) => data.seq));
    const synced = find(rooms, room);
    if (synced.seq < last) await his.untilHeard(room, last);
    const held = new Set([...synced.events, ...his.heard(room)].map((event) => event.seq));
    for (let seq = 3; seq <= last; seq++) expect(held.has(seq), `event ${seq}`).toBe(true);
  });

  it('P6 members only: sync tells nothing of rooms that are hidden, unknown, or were left', async () => {
    const [hidden, left, mine] = await Promise.all([
      createRoom(alice, { kind: 'private' }),
      createRoom(alice, { members: [bob] }),
      createRoom(bob),
    ]);
    await leaveRoom(bob, left);
    const unknown = freshName('room');
    const client = await bob.connect();
    const asked = { [hidden]: 0, [left]: 0, [unknown]: 0, [mine]: 0 };
    const { rooms } = await client.command('sync', { rooms: asked });
    const told = rooms.map((room) => room.room);
    expect(told).toContain(mine);
    for (const room of [hidden, left, unknown]) expect(told).not.toContain(room);
  });
});
