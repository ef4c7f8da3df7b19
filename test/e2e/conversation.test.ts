import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog, readMessages } from '../helper/room.ts';
import { type Message, TIME } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

describe('two people in a room', () => {
  it('talk: what one says, the other hears, and the reply carries its number', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const reply = await hers.ask({ action: 'sendMessage', id: 'm1', room, text: 'hello' });
    expect(reply).toEqual({
      type: 'reply',
      id: 'm1',
      action: 'sendMessage',
      data: { room, seq: 3, at: expect.stringMatching(TIME) },
    });
    const heard = await his.untilHeard(room, 3);
    expect(heard).toMatchObject({
      seq: 3,
      type: 'message.created',
      user: alice.user,
      id: 'm1',
      n: 1,
      text: 'hello',
    });
    expect(heard.at).toBe((reply.data as { at: string }).at);

    await his.command('sendMessage', { room, text: 'hello, alice' });
    expect(await hers.untilHeard(room, 4)).toMatchObject({ user: bob.user, n: 2, text: 'hello, alice' });
  });

  it('hear themselves', async () => {
    const room = await createRoom(alice);
    const hers = await alice.connect();
    const { seq } = await hers.command('sendMessage', { room, text: 'echo' });
    expect(await hers.untilHeard(room, seq)).toMatchObject({ text: 'echo', user: alice.user });
  });

  it('hear who joins and who leaves, by command', async () => {
    const room = await createRoom(alice);
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const joined = await his.command('joinRoom', { room });
    expect(joined).toEqual({ room, seq: 2, at: expect.stringMatching(TIME) });
    const join = { type: 'member.joined', user: bob.user, member: bob.user };
    expect(await hers.untilHeard(room, 2)).toMatchObject(join);
    expect(await his.untilHeard(room, 2)).toMatchObject(join);
    const left = await his.command('leaveRoom', { room });
    expect(left.seq).toBe(3);
    expect(await hers.untilHeard(room, 3)).toMatchObject({ type: 'member.left', member: bob.user });
  });

  it('hear what is sent over HTTP', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    const answer = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'by post' });
    const { seq } = bodyOf<{ seq: number }>(answer, 201);
    expect(await his.untilHeard(room, seq)).toMatchObject({ text: 'by post', user: alice.user });
  });

  it('get each text exactly as it was sent', async () => {
    const texts = [
      'Grüße, 日本語, עברית, 👩‍👩‍👧‍👦 and 🏳️‍🌈',
      ' spaces around ',
      'tab\tand\nline',
      '\u0000 \u0007 \u001b[31m control characters',
      '{"action":"sendMessage"}',
      '<script>alert(1)</script>',
      '%00 \\u0000 "quotes" \'too\'',
      '\u202e right to left',
      'e\u0301 is not é',
      '🦊'.repeat(4_000),
      'x'.repeat(4_000),
    ];
    const room = await createRoom(alice, { members: [bob] });
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    for (const text of texts) {
      const { seq } = await hers.command('sendMessage', { room, text });
      expect((await his.untilHeard(room, seq)).text).toBe(text);
    }
    expect((await readMessages(bob, room)).map((message) => message.text)).toEqual(texts);
  });
});

describe('history', () => {
  it('gives pages from the newest back, each oldest first, over both ways', async () => {
    const room = await createRoom(alice);
    for (let index = 1; index <= 7; index++) {
      bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: `message ${index}` }), 201);
    }
    const client = await alice.connect();
    const last = await client.command('history', { room, limit: 3 });
    expect(last).toMatchObject({ room, more: true });
    expect(last.messages.map((message) => message.text)).toEqual(['message 5', 'message 6', 'message 7']);
    const middle = await client.command('history', { room, limit: 3, before: last.messages[0]?.seq });
    expect(middle.messages.map((message) => message.n)).toEqual([2, 3, 4]);
    expect(middle.more).toBe(true);
    const first = await client.command('history', { room, limit: 3, before: middle.messages[0]?.seq });
    expect(first.messages.map((message) => message.n)).toEqual([1]);
    expect(first.more).toBe(false);

    const path = `/api/rooms/${room}/messages?limit=3`;
    expect(bodyOf(await alice.call('GET', path), 200)).toEqual(last);
    expect(await readMessages(alice, room, 3)).toEqual([
      ...first.messages,
      ...middle.messages,
      ...last.messages,
    ]);
  });

  it('holds messages only, each as it was made', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const client = await alice.connect();
    await client.command('sendMessage', { room, id: 'the-one', text: 'only this' });
    const { messages, more } = await client.command('history', { room });
    expect(more).toBe(false);
    expect(messages).toEqual<Message[]>([
      {
        seq: 3,
        type: 'message.created',
        user: alice.user,
        at: expect.stringMatching(TIME),
        id: 'the-one',
        n: 1,
        text: 'only this',
        reactions: {},
      },
    ]);
  });

  it('is empty before the first message', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    expect(await client.command('history', { room })).toEqual({ room, messages: [], more: false });
  });

  it('is there at once: who was answered finds the message', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    for (let index = 0; index < 8; index++) {
      const { seq } = await client.command('sendMessage', { room, text: `${index}` });
      const { messages } = await client.command('history', { room, limit: 1 });
      expect(messages[0]?.seq).toBe(seq);
    }
  });
});

describe('the log', () => {
  it('P1 one order: begins with the creation of the room and tells everything since', async () => {
    const room = await createRoom(alice, { name: 'Told', topic: 'Everything', members: [bob] });
    const client = await bob.connect();
    await client.command('sendMessage', { room, text: 'hi' });
    const log = await readLog(client, room);
    expect(log).toRunFrom(1);
    expect(log).toMatchObject([
      { type: 'room.created', user: alice.user, name: 'Told', topic: 'Everything', kind: 'public' },
      { type: 'member.joined', user: bob.user, member: bob.user },
      { type: 'message.created', user: bob.user, text: 'hi', n: 1 },
    ]);
  });
});
