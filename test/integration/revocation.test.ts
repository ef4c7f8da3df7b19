import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandGate } from '../../shared/chat/command-gate.ts';
import {
  CLOSE_AGAIN_MS,
  type Look,
  lookAtConnection,
  type WatchContext,
} from '../../shared/chat/connection-watch.ts';
import { authenticateConnection, openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { closeConnections, type SocketEnd } from '../../shared/chat/revocation.ts';
import { createRoom } from '../../shared/chat/rooms.ts';
import { type Closing, getConnection, listUserConnections } from '../../shared/data/connections.ts';
import { deleteSession, putSession } from '../../shared/data/sessions.ts';
import { listSubscriptions } from '../../shared/data/subscriptions.ts';
import type { UserId } from '../../shared/protocol/ids.ts';
import { chatContext, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const START = 1_800_000_000_000;
const LIFE_MS = 900_000;
const callback = 'https://api.example.com/dev';
const REVOKED = { code: 'session_revoked', reconnect: false } as const;

let database: Database;
let clock = START;
/** What sockets were told, how closing them ends, and what is to be looked at when. */
let told: (Closing & { readonly connection: string })[];
let end: SocketEnd;
let looks: (Look & { readonly afterMs: number })[];
let ctx: ChatContext & WatchContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = {
    ...chatContext(database, () => clock),
    closeSocket: async ({ connection }, closing) => {
      told.push({ connection, ...closing });
      return end;
    },
    lookLater: async ({ connection, connectedAt }, afterMs) => {
      looks.push({ connection, connectedAt, afterMs });
    },
  };
});
afterAll(() => database.stop());

/** Everything anew, with a user of its own in a room of its own. */
async function someone(): Promise<UserId> {
  [clock, told, end, looks] = [START, [], 'closed', []];
  const who = user(`revoked-${randomUUID().slice(0, 8)}`);
  await createRoom(ctx, { user: who, room: room(who), name: who, kind: 'private' });
  return who;
}

async function session(who: UserId): Promise<string> {
  const id = randomUUID();
  const expiresAt = Math.ceil((START + 86_400_000) / 1_000);
  await putSession(ctx.chat, who, id, { refreshHash: 'x', rotatedAt: START, expiresAt });
  return id;
}

async function open(who: UserId, of: string | undefined, connectionsPerUser = 20): Promise<string> {
  const connection = `c-${randomUUID()}`;
  const identity = { user: who, session: of, expiresAt: clock + LIFE_MS };
  const socket = { connection, callback, connectedAt: clock };
  await openConnection(ctx, identity, socket, { connectionsPerUser, lookLater: ctx.lookLater });
  return connection;
}

const connectionsOf = async (who: UserId) =>
  (await listUserConnections(ctx.connections, who)).map(({ connection }) => connection).sort();
const command = (connection: string) =>
  createCommandGate({ perMinute: 100, burst: 30 }).beginCommand(ctx, connection);

describe('P9 revocation: closeConnections', () => {
  it('closes those of one session, or all but those, or all', async () => {
    const alice = await someone();
    const [s1, s2] = [await session(alice), await session(alice)];
    const [first, second, foreign] = [
      await open(alice, s1),
      await open(alice, s2),
      await open(alice, undefined),
    ];
    await closeConnections(ctx, { user: alice, session: s1, ...REVOKED });
    expect(await connectionsOf(alice)).toEqual([second, foreign].sort());
    await closeConnections(ctx, { user: alice, exceptSession: s2, ...REVOKED });
    expect(await connectionsOf(alice)).toEqual([second]);
    await closeConnections(ctx, { user: alice, code: 'removed', reconnect: false });
    expect(told).toEqual([
      { connection: first, ...REVOKED },
      { connection: foreign, ...REVOKED },
      { connection: second, code: 'removed', reconnect: false },
    ]);
    expect(await listSubscriptions(ctx.connections, room(alice), 0)).toEqual([]);
  });

  it('leaves who came back since alone, so that a repeat sends nobody away', async () => {
    const alice = await someone();
    await open(alice, undefined);
    clock += 1_000;
    const connectedBefore = clock;
    const back = await open(alice, undefined);
    await closeConnections(ctx, { user: alice, connectedBefore, code: 'banned', reconnect: true });
    expect(await connectionsOf(alice)).toEqual([back]);
  });

  it('keeps what can’t be closed from speaking and hearing, and goes on with the first reason', async () => {
    const alice = await someone();
    const connection = await open(alice, undefined);
    end = 'stuck';
    const open1 = await closeConnections(ctx, { user: alice, ...REVOKED });
    expect(open1).toMatchObject([{ connection }]);
    await expect(command(connection)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await listSubscriptions(ctx.connections, room(alice), 0)).toEqual([]);
    end = 'closed';
    await closeConnections(ctx, { user: alice, code: 'removed', reconnect: false });
    expect(told.at(-1)).toEqual({ connection, ...REVOKED });
    expect(await connectionsOf(alice)).toEqual([]);
  });

  it('does not believe that a young connection is gone, and forgets an old one', async () => {
    const alice = await someone();
    const connection = await open(alice, undefined);
    end = 'gone';
    expect(await closeConnections(ctx, { user: alice, ...REVOKED })).toMatchObject([{ connection }]);
    clock += 30_000;
    expect(await closeConnections(ctx, { user: alice, ...REVOKED })).toEqual([]);
    expect(await getConnection(ctx.connections, connection)).toBeUndefined();
  });
});

describe('a handshake', () => {
  it('P9 revocation: is refused where the session has ended, and leaves nothing behind', async () => {
    const alice = await someone();
    const gone = await session(alice);
    await deleteSession(ctx.chat, alice, gone);
    await expect(open(alice, gone)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await connectionsOf(alice)).toEqual([]);
    expect(await listSubscriptions(ctx.connections, room(alice), 0)).toEqual([]);
  });

  it('has the connection looked at when its token ends', async () => {
    const connection = await open(await someone(), undefined);
    expect(looks).toEqual([{ connection, connectedAt: START, afterMs: LIFE_MS }]);
  });

  it('closes the oldest beyond the limit, exactly, however many come at once', async () => {
    const alice = await someone();
    const before: string[] = [];
    for (let n = 0; n < 3; n++) {
      before.push(await open(alice, undefined, 3));
      clock += 1_000;
    }
    looks = [];
    await Promise.all([open(alice, undefined, 3), open(alice, undefined, 3)]);
    for (const look of looks.filter(({ afterMs }) => afterMs === 0)) await lookAtConnection(ctx, look);
    const closed = [...new Set(told.map(({ connection }) => connection))].sort();
    expect(closed).toEqual(before.slice(0, 2).sort());
    expect(told[0]).toMatchObject({ code: 'going_away', reconnect: false });
    expect(await connectionsOf(alice)).toHaveLength(3);
  });

  it('is let in any number of times where there is no limit', async () => {
    const alice = await someone();
    for (let n = 0; n < 25; n++) await open(alice, undefined, 0);
    expect(await connectionsOf(alice)).toHaveLength(25);
  });
});

describe('P9 revocation: lookAtConnection', () => {
  const look = (connection: string): Look => ({ connection, connectedAt: START });

  it('waits for what is left of the token, then closes', async () => {
    const connection = await open(await someone(), undefined);
    clock += LIFE_MS - 1;
    await lookAtConnection(ctx, look(connection));
    expect(looks.at(-1)).toEqual({ ...look(connection), afterMs: 1 });
    expect(told).toEqual([]);
    clock += 1;
    await expect(command(connection)).rejects.toMatchObject({ code: 'unauthenticated' });
    await lookAtConnection(ctx, look(connection));
    expect(told).toEqual([{ connection, code: 'token_expired', reconnect: true }]);
  });

  it('does nothing about a connection that is gone, or that has the id of one that was', async () => {
    const connection = await open(await someone(), undefined);
    looks = [];
    clock += LIFE_MS;
    await lookAtConnection(ctx, look('never'));
    await lookAtConnection(ctx, { connection, connectedAt: START - 1 });
    expect([...told, ...looks]).toEqual([]);
  });

  it('goes on with a closing until it is done', async () => {
    const alice = await someone();
    const connection = await open(alice, undefined);
    end = 'stuck';
    await closeConnections(ctx, { user: alice, ...REVOKED });
    await lookAtConnection(ctx, look(connection));
    expect(looks.at(-1)).toEqual({ ...look(connection), afterMs: CLOSE_AGAIN_MS });
    end = 'closed';
    await lookAtConnection(ctx, look(connection));
    expect(await connectionsOf(alice)).toEqual([]);
  });

  it('lets a connection live that is renewed between its look and its write', async () => {
    const alice = await someone();
    const connection = await open(alice, undefined);
    clock += LIFE_MS;
    let renewed = false;
    const update: typeof ctx.connections.update = async (key, change) => {
      const fresh = { user: alice, session: undefined, expiresAt: clock + LIFE_MS };
      if (!renewed) {
        renewed = true;
        await authenticateConnection(
          ctx,
          { connection, user: alice, session: undefined },
          fresh,
          ctx.lookLater,
        );
      }
      return ctx.connections.update(key, change);
    };
    await lookAtConnection({ ...ctx, connections: { ...ctx.connections, update } }, look(connection));
    expect(renewed).toBe(true);
    expect(told).toEqual([]);
    expect(looks.at(-1)).toEqual({ ...look(connection), afterMs: CLOSE_AGAIN_MS });
  });
});

describe('authenticateConnection', () => {
  const authenticate = (
    connection: string,
    caller: { user: UserId; session: string | undefined },
    fresh: { user: UserId; session: string | undefined; expiresAt: number },
  ) => authenticateConnection(ctx, { connection, ...caller }, fresh, ctx.lookLater);

  it('moves the end of the token, never nearer', async () => {
    const alice = await someone();
    const s1 = await session(alice);
    const connection = await open(alice, s1);
    const own = { user: alice, session: s1 };
    const later = START + 2 * LIFE_MS;
    expect(await authenticate(connection, own, { ...own, expiresAt: later })).toBe(later);
    expect(await authenticate(connection, own, { ...own, expiresAt: later - 1 })).toBe(later);
    expect(await getConnection(ctx.connections, connection)).toMatchObject({ tokenExpiresAt: later });
  });

  it('P9 revocation: goes over to another session of the user, and ends with that one', async () => {
    const alice = await someone();
    const [s1, s2] = [await session(alice), await session(alice)];
    const connection = await open(alice, s1);
    const fresh = { user: alice, session: s2, expiresAt: START + 2 * LIFE_MS };
    await authenticate(connection, { user: alice, session: s1 }, fresh);
    await closeConnections(ctx, { user: alice, session: s1, ...REVOKED });
    expect(await connectionsOf(alice)).toEqual([connection]);
    await closeConnections(ctx, { user: alice, session: s2, ...REVOKED });
    expect(await connectionsOf(alice)).toEqual([]);
  });

  it('refuses another user’s token and that of an ended session, and changes nothing', async () => {
    const [alice, bob] = [await someone(), await someone()];
    const [s1, gone] = [await session(alice), await session(alice)];
    await deleteSession(ctx.chat, alice, gone);
    const connection = await open(alice, s1);
    const before = await getConnection(ctx.connections, connection);
    const own = { user: alice, session: s1 };
    const expiresAt = START + 2 * LIFE_MS;
    await expect(
      authenticate(connection, own, { user: bob, session: undefined, expiresAt }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(
      authenticate(connection, own, { user: alice, session: gone, expiresAt }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await getConnection(ctx.connections, connection)).toEqual(before);
  });

  it('refuses where the connection is closed or being closed', async () => {
    const alice = await someone();
    const connection = await open(alice, undefined);
    const own = { user: alice, session: undefined };
    end = 'stuck';
    await closeConnections(ctx, { user: alice, ...REVOKED });
    const fresh = { ...own, expiresAt: START + 2 * LIFE_MS };
    await expect(authenticate(connection, own, fresh)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authenticate('never', own, fresh)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
