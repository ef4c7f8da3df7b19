/** Presence over a real database, change by change: large rooms, time to live, what dead handlers leave behind. */
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnection, removeConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { readPresence } from '../../shared/chat/presence.ts';
import { TELLING_MS } from '../../shared/chat/presence-state.ts';
import { createRoom } from '../../shared/chat/rooms.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { putMembership } from '../../shared/data/memberships.ts';
import { getUserPresence } from '../../shared/data/presence.ts';
import { createLane } from '../../shared/delivery/lane.ts';
import type { PresenceMessage } from '../../shared/delivery/presence-messages.ts';
import type { UserNews } from '../../shared/delivery/presence-records.ts';
import { readConnectionRecords } from '../../shared/delivery/presence-records.ts';
import { tellCount } from '../../shared/delivery/tell-count.ts';
import { followUser, lookAndTell, type PresenceEnvironment } from '../../shared/delivery/tell-presence.ts';
import { createLogger } from '../../shared/observability/log.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, LET_IN, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const GRACE_MS = 5_000;

let database: Database;
let clock = Date.now();
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database, () => clock);
});
afterAll(() => database.stop());

interface Sent {
  readonly connection: string;
  readonly frame: Readonly<Record<string, unknown>>;
}

/** A follower whose posts and messages are kept. */
function follower(options: { readonly postsFail?: boolean } = {}) {
  const sent: Sent[] = [];
  const queue: { message: PresenceMessage; afterMs: number }[] = [];
  const environment: PresenceEnvironment = {
    context: ctx,
    logger: createLogger({ level: 'error', write: () => {} }),
    poster: {
      async post({ connection }, { bytes }) {
        if (options.postsFail) throw new Error('the handler dies here');
        sent.push({ connection, frame: JSON.parse(Buffer.from(bytes).toString()) });
        return 'done';
      },
      close: async () => 'done',
    },
    lane: createLane(64, 1_000),
    cleanUp: createLane(8, 1_000),
    tables: createLane(32, 1_000),
    now: () => clock,
    sleep: async () => {},
    random: () => 0.5,
    graceMs: GRACE_MS,
    async sendLater(message, afterMs = 0) {
      queue.push({ message, afterMs });
    },
  };
  return { environment, sent, queue };
}

const news = (who: UserId, more: Partial<UserNews> = {}): UserNews => ({
  user: who,
  gone: [],
  joined: new Map(),
  moved: true,
  firstRecord: '1',
  ...more,
});

let counter = 0;
const newUser = () => user(`someone-${++counter}`);

async function newRoom(owner: UserId): Promise<RoomId> {
  const id = room(`place-${++counter}`);
  await createRoom(ctx, { user: owner, room: id, name: id, kind: 'public' });
  return id;
}

/** A membership as a join leaves it, without the log: a crowd's joins are not what is looked at. */
async function enter(who: UserId, id: RoomId): Promise<void> {
  const joinedAt = new Date(clock).toISOString();
  const membership = { room: id, user: who, role: 'member', since: 1, joinedAt, asOf: 1 } as const;
  await putMembership(ctx.chat, { ...membership, read: { seq: 1, n: 0 } });
}

async function connect(who: UserId): Promise<{ connection: string; connectedAt: number }> {
  const socket = { connection: `conn-${++counter}`, connectedAt: clock };
  await openConnection(
    ctx,
    { user: who, session: undefined, expiresAt: clock + 900_000 },
    { ...socket, callback: 'https://api.example.com/dev' },
    LET_IN,
  );
  return socket;
}

describe('a change', () => {
  it('that nobody told is told by who looks when its teller must have died', async () => {
    const [alice, bob] = [newUser(), newUser()];
    const id = await newRoom(alice);
    await enter(bob, id);
    const { connection } = await connect(alice);
    await connect(bob);
    await expect(followUser(follower({ postsFail: true }).environment, news(bob))).rejects.toThrow();
    const soon = follower();
    await followUser(soon.environment, news(bob));
    expect(soon.sent).toEqual([]);
    const [later] = soon.queue;
    expect(later?.message).toEqual({ kind: 'look', user: bob });
    expect(later?.afterMs).toBeLessThanOrEqual(TELLING_MS);
    clock += TELLING_MS;
    const next = follower();
    await lookAndTell(next.environment, { user: bob, news: false });
    expect(next.sent).toEqual([
      { connection, frame: { type: 'presence', room: id, user: bob, online: true } },
    ]);
    const again = follower();
    await lookAndTell(again.environment, { user: bob, news: false });
    expect([again.sent, again.queue]).toEqual([[], []]);
  });

  it('is none while the grace runs, and the grace begins anew with each connection that goes', async () => {
    const [alice, bob] = [newUser(), newUser()];
    await enter(bob, await newRoom(alice));
    await connect(alice);
    const first = await connect(bob);
    const { environment, sent, queue } = follower();
    await followUser(environment, news(bob));
    await removeConnection(ctx, first);
    await followUser(environment, news(bob));
    expect(queue.pop()).toEqual({ message: { kind: 'look', user: bob }, afterMs: GRACE_MS });
    clock += GRACE_MS - 1_000;
    const second = await connect(bob);
    await removeConnection(ctx, second);
    await followUser(environment, news(bob));
    queue.length = 0;
    clock += 1_000;
    // The first look comes: four seconds too early for the second going.
    await lookAndTell(environment, { user: bob, news: false });
    expect(queue).toEqual([{ message: { kind: 'look', user: bob }, afterMs: GRACE_MS - 1_000 }]);
    expect(sent.map(({ frame }) => frame.online)).toEqual([true]);
    clock += GRACE_MS;
    await lookAndTell(environment, { user: bob, news: false });
    expect(sent.map(({ frame }) => frame.online)).toEqual([true, false]);
  });

  it('is seen where a handler died between the items of a connection', async () => {
    const bob = newUser();
    const socket = await connect(bob);
    const { environment, queue } = follower();
    await followUser(environment, news(bob));
    const own = connectionKeys.connection(socket.connection);
    const { news: read } = readConnectionRecords([
      {
        eventName: 'REMOVE',
        dynamodb: {
          SequenceNumber: '7',
          Keys: marshall(own),
          OldImage: marshall({ ...own, user: bob, connectedAt: socket.connectedAt }),
        },
      },
    ]);
    for (const one of read) await followUser(environment, one);
    expect((await getUserPresence(ctx.connections, bob)).connections).toEqual([]);
    expect(queue).toEqual([{ message: { kind: 'look', user: bob }, afterMs: GRACE_MS }]);
  });
});

describe('nothing stays online for ever', () => {
  it('though no $disconnect, no 410 and no deletion by time to live ever came', async () => {
    const [alice, bob] = [newUser(), newUser()];
    const id = await newRoom(alice);
    await enter(bob, id);
    await connect(bob);
    await followUser(follower().environment, news(bob));
    expect((await readPresence(ctx, { user: alice, room: id })).online).toContain(bob);
    clock += 3 * 60 * 60 * 1_000;
    expect((await readPresence(ctx, { user: alice, room: id })).online).not.toContain(bob);
  });
});

describe('a room with more than a hundred online', () => {
  it('is told numbers, some at most, and names again when it has emptied', { timeout: 60_000 }, async () => {
    const alice = newUser();
    const id = await newRoom(alice);
    const hers = await connect(alice);
    const crowd = Array.from({ length: 104 }, newUser);
    const { environment, sent, queue } = follower();
    await followUser(environment, news(alice));
    const sockets = new Map<UserId, { connection: string; connectedAt: number }>();
    for (const one of crowd) {
      await enter(one, id);
      sockets.set(one, await connect(one));
      await followUser(environment, news(one));
    }
    const hears = (from = 0) =>
      sent
        .slice(from)
        .filter(({ connection }) => connection === hers.connection)
        .map(({ frame }) => frame);
    // Named up to a hundred; from then on one message, whoever comes.
    expect(hears().every(({ count }) => count === undefined)).toBe(true);
    expect(hears()).toHaveLength(99);
    expect(queue.map(({ message }) => message)).toEqual([{ kind: 'count', room: id }]);
    const answer = await readPresence(ctx, { user: alice, room: id });
    expect([answer.online.length, answer.count]).toEqual([100, 105]);

    let from = sent.length;
    await tellCount(environment, id);
    expect(hears(from)).toEqual([{ type: 'presence', room: id, count: 105 }]);
    from = sent.length;
    // The same number again is no news.
    await tellCount(environment, id);
    expect(sent.length).toBe(from);

    queue.length = 0;
    for (const one of crowd.slice(0, 40)) {
      const socket = sockets.get(one);
      if (socket) await removeConnection(ctx, socket);
      await followUser(environment, news(one));
    }
    clock += GRACE_MS;
    for (const one of crowd.slice(0, 40)) await lookAndTell(environment, { user: one, news: false });
    expect(sent.length).toBe(from);
    expect(queue.filter(({ message }) => message.kind === 'count')).toHaveLength(1);
    await tellCount(environment, id);
    expect(hears(from)).toEqual([{ type: 'presence', room: id, count: 65 }]);
    const few = await readPresence(ctx, { user: alice, room: id });
    expect([few.online.length, few.count]).toEqual([65, 65]);

    from = sent.length;
    const [back = alice] = crowd;
    await connect(back);
    await followUser(environment, news(back));
    expect(hears(from)).toEqual([{ type: 'presence', room: id, user: back, online: true }]);
  });
});
