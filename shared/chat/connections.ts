/** A socket's life: what is written when it opens, and what is taken back when it is gone. */
import {
  type Connection,
  type ConnectionAddress,
  deleteConnection,
  putConnection,
  renewConnection,
} from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import { listMemberships } from '../data/memberships.ts';
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

/**
 * Makes a connection hear all rooms of its user: done before the socket opens.
 *
 * Write first, then read, as a join or a leave does on its side: one of the two sees the other. The connection's items come
 * first; then the memberships; then the subscriptions; then the memberships again, to take back what ended and to add
 * what began meanwhile (docs/data-model.md, "Rules for races").
 */
export async function openConnection(
  ctx: ChatContext,
  identity: Identity,
  socket: { readonly connection: string; readonly callback: string; readonly connectedAt: number },
): Promise<void> {
  const connection: Connection = {
    ...socket,
    user: identity.user,
    session: identity.session,
    tokenExpiresAt: identity.expiresAt,
  };
  await putConnection(ctx.connections, connection);
  const before = await readMemberships(ctx, identity.user);
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
  await mend(ctx, connection, before, await readMemberships(ctx, identity.user));
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
export async function closeConnection(
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
 * @throws {ParleyError} `forbidden` for another user's token, `unauthenticated` where the connection is gone.
 */
export async function authenticateConnection(
  ctx: ChatContext,
  caller: { readonly connection: string; readonly user: UserId },
  identity: Identity,
): Promise<void> {
  const operation = 'authenticate';
  if (identity.user !== caller.user) {
    throw new ParleyError('forbidden', operation, 'the token belongs to another user');
  }
  const renewed = await renewConnection(ctx.connections, caller.connection, {
    user: identity.user,
    session: identity.session,
    tokenExpiresAt: identity.expiresAt,
  });
  if (!renewed) throw new ParleyError('unauthenticated', operation, 'the connection is closed');
}

function addressOf({ connection, user, callback, connectedAt }: ConnectionAddress): ConnectionAddress {
  return { connection, user, callback, connectedAt };
}
