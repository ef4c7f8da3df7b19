import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog, readMessages } from '../helper/room.ts';

let everyone: Account[];
beforeAll(async () => {
  everyone = await people(endpoint(), 'ann', 'ben', 'cat', 'dan', 'eve');
});
afterAll(() => {
  for (const account of everyone) account.disconnect();
});

/** Lets everyone send `count` messages, all at once; gives the numbers that were acknowledged. */
async function talkAtOnce(room: string, count: number): Promise<number[]> {
  const clients = await Promise.all(everyone.map((account) => account.connect()));
  const sent = clients.flatMap((client, who) =>
    Array.from({ length: count }, (_, index) =>
      client.command('sendMessage', { room, text: `${who}:${index}` }),
    ),
  );
  return (await Promise.all(sent)).map((data) => data.seq);
}

describe('P1 one order', () => {
  it('P1 one order: events of senders who write at once are numbered without gap or repeat', async () => {
    const [owner, ...members] = everyone;
    if (!owner) throw new Error('nobody is there');
    const room = await createRoom(owner, { members });
    const seqs = (await talkAtOnce(room, 10)).sort((a, b) => a - b);
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => everyone.length + 1 + index));
    const log = await readLog(await owner.connect(), room);
    expect(log).toRunFrom(1);
    expect(log.flatMap((event) => event.n ?? [])).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  it('P1 one order: every client sees the same event under the same number, live, by sync and by history', async () => {
    const [owner, ...members] = everyone;
    if (!owner) throw new Error('nobody is there');
    const room = await createRoom(owner, { members });
    const observers = await Promise.all(everyone.map((account) => account.connect()));
    const last = Math.max(...(await talkAtOnce(room, 6)));
    await Promise.all(observers.map((observer) => observer.untilHeard(room, last)));
    const first = everyone.length + 1;
    const log = await readLog(await owner.connect(), room, first - 1);
    expect(log).toRunFrom(first);
    for (const observer of observers) {
      const heard = observer.heard(room);
      const unique = heard.filter(
        ({ seq }, index) => heard.findIndex((event) => event.seq === seq) === index,
      );
      expect(unique.filter((event) => event.seq >= first)).toEqual(log);
    }
    const messages = await readMessages(owner, room, 7);
    expect(messages.map(({ reactions, ...event }) => event)).toEqual(log);
  });

  it('P1 one order: a connection that sends without waiting gets its messages stored, none lost', async () => {
    const [owner] = everyone;
    if (!owner) throw new Error('nobody is there');
    const room = await createRoom(owner);
    const client = await owner.connect();
    const sent = Array.from({ length: 20 }, (_, index) =>
      client.command('sendMessage', { room, text: `${index}` }),
    );
    const seqs = (await Promise.all(sent)).map((data) => data.seq);
    expect(new Set(seqs).size).toBe(20);
    const log = await readLog(client, room);
    for (const [index, seq] of seqs.entries()) expect(log[seq - 1]?.text).toBe(`${index}`);
  });
});

describe('P2 durable before acknowledged', () => {
  it('P2 durable: what was acknowledged is read back at once, by another user over another way', async () => {
    const [writer, reader] = everyone;
    if (!writer || !reader) throw new Error('nobody is there');
    const room = await createRoom(writer, { members: [reader] });
    const client = await writer.connect();
    for (let index = 0; index < 10; index++) {
      const { seq, at } = await client.command('sendMessage', { room, text: `kept ${index}` });
      const answer = await reader.call('GET', `/api/rooms/${room}/messages?limit=1`);
      const { messages } = bodyOf<{ messages: unknown[] }>(answer, 200);
      expect(messages).toMatchObject([{ seq, at, text: `kept ${index}`, user: writer.user }]);
    }
  });

  it('P2 durable: the log outlives the connection that wrote it', async () => {
    const [owner] = everyone;
    if (!owner) throw new Error('nobody is there');
    const room = await createRoom(owner);
    const client = await owner.connect();
    const { seq } = await client.command('sendMessage', { room, text: 'last words' });
    client.terminate();
    const log = await readLog(await owner.connect(), room);
    expect(log[seq - 1]).toMatchObject({ seq, text: 'last words' });
  });

  it('P2 durable: an unanswered command either made its event once or not at all', async () => {
    const [owner] = everyone;
    if (!owner) throw new Error('nobody is there');
    const room = await createRoom(owner);
    for (let index = 0; index < 5; index++) {
      const client = await owner.connect();
      client.sendRaw(JSON.stringify({ action: 'sendMessage', id: `gone-${index}`, room, text: `${index}` }));
      client.terminate();
      const again = await owner.connect();
      const { seq } = await again.command('sendMessage', { id: `gone-${index}`, room, text: `${index}` });
      const log = await readLog(again, room);
      expect(log.filter((event) => event.id === `gone-${index}`).map((event) => event.seq)).toEqual([seq]);
      again.terminate();
    }
  });
});
