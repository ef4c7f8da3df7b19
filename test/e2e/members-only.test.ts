import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import { createRoom, leaveRoom, readLog } from '../helper/room.ts';

let alice: Account;
let bob: Account;
let carol: Account;
beforeAll(async () => {
  [alice, bob, carol] = await people(endpoint(), 'alice', 'bob', 'carol');
});
afterAll(() => {
  for (const account of [alice, bob, carol]) account.disconnect();
});

describe('P6 members only', () => {
  it('P6 members only: who is no member can neither write nor read, nor hears anything', async () => {
    const room = await createRoom(alice);
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    expect(await his.ask({ action: 'sendMessage', room, text: 'let me in' })).toBeRefused('forbidden');
    expect(await his.ask({ action: 'history', room })).toBeRefused('forbidden');
    expect(await his.ask({ action: 'leaveRoom', room })).toBeRefused('forbidden');
    expect(await bob.call('GET', `/api/rooms/${room}/messages`)).toBeRefused('forbidden');
    expect(await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'hm' })).toBeRefused('forbidden');
    const { seq } = await hers.command('sendMessage', { room, text: 'among us' });
    expect(seq).toBe(2);
    await hers.untilHeard(room, seq);
    await pause(patience().forWhatMustNot);
    expect(his.heard(room)).toEqual([]);
  });

  it('P6 members only: nobody joins a private room uninvited', async () => {
    const room = await createRoom(alice, { kind: 'private' });
    const his = await bob.connect();
    expect(await his.ask({ action: 'joinRoom', room })).toBeRefused('not_found');
    expect(await bob.call('POST', `/api/rooms/${room}/join`)).toBeRefused('not_found');
    expect(await readLog(await alice.connect(), room)).toHaveLength(1);
  });

  it('P6 members only: who left hears nothing more as soon as the leaving is acknowledged', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    const clients = await Promise.all([bob.connect(), bob.connect()]);
    const [hers, observer, his] = [await alice.connect(), await carol.connect(), clients[0]];
    const stop = new AbortController();
    const talk = (async () => {
      while (!stop.signal.aborted) await hers.command('sendMessage', { room, text: 'on and on' });
    })();
    await his.waitFor('a first message', () => his.heard(room).find((event) => event.n === 1));
    const left = await his.command('leaveRoom', { room });
    const after: number[] = [];
    for (let index = 0; index < 3; index++) {
      const answer = await carol.call('POST', `/api/rooms/${room}/messages`, { text: 'bob is gone' });
      after.push(bodyOf<{ seq: number }>(answer, 201).seq);
    }
    stop.abort();
    await talk;
    await observer.untilHeard(room, Math.max(...after));
    await pause(patience().forWhatMustNot);
    for (const client of clients) {
      const beyond = client.heard(room).filter((event) => event.seq > left.seq);
      expect(beyond).toEqual([]);
    }
  });

  it('P6 members only: who left over HTTP hears nothing more on any connection', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    const [observer, ...clients] = await Promise.all([carol.connect(), bob.connect(), bob.connect()]);
    const left = await leaveRoom(bob, room);
    const answer = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'bob is gone' });
    await observer.untilHeard(room, bodyOf<{ seq: number }>(answer, 201).seq);
    await pause(patience().forWhatMustNot);
    for (const client of clients) {
      expect(client.heard(room).filter((event) => event.seq > left)).toEqual([]);
    }
  });

  it('P6 members only: who left can neither write nor read, from the acknowledgement on', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    await his.command('sendMessage', { room, text: 'I am leaving' });
    await his.command('leaveRoom', { room });
    expect(await his.ask({ action: 'sendMessage', room, text: 'one more thing' })).toBeRefused('forbidden');
    expect(await his.ask({ action: 'history', room })).toBeRefused('forbidden');
    expect(await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'and' })).toBeRefused('forbidden');
    const log = await readLog(await alice.connect(), room);
    expect(log.at(-1)).toMatchObject({ type: 'member.left', member: bob.user });
  });

  it('P6 members only: a new connection of who left does not hear the room', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    await leaveRoom(bob, room);
    const [his, observer] = await Promise.all([bob.connect(), carol.connect()]);
    const answer = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'bob is gone' });
    await observer.untilHeard(room, bodyOf<{ seq: number }>(answer, 201).seq);
    await pause(patience().forWhatMustNot);
    expect(his.heard(room)).toEqual([]);
  });

  it('P8 clean refusals: to a stranger, a hidden room and an unknown one are the same by every command', async () => {
    const hidden = await createRoom(alice, { kind: 'private' });
    const his = await bob.connect();
    const ways = [
      { action: 'sendMessage', text: 'anybody?' },
      { action: 'joinRoom' },
      { action: 'leaveRoom' },
      { action: 'history' },
      { action: 'presence' },
    ];
    for (const way of ways) {
      const replies = [hidden, freshName('room')].map((room) => his.ask({ ...way, id: 'same', room }));
      const [first, second] = [await replies[0], await replies[1]];
      expect(first, way.action).toBeRefused('not_found');
      expect(second).toEqual(first);
    }
  });
});
