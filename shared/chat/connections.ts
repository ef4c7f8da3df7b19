/** A socket's life: what is written when it opens, and what is taken back when it is gone. */
import {
  type Connection,
  type ConnectionAddress,
  deleteConnection,
  listUserConnections,
  markClosing,
  putConnection,
  renewConnection,
} from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import { listMemberships } from '../data/memberships.ts';
import { isLetIn } from '../data/sessions.ts';
import {
  addPlaces,
  getShards,
  type Place,
  putSubscriptions,
  type Subscription,
  shardOf,
  takePlaces,
} from '../data/subscriptions.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { LookLater } from './connection-watch.ts';
import type { ChatContext } from './context.ts';
import { subscribe, unsubscribe } from './subscriptions.ts';

/** Who connects, as the token proved it. */
export interface Identity {
  readonly user: UserId;
  /** The login that the token belongs to; undefined where the token's issuer keeps its own sessions. */
  readonly session: string | undefined;
  /** When the access token ends, epoch milliseconds. */
  readonly expiresAt: number;
}

/** What a connection needs beside the tables to be let in. */
export interface Admission {
  /** Connections that a user may have open at once; 0: any number. */
  readonly connectionsPerUser: number;
  readonly lookLater: LookLater;
}

/**
 * Makes a connection hear all rooms of its user: done before the socket opens.
 *
 * Write first, then read, as a join, a leave or a logout does on its side: one of the two sees the other. The connection's items come
 * first; then the memberships; then the subscriptions; then the memberships again, to take back what ended and to add
 * what began meanwhile; and the session, which may have ended (docs/data-model.md, "Rules for races").
 *
 * @throws {ParleyError} `unauthenticated` where the session or the token has ended. Whatever is thrown, nothing stays behind.
 */
export async function openConnection(
  ctx: ChatContext,
  identity: Identity,
  socket: { readonly connection: string; readonly callback: string; readonly connectedAt: number },
  admission: Admission,
): Promise<void> {
  const connection: Connection = {
    ...socket,
    user: identity.user,
    session: identity.session,
    tokenExpiresAt: identity.expiresAt,
  };
  const left = identity.expiresAt - ctx.now();
  if (left <= 0) throw ended('connect', 'the token has ended');
  try {
    await putConnection(ctx.connections, connection);
    await Promise.all([
      admission.lookLater(socket, left),
      makeRoomFor(ctx, connection, admission),
      subscribeToRooms(ctx, connection),
    ]);
  } catch (error) {
    // What can't be taken back now ends by itself.
    await removeConnection(ctx, socket).catch(() => {});
    throw error;
  }
}

async function subscribeToRooms(ctx: ChatContext, connection: Connection): Promise<void> {
  const { user, session } = connection;
  const before = await readMemberships(ctx, user);
  const shards = await getShards(ctx.connections, [...before.keys()]);
  const subscriptions = [...before].map(
    ([room, since]): Subscription => ({
      ...addressOf(connection),
      room,
      shard: shardOf(connection.connection, shards.get(room) ?? 1),
      since,
    }),
  );
  await Promise.all([
    addPlaces(ctx.connections, connection, subscriptions),
    putSubscriptions(ctx.connections, subscriptions),
  ]);
  const [after, alive] = await Promise.all([readMemberships(ctx, user), isLetIn(ctx.chat, user, session)]);
  if (!alive) throw ended('connect', 'the session has ended');
  await mend(ctx, connection, before, after);
}

/**
 * Sees to it that a user has no more connections than allowed: the oldest go, as whoever opens one looks at that one, and what no
 * `$disconnect` ever told of is among the oldest. Exact under concurrency: each counts after its own item is there, so
 * that the last one to count sees all, and all agree on which are the oldest.
 */
async function makeRoomFor(
  ctx: ChatContext,
  { connection, user }: ConnectionAddress,
  { connectionsPerUser, lookLater }: Admission,
): Promise<void> {
  if (connectionsPerUser === 0) return;
  const open = await listUserConnections(ctx.connections, user);
  const oldest = open
    .filter((other) => other.connection !== connection)
    .sort((a, b) => a.connectedAt - b.connectedAt || (a.connection < b.connection ? -1 : 1))
    .slice(0, Math.max(0, open.length - connectionsPerUser));
  await Promise.all(
    oldest.map(async ({ connection, connectedAt }) => {
      const whose = { user, connectedAt };
      // Coming back at once would send away the next one.
      await markClosing(ctx.connections, connection, whose, { code: 'going_away', reconnect: false });
      await lookLater({ connection, connectedAt }, 0);
    }),
  );
}

/** Brings the subscriptions from one reading of the memberships to the next. */
async function mend(
  ctx: ChatContext,
  address: ConnectionAddress,
  before: ReadonlyMap<RoomId, number>,
  after: ReadonlyMap<RoomId, number>,
): Promise<void> {
  const gone = [...before].filter(([room]) => !after.has(room));
  const fresh = [...after].filter(([room, since]) => before.get(room) !== since);
  if (gone.length + fresh.length === 0) return;
  const shards = await getShards(
    ctx.connections,
    [...gone, ...fresh].map(([room]) => room),
  );
  await Promise.all([
    ...gone.map(([room, since]) =>
      unsubscribe(ctx, {
        connection: address.connection,
        room,
        shards: shards.get(room) ?? 1,
        asOf: since + 1,
      }),
    ),
    ...fresh.map(([room, since]) =>
      subscribe(ctx, addressOf(address), { room, shards: shards.get(room) ?? 1, since }),
    ),
  ]);
}

/** The rooms that a user is a member of now, each with the number of the event that made it so. */
async function readMemberships(ctx: ChatContext, user: UserId): Promise<Map<RoomId, number>> {
  const memberships = await listMemberships(ctx.chat, user);
  return new Map(memberships.map(({ room, since }) => [room, since]));
}

/**
 * Removes what is known of a connection that is closed, as `$disconnect` says.
 *
 * @param connectedAt only this very connection, epoch milliseconds; without it whichever has the id.
 */
export async function removeConnection(
  ctx: ChatContext,
  socket: { readonly connection: string; readonly connectedAt?: number },
): Promise<void> {
  const { connection, connectedAt } = socket;
  const owner = await deleteConnection(ctx.connections, connection, connectedAt);
  if (owner === 'newer') return;
  const taken = await takePlaces(ctx.connections, connection);
  const user = owner ?? taken?.user;
  await ctx.connections.batchWrite({
    deletes: [
      ...(user ? [connectionKeys.userConnection(user, connection)] : []),
      ...(taken?.places ?? []).map(({ room, shard }: Place) =>
        connectionKeys.subscription(room, shard, connection),
      ),
    ],
  });
}

/**
 * Forgets a connection that the fan-out found gone. Nothing of a newer one is touched.
 *
 * @param subscription the one that was posted to in vain: it goes in any case.
 */
export async function forgetConnection(ctx: ChatContext, subscription: Subscription): Promise<void> {
  const { connection, connectedAt, room, shard, user } = subscription;
  const owner = await deleteConnection(ctx.connections, connection, connectedAt);
  if (owner === 'newer') return;
  const taken = await takePlaces(ctx.connections, connection);
  const places = [{ room, shard }, ...(taken?.places ?? [])];
  const keys = new Map(
    places.map((place) => {
      const key = connectionKeys.subscription(place.room, place.shard, connection);
      return [`${key.pk}/${key.sk}`, key];
    }),
  );
  await ctx.connections.batchWrite({
    deletes: [connectionKeys.userConnection(user, connection), ...keys.values()],
  });
}

/**
 * Lets a connection live on past its old token's end.
 *
 * A token of the session that the connection belongs to needs no look at the session: who ends that one closes the connection.
 * With a token of another session of the same user the connection goes over to that one: write first, then read, as in
 * `openConnection`. A read before it keeps a token whose session has long ended from doing anything.
 *
 * @returns when the connection's token ends now, epoch milliseconds.
 * @throws {ParleyError} `forbidden` for another user's token, `unauthenticated` where the connection or the session is gone.
 */
export async function authenticateConnection(
  ctx: ChatContext,
  caller: { readonly connection: string; readonly user: UserId; readonly session: string | undefined },
  identity: Identity,
  lookLater: LookLater,
): Promise<number> {
  const { user, session, expiresAt: tokenExpiresAt } = identity;
  const { connection } = caller;
  if (user !== caller.user) {
    throw new ParleyError('forbidden', 'authenticate', 'the token belongs to another user');
  }
  const alive = async () =>
    session === undefined || session === caller.session || isLetIn(ctx.chat, user, session);
  if (!(await alive())) throw ended('authenticate', 'the session has ended');
  const expiresAt = await renewConnection(ctx.connections, connection, { user, session, tokenExpiresAt });
  if (expiresAt === undefined) throw ended('authenticate', 'the connection is closed');
  if (await alive()) return expiresAt;
  const closing = { code: 'session_revoked', reconnect: false } as const;
  const marked = await markClosing(ctx.connections, connection, { user, session }, closing);
  if (marked) await lookLater(marked, 0);
  throw ended('authenticate', 'the session has ended');
}

function ended(operation: string, reason: string): ParleyError {
  return new ParleyError('unauthenticated', operation, reason);
}

function addressOf({ connection, user, callback, connectedAt }: ConnectionAddress): ConnectionAddress {
  return { connection, user, callback, connectedAt };
}
