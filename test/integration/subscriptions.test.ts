import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { subscribeUser, unsubscribeUser } from '../../shared/chat/subscriptions.ts';
import {
  getAudience,
  listSubscriptions,
  possibleShards,
  raiseShards,
  shardOf,
  takePlaces,
} from '../../shared/data/subscriptions.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, LET_IN, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database);
});
afterAll(() => database.stop());

let counter = 0;
const newUser = () => user(`user-${++counter}`);
const newRoom = () => room(`room-${++counter}`);

async function open(who: UserId) {
  const connection = `conn-${++counter}`;
  await openConnection(
    ctx,
    { user: who, session: undefined, expiresAt: Date.now() + 900_000 },
    { connection, callback: 'https://api.example.com/dev', connectedAt: Date.now() },
    LET_IN,
  );
  return connection;
}

/** What is subscribed in all shards of a room: connection and since, sorted. */
async function subscribed(id: RoomId) {
  const { shards } = await getAudience(ctx.connections, id);
  const found = await Promise.all(
    Array.from({ length: shards }, (_, shard) => listSubscriptions(ctx.connections, id, shard)),
  );
  return found
    .flat()
    .map(({ connection, since }) => ({ connection, since }))
    .sort((a, b) => (a.connection < b.connection ? -1 : 1));
}

describe('subscribeUser', () => {
  it('subscribes all connections of the user and no other’s', async () => {
    const [alice, bob, id] = [newUser(), newUser(), newRoom()];
    const mine = [await open(alice), await open(alice)].sort();
    await open(bob);
    await subscribeUser(ctx, { user: alice, room: id, since: 4 });
    expect(await subscribed(id)).toEqual(mine.map((connection) => ({ connection, since: 4 })));
  });

  it('lets a late repeat of an older membership change nothing', async () => {
    const [alice, id] = [newUser(), newRoom()];
    const connection = await open(alice);
    await subscribeUser(ctx, { user: alice, room: id, since: 9 });
    await subscribeUser(ctx, { user: alice, room: id, since: 4 });
    expect(await subscribed(id)).toEqual([{ connection, since: 9 }]);
  });

  it('lists the place with the connection, so that its end finds it', async () => {
    const [alice, id] = [newUser(), newRoom()];
    const connection = await open(alice);
    await subscribeUser(ctx, { user: alice, room: id, since: 4 });
    expect(await takePlaces(ctx.connections, connection)).toEqual({
      user: alice,
      places: [{ room: id, shard: 0 }],
    });
  });
});

describe('unsubscribeUser', () => {
  it('P6 members only: removes the subscriptions and leaves a note for those that come late', async () => {
    const [alice, bob, id] = [newUser(), newUser(), newRoom()];
    await open(alice);
    const kept = await open(bob);
    await subscribeUser(ctx, { user: alice, room: id, since: 4 });
    await subscribeUser(ctx, { user: bob, room: id, since: 5 });
    await unsubscribeUser(ctx, { user: alice, room: id, asOf: 8 });
    expect(await subscribed(id)).toEqual([{ connection: kept, since: 5 }]);
    expect((await getAudience(ctx.connections, id)).left).toEqual(new Map([[alice, 8]]));
  });

  it('leaves the subscription of a newer membership, when it comes late', async () => {
    const [alice, id] = [newUser(), newRoom()];
    const connection = await open(alice);
    await subscribeUser(ctx, { user: alice, room: id, since: 9 });
    await unsubscribeUser(ctx, { user: alice, room: id, asOf: 8 });
    expect(await subscribed(id)).toEqual([{ connection, since: 9 }]);
  });

  it('keeps the note of the later end, whichever is written last', async () => {
    const [alice, id] = [newUser(), newRoom()];
    await unsubscribeUser(ctx, { user: alice, room: id, asOf: 12 });
    await unsubscribeUser(ctx, { user: alice, room: id, asOf: 8 });
    expect((await getAudience(ctx.connections, id)).left).toEqual(new Map([[alice, 12]]));
  });

  it('finds a subscription that was put when the room had fewer shards', async () => {
    const [alice, id] = [newUser(), newRoom()];
    for (let index = 0; index < 8; index++) await open(alice);
    await subscribeUser(ctx, { user: alice, room: id, since: 4 });
    await raiseShards(ctx.connections, id, 1, 2);
    await raiseShards(ctx.connections, id, 2, 8);
    await unsubscribeUser(ctx, { user: alice, room: id, asOf: 6 });
    expect(await subscribed(id)).toEqual([]);
  });
});

describe('shards', () => {
  it('are one until they are raised, and are raised once by two who saw the same', async () => {
    const id = newRoom();
    expect(await getAudience(ctx.connections, id)).toEqual({ shards: 1, left: new Map() });
    const raised = await Promise.all([
      raiseShards(ctx.connections, id, 1, 4),
      raiseShards(ctx.connections, id, 1, 4),
    ]);
    expect(raised.sort()).toEqual([false, true]);
    expect((await getAudience(ctx.connections, id)).shards).toBe(4);
    expect(await raiseShards(ctx.connections, id, 2, 8)).toBe(false);
  });

  it('take connections evenly', () => {
    const counts = new Map<number, number>();
    for (let index = 0; index < 8_000; index++) {
      const shard = shardOf(`L0SM9cOFvHcC${index.toString(36)}=`, 8);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(8);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('are found again after any number of doublings', () => {
    for (let index = 0; index < 500; index++) {
      const connection = `c-${index}`;
      for (const before of [1, 2, 4, 8, 16]) {
        expect(possibleShards(connection, 16)).toContain(shardOf(connection, before));
      }
    }
  });
});
