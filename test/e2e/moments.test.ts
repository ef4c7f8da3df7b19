import { afterEach, describe, expect, it } from 'vitest';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import '../helper/matchers.ts';
import type { Frame } from '../helper/wire.ts';

const accounts: Account[] = [];
afterEach(() => {
  for (const account of accounts.splice(0)) account.disconnect();
});

/** A room of alice that bob joined as event 2, with so many messages of alice after it. */
async function setUp(messages = 0) {
  const [alice, bob] = await people(endpoint(), 'alice', 'bob');
  accounts.push(alice, bob);
  const room = freshName('moments');
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
  bodyOf(await alice.call('PUT', `/api/rooms/${room}/members/${bob.user}`, {}), 200);
  for (let i = 0; i < messages; i++) {
    bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: `message ${i}` }), 201);
  }
  return { room, alice, bob };
}

const told = (client: Client, type: 'typing' | 'read'): Frame[] =>
  client.frames.filter((frame) => frame.type === type);
const untilTold = (client: Client, type: 'typing' | 'read') =>
  client.waitFor(`a frame ${type}`, () => told(client, type)[0]);

describe('typing', () => {
  it('is told to the others while it lasts, and a repeat within seconds to nobody', async () => {
    const { room, alice, bob } = await setUp();
    const [a, b, phone] = [await alice.connect(), await bob.connect(), await bob.connect()];
    expect(await b.command('typing', { room, on: true })).toEqual({});
    await untilTold(a, 'typing');
    await b.command('typing', { room, on: true });
    await b.command('typing', { room, on: false });
    await a.waitFor('the end', () => told(a, 'typing').find((frame) => 'on' in frame && !frame.on));
    expect(told(a, 'typing').map((frame) => 'on' in frame && frame.on)).toEqual([true, false]);
    expect(told(a, 'typing')[0]).toEqual({ type: 'typing', room, user: bob.user, on: true });
    expect(told(phone, 'typing')).toEqual([]);
  });

  it('P6 members only: is told to nobody who has left', async () => {
    const { room, alice, bob } = await setUp();
    const [a, b] = [await alice.connect(), await bob.connect()];
    await b.command('leaveRoom', { room });
    await a.command('typing', { room, on: true });
    expect(await b.ask({ action: 'typing', room, on: true })).toBeRefused('not_found');
    await pause(patience().forWhatMustNot);
    expect([...told(a, 'typing'), ...told(b, 'typing')]).toEqual([]);
  });
});

describe('markRead', () => {
  it('tells what is unread, exactly, and never goes back', async () => {
    const { room, bob } = await setUp(3);
    const b = await bob.connect();
    expect(await b.command('markRead', { room, seq: 3 })).toEqual({ room, seq: 3, unread: 2 });
    expect(await b.command('markRead', { room, seq: 5 })).toEqual({ room, seq: 5, unread: 0 });
    expect(await b.command('markRead', { room, seq: 3 })).toEqual({ room, seq: 5, unread: 0 });
    const { rooms } = await b.command('sync');
    expect(rooms).toContainEqual(expect.objectContaining({ room, read: 5, unread: 0 }));
  });

  it('is told once to the user’s other devices and to the others of the room', async () => {
    const { room, alice, bob } = await setUp(1);
    const [a, b, phone] = [await alice.connect(), await bob.connect(), await bob.connect()];
    await b.command('markRead', { room, seq: 3 });
    const frame = { type: 'read', room, user: bob.user, seq: 3 };
    expect(await untilTold(a, 'read')).toEqual(frame);
    expect(await untilTold(phone, 'read')).toEqual(frame);
    await b.command('markRead', { room, seq: 3 });
    await pause(patience().forWhatMustNot);
    expect(told(a, 'read')).toHaveLength(1);
    expect(told(b, 'read')).toEqual([]);
  });

  it('of a thread is a mark of its own, and the thread says what is unread', async () => {
    const { room, alice, bob } = await setUp(1);
    const [a, b] = [await alice.connect(), await bob.connect()];
    const thread = 3;
    const reply = (client: Client, text: string) => client.command('sendMessage', { room, thread, text });
    const { seq } = await reply(a, 'one');
    await reply(b, 'two');
    await reply(a, 'three');
    const threads = async () =>
      bodyOf<{ items: object[] }>(await bob.call('GET', `/api/rooms/${room}/threads`), 200).items;
    const root = expect.objectContaining({ seq: thread, replyCount: 3 });
    expect(await threads()).toEqual([{ root, unread: 2 }]);
    expect(await b.command('markRead', { room, thread, seq })).toEqual({ room, thread, seq, unread: 1 });
    expect(await b.command('history', { room, thread })).toMatchObject({ unread: 1 });
    const paged = await bob.call('GET', `/api/rooms/${room}/messages?thread=${thread}`);
    expect(bodyOf(paged, 200)).toMatchObject({ unread: 1 });
    await b.command('markRead', { room, thread, seq: 999 });
    expect(await threads()).toEqual([{ root, unread: 0 }]);
    expect((await b.command('sync')).rooms).toContainEqual(
      expect.objectContaining({ room, read: 2, unread: 4 }),
    );
    expect(await b.ask({ action: 'markRead', room, thread: seq, seq })).toBeRefused('bad_request');
    expect(await b.ask({ action: 'markRead', room, thread: 1, seq })).toBeRefused('not_found');
  });
});
