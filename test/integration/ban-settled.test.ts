import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeBanned, type WatchContext } from '../../shared/chat/connection-watch.ts';
import { openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { removeMember } from '../../shared/chat/members.ts';
import { settle } from '../../shared/chat/settle.ts';
import { type Closing, listUserConnections } from '../../shared/data/connections.ts';
import { getHead } from '../../shared/data/heads.ts';
import { listSubscriptions } from '../../shared/data/subscriptions.ts';
import type { UserId } from '../../shared/protocol/ids.ts';
import { chatContext, LET_IN, readLog } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { registered, roomOf } from '../helper/people.ts';
import { watchedTable } from '../helper/watched-table.ts';

let database: Database;
let now = Date.UTC(2026, 10, 21);
let ctx: ChatContext & WatchContext;
const told: (Closing & { readonly connection: string })[] = [];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = {
    ...chatContext(database, () => now),
    closeSocket: async ({ connection }, closing) => {
      told.push({ connection, ...closing });
      return 'closed';
    },
    lookLater: async () => {},
  };
});
afterAll(() => database.stop());

async function open(user: UserId): Promise<string> {
  const connection = `c-${randomUUID()}`;
  const socket = { connection, callback: 'https://api.example.com/dev', connectedAt: now };
  await openConnection(ctx, { user, session: undefined, expiresAt: now + 900_000 }, socket, LET_IN);
  return connection;
}

describe('a ban whose handler died right after its commit', () => {
  it('P9 revocation: is completed by the settler, connections and all, and a repeat sends nobody away', async () => {
    const [owner, bob] = await registered(ctx, 'owner', 'bob');
    const id = await roomOf(ctx, owner, [bob]);
    const [mine, first, second] = [await open(owner), await open(bob), await open(bob)];
    now += 1_000;
    const dying = watchedTable(ctx.chat, (call) => {
      if (call === 'put E') throw new Error('died');
    });
    const ban = removeMember({ ...ctx, chat: dying }, { room: id, user: owner, member: bob, ban: true });
    await expect(ban).rejects.toThrow('died');

    const head = await getHead(ctx.chat, id);
    if (!head) throw new Error('no head');
    // As functions/streams/settler.ts does with what the stream brings.
    const committed = [...(await readLog(ctx, id)), head.last];
    await settle(ctx, id, committed);
    await closeBanned(ctx, committed);
    const closing = { code: 'banned', reconnect: true };
    expect(told.sort((a, b) => a.connection.localeCompare(b.connection))).toEqual(
      [first, second].sort().map((connection) => ({ connection, ...closing })),
    );
    expect((await listSubscriptions(ctx.connections, id, 0)).map((one) => one.connection)).toEqual([mine]);

    now += 1_000;
    const back = await open(bob);
    await settle(ctx, id, committed);
    await closeBanned(ctx, committed);
    expect(told).toHaveLength(2);
    expect((await listUserConnections(ctx.connections, bob)).map((one) => one.connection)).toEqual([back]);
    expect((await listSubscriptions(ctx.connections, id, 0)).map((one) => one.connection)).toEqual([mine]);
  });
});
