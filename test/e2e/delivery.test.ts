import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, joinRoom, leaveRoom } from '../helper/room.ts';
import type { EventsFrame, RoomEvent } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
let carol: Account;
beforeAll(async () => {
  [alice, bob, carol] = await people(endpoint(), 'alice', 'bob', 'carol');
});
afterAll(() => {
  for (const account of [alice, bob, carol]) account.disconnect();
});

/** The events as they came, a repeat of what came before left out. */
function firstTimes(heard: readonly RoomEvent[]): RoomEvent[] {
  return heard.filter(({ seq }, index) => heard.findIndex((event) => event.seq === seq) === index);
}

describe('P4 delivered', () => {
  it('P4 delivered: every connection of every member hears every event, in order', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    const clients = await Promise.all([alice, alice, bob, bob, carol].map((account) => account.connect()));
    const [speaker] = clients;
    if (!speaker) throw new Error('nobody speaks');
    for (let index = 0; index < 20; index++) await speaker.command('sendMessage', { room, text: `${index}` });
    for (const client of clients) {
      await client.untilHeard(room, 23);
      const heard = firstTimes(client.heard(room)).filter((event) => event.seq > 3);
      expect(heard).toRunFrom(4);
      expect(heard.map((event) => event.text)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
    }
  });

  it('P4 delivered: a connection hears all the rooms of its user from its first moment', async () => {
    const rooms = await Promise.all([1, 2, 3].map(() => createRoom(alice, { members: [bob] })));
    const client = await bob.connect();
    for (const room of rooms) {
      const answer = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'at once' });
      const { seq } = bodyOf<{ seq: number }>(answer, 201);
      expect(await client.untilHeard(room, seq)).toMatchObject({ text: 'at once' });
    }
  });

  it('P4 delivered: who joins hears every event from the own joining on, on each connection', async () => {
    const room = await createRoom(alice);
    const [hers, his, hisOther] = await Promise.all([alice.connect(), bob.connect(), bob.connect()]);
    await hers.command('sendMessage', { room, text: 'before' });
    const { seq } = await his.command('joinRoom', { room });
    await hers.command('sendMessage', { room, text: 'after' });
    for (const client of [his, hisOther]) {
      await client.untilHeard(room, seq + 1);
      expect(firstTimes(client.heard(room)).map((event) => event.seq)).toEqual([seq, seq + 1]);
    }
  });

  it('P4 delivered: who joins in the middle of a conversation misses nothing after', async () => {
    const room = await createRoom(alice);
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const talk = Array.from({ length: 20 }, (_, index) =>
      hers.command('sendMessage', { room, text: `${index}` }),
    );
    const { seq } = await his.command('joinRoom', { room });
    const last = Math.max(seq, ...(await Promise.all(talk)).map((data) => data.seq));
    await his.untilHeard(room, last);
    expect(firstTimes(his.heard(room))).toRunFrom(seq);
  });

  it('P4 delivered: who leaves and comes back hears on from the coming back', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    await leaveRoom(bob, room);
    bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'while away' }), 201);
    const back = await joinRoom(bob, room);
    bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'welcome' }), 201);
    await his.untilHeard(room, back + 1);
    const heard = firstTimes(his.heard(room)).filter((event) => event.seq >= back);
    expect(heard.map((event) => event.type)).toEqual(['member.joined', 'message.created']);
    expect(his.heard(room).map((event) => event.text)).not.toContain('while away');
  });

  it('P4 delivered: a connection that died delays nobody', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    const [hers, dead, living] = await Promise.all([alice.connect(), bob.connect(), carol.connect()]);
    dead.terminate();
    for (let index = 0; index < 5; index++) {
      const { seq } = await hers.command('sendMessage', { room, text: `${index}` });
      await living.untilHeard(room, seq);
    }
    expect(firstTimes(living.heard(room)).filter((event) => event.n !== undefined)).toHaveLength(5);
  });

  it('P4 delivered: large messages that become ready together travel in frames of 32 KiB at most', async () => {
    const room = await createRoom(alice, { members: [bob, carol] });
    const [hers, his, observer] = await Promise.all([alice.connect(), bob.connect(), carol.connect()]);
    const text = 'ü€🦊'.repeat(1_333);
    const sent = Array.from({ length: 24 }, (_, index) =>
      (index % 2 ? hers : his).command('sendMessage', { room, text }),
    );
    const last = Math.max(...(await Promise.all(sent)).map((data) => data.seq));
    await observer.untilHeard(room, last);
    const frames = observer.frames.filter((frame): frame is EventsFrame => frame.type === 'events');
    for (const frame of frames)
      expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThanOrEqual(32 * 1024);
    expect(firstTimes(observer.heard(room)).filter((event) => event.text === text)).toHaveLength(24);
  });
});
