import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import { createRoom, leaveRoom } from '../helper/room.ts';

/** Connections beyond which the service spreads a room over several shards, by data-model.md. */
const SHARD = 250;
/** Handshakes at once: a burst of them is another test's matter. */
const AT_ONCE = 20;

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

async function connectMany(account: Account, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const batch = Math.min(AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: batch }, () => account.connect()))));
  }
  return clients;
}

/** Sends messages and waits until every one of the clients heard each, in order, once. */
async function tellAll(speaker: Client, room: string, clients: readonly Client[]): Promise<void> {
  const seqs: number[] = [];
  for (let index = 0; index < 3; index++) {
    seqs.push((await speaker.command('sendMessage', { room, text: `to all ${index}` })).seq);
  }
  await Promise.all(clients.map((client) => client.untilHeard(room, Math.max(...seqs))));
  for (const client of clients) {
    const heard = [...new Set(client.heard(room).map((event) => event.seq))];
    expect(heard.filter((seq) => seqs.includes(seq))).toEqual(seqs);
  }
}

describe('a large room', () => {
  it('P4 delivered: reaches every connection while the room outgrows its shards', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const speaker = await alice.connect();
    const early = [...(await connectMany(alice, SHARD / 2)), ...(await connectMany(bob, SHARD / 2 + 10))];
    await tellAll(speaker, room, early);
    const late = await connectMany(bob, 50);
    await tellAll(speaker, room, [...early, ...late]);

    const left = await leaveRoom(bob, room);
    const { seq } = await speaker.command('sendMessage', { room, text: 'bob is gone' });
    const stayed = early.slice(0, SHARD / 2);
    await Promise.all(stayed.map((client) => client.untilHeard(room, seq)));
    await pause(patience().forWhatMustNot);
    for (const client of [...early.slice(SHARD / 2), ...late]) {
      expect(client.heard(room).filter((event) => event.seq > left)).toEqual([]);
    }
  }, 120_000);
});
