import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { putConnection } from '../../shared/data/connections.ts';
import { putSubscriptions, type Subscription } from '../../shared/data/subscriptions.ts';
import { createLane } from '../../shared/delivery/lane.ts';
import type { Outcome } from '../../shared/delivery/poster.ts';
import { type MomentTools, tellRead, tellTyping } from '../../shared/delivery/tell-moment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

let database: Database;
let ctx: ChatContext;
let id: RoomId;
let rooms = 0;
/** What was posted: the connection and the frame. */
let posts: string[];
let log: string[];
let outcome: Outcome;

beforeAll(async () => {
  database = await startDatabase();
  ctx = chatContext(database);
});
afterAll(() => database.stop());
beforeEach(() => {
  id = room(`moments-${++rooms}`);
  posts = [];
  log = [];
  outcome = 'done';
});

function tools(): MomentTools {
  return {
    context: ctx,
    logger: createLogger({ level: 'info', write: (line) => log.push(line) }),
    lane: createLane(64, 300),
    poster: {
      post: async ({ connection }, { bytes }) => {
        posts.push(`${connection} ${Buffer.from(bytes)}`);
        return outcome;
      },
      close: async () => 'done',
    },
  };
}

/** A connection of a user that listens in the room. */
async function listen(name: string, connection: string): Promise<void> {
  const address = { connection, user: user(name), callback: 'http://localhost/x', connectedAt: Date.now() };
  const subscription: Subscription = { ...address, room: id, shard: 0, since: 1 };
  await putConnection(ctx.connections, {
    ...address,
    session: 's',
    tokenExpiresAt: Date.now() + 60_000,
  });
  await putSubscriptions(ctx.connections, [subscription]);
}

describe('typing', () => {
  it('is told to all connections of the others', async () => {
    for (const [name, connection] of [
      ['alice', 'a1'],
      ['alice', 'a2'],
      ['bob', 'b1'],
      ['bob', 'b2'],
      ['carol', 'c1'],
    ] as const)
      await listen(name, connection);
    await tellTyping(tools(), { user: user('alice'), room: id, on: true });
    const frame = `{"type":"typing","room":"${id}","user":"alice","on":true}`;
    expect(posts.sort()).toEqual([`b1 ${frame}`, `b2 ${frame}`, `c1 ${frame}`]);
  });

  it('is told to nobody where more than a hundred are online', async () => {
    for (let i = 0; i < 100; i++) await listen(`user-${i}`, `c${i}`);
    await tellTyping(tools(), { user: user('user-0'), room: id, on: true });
    expect(posts).toHaveLength(99);
    await listen('user-100', 'c100');
    posts = [];
    await tellTyping(tools(), { user: user('user-0'), room: id, on: true });
    expect(posts).toEqual([]);
  });

  it('is not lost in silence where API Gateway takes no request of ours', async () => {
    await listen('bob', 'b1');
    outcome = 'refused';
    await tellTyping(tools(), { user: user('alice'), room: id, on: true });
    expect(log.join()).toContain('moment not told');
  });
});

describe('a read mark', () => {
  it('is told to the others, and to the other devices of who has read', async () => {
    await listen('dora', 'd1');
    await listen('dora', 'd2');
    await listen('bob', 'b1');
    await tellRead(tools(), { user: user('dora'), connection: 'd1' }, { room: id, seq: 7 });
    const frame = `{"type":"read","room":"${id}","user":"dora","seq":7}`;
    expect(posts.sort()).toEqual([`b1 ${frame}`, `d2 ${frame}`]);
  });

  it('is told to the own devices alone where more than a hundred are online', async () => {
    for (let i = 0; i < 101; i++) await listen(`reader-${i}`, `r${i}`);
    await listen('reader-0', 'r0-phone');
    await tellRead(tools(), { user: user('reader-0'), connection: 'r0' }, { room: id, seq: 7 });
    expect(posts.map((post) => post.split(' ')[0])).toEqual(['r0-phone']);
  });
});
