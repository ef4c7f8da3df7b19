import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import type { Appended } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

const post = async (who: Account, room: string, id: string, text: string): Promise<Appended> =>
  bodyOf<Appended>(await who.call('POST', `/api/rooms/${room}/messages`, { id, text }), 201);

describe('P3 once', () => {
  it('P3 once: the same id sent twice makes one event, and both replies carry its number and time', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const first = await client.command('sendMessage', { id: 'twice', room, text: 'once' });
    const second = await client.command('sendMessage', { id: 'twice', room, text: 'once' });
    expect(second).toEqual(first);
    expect((await readLog(client, room)).filter((event) => event.id === 'twice')).toHaveLength(1);
  });

  it('P3 once: the same id over two connections and HTTP at once makes one event', async () => {
    const room = await createRoom(alice);
    const [one, two] = await Promise.all([alice.connect(), alice.connect()]);
    for (let round = 0; round < 8; round++) {
      const id = `round-${round}`;
      const command = { id, room, text: `round ${round}` };
      const answers = await Promise.all([
        one.command('sendMessage', command),
        two.command('sendMessage', command),
        post(alice, room, id, command.text),
        post(alice, room, id, command.text),
      ]);
      expect(new Set(answers.map((answer) => answer.seq)).size).toBe(1);
      expect(new Set(answers.map((answer) => answer.at)).size).toBe(1);
    }
    const log = await readLog(one, room);
    expect(log).toRunFrom(1);
    expect(log).toHaveLength(1 + 8);
    await one.untilHeard(room, 9);
  });

  it('P3 once: a repeat after the event has settled, over another way, answers the same', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const first = await client.command('sendMessage', { id: 'settled', room, text: 'first' });
    for (let index = 0; index < 12; index++) await post(alice, room, `other-${index}`, 'other');
    await pause(patience().forWhatMustNot);
    expect(await post(alice, room, 'settled', 'first')).toEqual(first);
    const later = await alice.connect();
    expect(await later.command('sendMessage', { id: 'settled', room, text: 'first' })).toEqual(first);
    expect(await readLog(later, room)).toHaveLength(1 + 13);
  });

  it('P3 once: the first text stands, whatever a repeat says', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const { seq } = await client.command('sendMessage', { id: 'same', room, text: 'what I said' });
    expect((await client.command('sendMessage', { id: 'same', room, text: 'what I meant' })).seq).toBe(seq);
    const log = await readLog(client, room);
    expect(log.filter((event) => event.id === 'same').map((event) => event.text)).toEqual(['what I said']);
  });

  it('P3 once: the same id of another user, or in another room, is another message', async () => {
    const [room, other] = await Promise.all([
      createRoom(alice, { members: [bob] }),
      createRoom(alice, { members: [bob] }),
    ]);
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const first = await hers.command('sendMessage', { id: 'shared', room, text: 'hers' });
    const second = await his.command('sendMessage', { id: 'shared', room, text: 'his' });
    const third = await hers.command('sendMessage', { id: 'shared', room: other, text: 'elsewhere' });
    expect(second.seq).toBe(first.seq + 1);
    expect(third.room).toBe(other);
    expect((await readLog(hers, room)).filter((event) => event.id === 'shared')).toHaveLength(2);
    expect((await readLog(hers, other)).filter((event) => event.id === 'shared')).toHaveLength(1);
  });

  it('P3 once: ids that look like keys or properties are ids like any other', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const ids = ['__proto__', 'constructor', `${alice.user}#x`, 'HEAD', '#', '"', '~'.repeat(64)];
    for (const id of ids) {
      const { seq } = await client.command('sendMessage', { id, room, text: id });
      expect((await client.command('sendMessage', { id, room, text: id })).seq, id).toBe(seq);
    }
    const log = await readLog(client, room);
    expect(log.slice(1).map((event) => event.id)).toEqual(ids);
  });

  it('P3 once: joining twice with one id makes one event', async () => {
    const room = await createRoom(alice);
    const [one, two] = await Promise.all([bob.connect(), bob.connect()]);
    const [first, second] = await Promise.all([
      one.command('joinRoom', { id: 'come-in', room }),
      two.command('joinRoom', { id: 'come-in', room }),
    ]);
    expect(second).toEqual(first);
    const joins = (await readLog(one, room)).filter((event) => event.type === 'member.joined');
    expect(joins).toHaveLength(1);
  });

  it('P3 once: a repeated leave is answered with the number of the first, though the user is gone', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const client = await bob.connect();
    const first = await client.command('leaveRoom', { id: 'bye', room });
    expect(await client.command('leaveRoom', { id: 'bye', room })).toEqual(first);
  });
});
