import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { queryAllEvents } from '../../shared/data/events.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import {
  getAudience,
  listSubscriptions,
  putSubscriptions,
  raiseShards,
} from '../../shared/data/subscriptions.ts';
import {
  createLanes,
  type DeliveryEnvironment,
  deliverToShard,
} from '../../shared/delivery/deliver-shard.ts';
import { createFanOut, type FanOut } from '../../shared/delivery/fan-out.ts';
import { createPoster } from '../../shared/delivery/poster.ts';
import type { CallShard } from '../../shared/delivery/shard-call.ts';
import { createLogger } from '../../shared/observability/log.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type CallbackApi, startCallbackApi } from '../helper/callback-api.ts';
import { chatContext, LET_IN, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const POST_TIMEOUT_MS = 300;
/** The clock of the delivery runs ten times as fast, so that giving up takes half a second in place of five. */
const HASTE = 10;
const started = Date.now();
const now = () => started + (Date.now() - started) * HASTE;

let database: Database;
let api: CallbackApi;
let ctx: ChatContext;
let fanOut: FanOut;
let environment: DeliveryEnvironment;
let shardCalls: number[] = [];
const log: string[] = [];

beforeAll(async () => {
  [database, api] = await Promise.all([startDatabase({ streams: false }), startCallbackApi()]);
  ctx = chatContext(database);
  environment = {
    context: ctx,
    logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
    poster: createPoster(database.environment, { timeoutMs: POST_TIMEOUT_MS }),
    ...createLanes(),
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / HASTE)),
    random: Math.random,
  };
});
afterAll(() => Promise.all([database.stop(), api.stop()]));
beforeEach(() => {
  api.behave(() => 200);
  shardCalls = [];
  const callShard: CallShard = (work) => {
    shardCalls.push(work.shard);
    return deliverToShard(environment, work);
  };
  fanOut = createFanOut(environment, callShard);
});

let counter = 0;
const newUser = () => user(`user-${++counter}`);

async function newRoom(owner: UserId) {
  const id = room(`room-${++counter}`);
  await createRoom(ctx, { user: owner, room: id, name: id, kind: 'public' });
  return id;
}

/** @param age milliseconds since it connected. */
async function open(who: UserId, age = 60_000) {
  const connection = `conn-${++counter}=`;
  await openConnection(
    ctx,
    { user: who, session: undefined, expiresAt: Date.now() + 900_000 },
    { connection, callback: api.url, connectedAt: now() - age },
    LET_IN,
  );
  return connection;
}

async function say(who: UserId, id: RoomId, text = 'hello') {
  return (await sendMessage(ctx, { room: id, user: who, text })).seq;
}

/** What the stream brings: the committed events of a stretch. */
const committed = (id: RoomId, from: number, to: number) => queryAllEvents(ctx.chat, id, { from, to });

async function deliver(id: RoomId, from: number, to = from) {
  await fanOut(id, await committed(id, from, to));
}

describe('fan-out', () => {
  it('P4 delivered: brings every event to every connection of every member, in order, and to nobody else', async () => {
    const [alice, bob, carol] = [newUser(), newUser(), newUser()];
    const id = await newRoom(alice);
    await joinRoom(ctx, { room: id, user: bob });
    const heard = [await open(alice), await open(alice), await open(bob)];
    const stranger = await open(carol);
    for (let n = 0; n < 5; n++) await say(n % 2 ? bob : alice, id);
    await deliver(id, 3, 4);
    await deliver(id, 5, 7);
    for (const connection of heard) expect(api.seqs(connection, id)).toEqual([3, 4, 5, 6, 7]);
    expect(api.seqs(stranger)).toEqual([]);
  });

  it('puts the events of a batch into one frame, as the log has them', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice);
    for (const text of ['one', 'two', 'three']) await say(alice, id, text);
    await deliver(id, 2, 4);
    expect(api.frames(connection)).toEqual([{ room: id, seqs: [2, 3, 4] }]);
    const frame = JSON.parse(api.calls.find((call) => call.connection === connection)?.body ?? '');
    const events = (await committed(id, 2, 4)).map(({ event }) => event);
    expect(frame).toEqual({ type: 'events', room: id, events });
  });

  it('starts after what it has delivered when a batch comes again', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice);
    await say(alice, id);
    await deliver(id, 2);
    await say(alice, id);
    await deliver(id, 2, 3);
    expect(api.seqs(connection)).toEqual([2, 3]);
  });

  it('P4 delivered: brings a joiner its own member.joined though the handler died after the commit', async () => {
    const [alice, bob] = [newUser(), newUser()];
    const id = await newRoom(alice);
    const connection = await open(bob);
    // All that the handler does after its commit fails.
    const dying: ChatContext = {
      ...ctx,
      connections: new Proxy(ctx.connections, {
        get() {
          return () => Promise.reject(new Error('the handler died'));
        },
      }),
    };
    await expect(joinRoom(dying, { room: id, user: bob })).rejects.toThrow('the handler died');
    expect(await listSubscriptions(ctx.connections, id, 0)).toEqual([]);
    await say(alice, id);
    await deliver(id, 1, 3);
    expect(api.seqs(connection)).toEqual([2, 3]);
  });

  it('P6 members only: posts nothing to a subscription that comes late, after its user has left', async () => {
    const [alice, bob] = [newUser(), newUser()];
    const id = await newRoom(alice);
    await joinRoom(ctx, { room: id, user: bob });
    const connection = await open(bob);
    const late = await listSubscriptions(ctx.connections, id, 0);
    await leaveRoom(ctx, { room: id, user: bob });
    // A handler that read the membership before it ended.
    await putSubscriptions(ctx.connections, late);
    await say(alice, id);
    await deliver(id, 3, 4);
    expect(api.seqs(connection)).toEqual([]);
  });

  it('P4 delivered: brings everything to who left and joined again', async () => {
    const [alice, bob] = [newUser(), newUser()];
    const id = await newRoom(alice);
    await joinRoom(ctx, { room: id, user: bob });
    const connection = await open(bob);
    await leaveRoom(ctx, { room: id, user: bob });
    await joinRoom(ctx, { room: id, user: bob });
    await say(alice, id);
    await deliver(id, 3, 5);
    expect(api.seqs(connection)).toEqual([4, 5]);
  });

  it('forgets a connection that is gone, and posts to it no more', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const [gone, kept] = [await open(alice), await open(alice)];
    api.behave(({ connection }) => (connection === gone ? 410 : 200));
    await say(alice, id);
    await say(alice, id);
    await deliver(id, 2);
    expect((await listSubscriptions(ctx.connections, id, 0)).map((one) => one.connection)).toEqual([kept]);
    expect(await ctx.connections.get(connectionKeys.connection(gone))).toBeUndefined();
    expect(await ctx.connections.get(connectionKeys.userConnection(alice, gone))).toBeUndefined();
    await deliver(id, 3);
    expect(api.calls.filter(({ connection }) => connection === gone)).toHaveLength(1);
    expect(api.seqs(kept)).toEqual([2, 3]);
  });

  it('does not forget a connection that is still opening', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice, 0);
    api.behave(() => 410);
    await say(alice, id);
    await deliver(id, 2);
    api.behave(() => 200);
    await say(alice, id);
    await deliver(id, 3);
    expect(api.seqs(connection)).toEqual([3]);
  });

  it.each([429, 500, 503])('P4 delivered: repeats a post that was answered %i, in order', async (status) => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice);
    api.behave((_, tries) => (tries <= 2 ? status : 200));
    await say(alice, id);
    await say(alice, id);
    await deliver(id, 2);
    await deliver(id, 3);
    expect(api.seqs(connection)).toEqual([2, 3]);
    expect(api.calls.filter((call) => call.connection === connection)).toHaveLength(4);
  });

  it('P4 disconnected: closes a connection that stays out of reach, tells it why, and forgets it', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const [slow, kept] = [await open(alice), await open(alice)];
    api.behave(({ connection, method, body }) =>
      connection === slow && method === 'POST' && !body.includes('closing') ? 429 : 200,
    );
    await say(alice, id);
    await deliver(id, 2);
    const calls = api.calls.filter(({ connection }) => connection === slow);
    expect(JSON.parse(calls.at(-2)?.body ?? '')).toEqual({
      type: 'closing',
      code: 'too_slow',
      reconnect: true,
    });
    expect(calls.at(-1)).toMatchObject({ method: 'DELETE' });
    expect(calls.length).toBeGreaterThan(4);
    expect((await listSubscriptions(ctx.connections, id, 0)).map((one) => one.connection)).toEqual([kept]);
    expect(api.seqs(kept)).toEqual([2]);
  });

  it('fails the batch when a connection can be neither reached nor closed, after all others were served', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const [stuck, kept] = [await open(alice), await open(alice)];
    api.behave(({ connection }) => (connection === stuck ? 500 : 200));
    await say(alice, id);
    await expect(deliver(id, 2)).rejects.toThrow('1 connections stuck');
    expect(api.seqs(kept)).toEqual([2]);
    expect(await listSubscriptions(ctx.connections, id, 0)).toHaveLength(2);
    api.behave(() => 200);
    await deliver(id, 2);
    expect(api.seqs(stuck)).toEqual([2]);
  });

  it('fails the batch when API Gateway refuses us, and closes nobody for it', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice);
    api.behave(() => 403);
    await say(alice, id);
    await expect(deliver(id, 2)).rejects.toThrow('1 posts refused');
    expect(api.calls.filter((call) => call.connection === connection)).toHaveLength(1);
    expect(await listSubscriptions(ctx.connections, id, 0)).toHaveLength(1);
  });

  it('ends a connection that API Gateway refuses to post to, while it takes the posts to others', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const [refused, kept] = [await open(alice), await open(alice)];
    api.behave(({ connection }) => (connection === refused ? 400 : 200));
    await say(alice, id);
    await deliver(id, 2);
    expect(api.seqs(kept)).toEqual([2]);
    expect(api.calls.filter(({ connection }) => connection === refused)).toMatchObject([
      { method: 'POST' },
      { method: 'DELETE' },
    ]);
    expect(await ctx.connections.get(connectionKeys.connection(refused))).toBeUndefined();
    expect((await listSubscriptions(ctx.connections, id, 0)).map((one) => one.connection)).toEqual([kept]);
  });

  it('does not let connections that hang hold up the others', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    // More than posts are in flight by plan.
    const hanging = new Set(await Promise.all(Array.from({ length: 70 }, () => open(alice))));
    const healthy = await Promise.all(Array.from({ length: 30 }, () => open(alice)));
    let lastHealthy = 0;
    const began = performance.now();
    api.behave(({ connection }) => {
      if (hanging.has(connection)) return 'hang';
      lastHealthy = performance.now() - began;
      return 200;
    });
    await say(alice, id);
    const delivered = deliver(id, 2).catch(() => 'stuck');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(healthy.every((connection) => api.seqs(connection).length === 1)).toBe(true);
    expect(lastHealthy).toBeLessThan(1_200);
    api.behave(() => 410);
    await delivered;
  });

  it('never posts a later batch to a connection before the earlier one is done with it', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const connection = await open(alice);
    api.behave(({ body }, tries) =>
      tries < 3 && body.includes('"seq":2') ? { status: 500, afterMs: 30 } : { status: 200, afterMs: 20 },
    );
    for (let n = 0; n < 3; n++) await say(alice, id);
    for (const seq of [2, 3, 4]) await deliver(id, seq);
    expect(api.seqs(connection)).toEqual([2, 3, 4]);
  });
});

describe('a large room', () => {
  /** Subscribes made-up connections without their other items. */
  async function crowd(id: RoomId, who: UserId, size: number) {
    await putSubscriptions(
      ctx.connections,
      Array.from({ length: size }, (_, index) => ({
        room: id,
        shard: 0,
        connection: `crowd-${++counter}-${index}`,
        user: who,
        callback: api.url,
        connectedAt: now() - 60_000,
        since: 1,
      })),
    );
  }

  it('is spread over as many shards as its connections need, and over no more for the old ones that stay', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    await crowd(id, alice, 600);
    for (let n = 0; n < 3; n++) await say(alice, id);
    await deliver(id, 2);
    expect((await getAudience(ctx.connections, id)).shards).toBe(4);
    expect(shardCalls).toEqual([]);
    await deliver(id, 3);
    await deliver(id, 4);
    expect(shardCalls).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect((await getAudience(ctx.connections, id)).shards).toBe(4);
    const [crowded] = await listSubscriptions(ctx.connections, id, 0);
    expect(api.seqs(crowded?.connection ?? '')).toEqual([2, 3, 4]);
  });

  it('P4 delivered: reaches connections in every shard', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const old = await Promise.all(Array.from({ length: 4 }, () => open(alice)));
    await raiseShards(ctx.connections, id, 1, 4);
    const fresh = await Promise.all(Array.from({ length: 12 }, () => open(alice)));
    await say(alice, id);
    await deliver(id, 2);
    expect(shardCalls).toEqual([0, 1, 2, 3]);
    for (const connection of [...old, ...fresh]) expect(api.seqs(connection)).toEqual([2]);
  });

  it('fails the batch when one shard fails, after the others are done', async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    await raiseShards(ctx.connections, id, 1, 2);
    const connections = await Promise.all(Array.from({ length: 6 }, () => open(alice)));
    await say(alice, id);
    const done: number[] = [];
    const failing = createFanOut(environment, async (work) => {
      if (work.shard === 0) throw new Error('shard 0 failed');
      const result = await deliverToShard(environment, work);
      done.push(work.shard);
      return result;
    });
    await expect(failing(id, await committed(id, 2, 2))).rejects.toThrow('shard 0 failed');
    expect(done).toEqual([1]);
    await failing(id, await committed(id, 2, 2)).catch(() => undefined);
    expect(done).toEqual([1, 1]);
    expect(connections.some((connection) => api.seqs(connection).length === 2)).toBe(true);
  });
});
