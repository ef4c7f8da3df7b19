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

/** A user has twenty connections at most: a crowd is many users. */
const STAYING = 7;
const LEAVING = 11;

let alice: Account;
let staying: Account[];
let leaving: Account[];
beforeAll(async () => {
  [alice] = await people(endpoint(), 'alice');
  const crowd = (count: number) => people(endpoint(), ...Array.from({ length: count }, () => 'crowd'));
  [staying, leaving] = [await crowd(STAYING), await crowd(LEAVING)];
});
afterAll(() => {
  for (const account of [alice, ...staying, ...leaving]) account.disconnect();
});

/** Connections of these users, as many of each. */
async function connectMany(accounts: readonly Account[], count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const first = clients.length;
    const batch = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => first + index);
    const connected = batch.map((index) => accounts[index % accounts.length]?.connect());
    clients.push(...(await Promise.all(connected)).filter((client) => client !== undefined));
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
    const room = await createRoom(alice, { members: [...staying, ...leaving] });
    const speaker = await alice.connect();
    const early = [
      ...(await connectMany(staying, SHARD / 2)),
      ...(await connectMany(leaving, SHARD / 2 + 10)),
    ];
    await tellAll(speaker, room, early);
    const late = await connectMany(leaving, 50);
    await tellAll(speaker, room, [...early, ...late]);

    const left = Math.max(...(await Promise.all(leaving.map((account) => leaveRoom(account, room)))));
    const { seq } = await speaker.command('sendMessage', { room, text: 'they are gone' });
    const stayed = early.slice(0, SHARD / 2);
    await Promise.all(stayed.map((client) => client.untilHeard(room, seq)));
    await pause(patience().forWhatMustNot);
    for (const client of [...early.slice(SHARD / 2), ...late]) {
      expect(client.heard(room).filter((event) => event.seq > left)).toEqual([]);
    }
  }, 120_000);
});
