/** What a membership's begin and end mean for the sockets that are open. Safe to repeat, in any order. */
import { type ConnectionAddress, listUserConnections } from '../data/connections.ts';
import {
  addPlaces,
  deleteOlderSubscription,
  getShardCount,
  possibleShards,
  putLeft,
  putNewerSubscription,
  removePlace,
  shardOf,
} from '../data/subscriptions.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';

type ConnectionsContext = Pick<ChatContext, 'connections' | 'now'>;

/**
 * Subscribes every open connection of a new member. Call it after the membership is stored: a connection that opens
 * meanwhile either is seen here or sees the membership itself (docs/data-model.md, "Rules for races").
 *
 * @param since the number of the event that made the user a member.
 */
export async function subscribeUser(
  ctx: ConnectionsContext,
  { user, room, since }: { readonly user: UserId; readonly room: RoomId; readonly since: number },
): Promise<void> {
  const connections = await listUserConnections(ctx.connections, user);
  if (connections.length === 0) return;
  const shards = await getShardCount(ctx.connections, room);
  await Promise.all(connections.map((address) => subscribe(ctx, address, { room, shards, since })));
}

/** Subscribes one connection to one room, unless its subscription stands on a newer membership already. */
export async function subscribe(
  ctx: ConnectionsContext,
  address: ConnectionAddress,
  { room, shards, since }: { readonly room: RoomId; readonly shards: number; readonly since: number },
): Promise<void> {
  const shard = shardOf(address.connection, shards);
  await Promise.all([
    addPlaces(ctx.connections, address, [{ room, shard }]),
    putNewerSubscription(ctx.connections, { ...address, room, shard, since }),
  ]);
}

/**
 * Ends what a user hears of a room (P6). Call it after the membership is withdrawn. The note that the user has left comes
 * first: from then on the fan-out skips the older subscriptions, even one that a slow handler puts late.
 *
 * @param asOf the number of the event that ended the membership.
 */
export async function unsubscribeUser(
  ctx: ConnectionsContext,
  { user, room, asOf }: { readonly user: UserId; readonly room: RoomId; readonly asOf: number },
): Promise<void> {
  await putLeft(ctx.connections, { room, user, asOf }, ctx.now());
  const connections = await listUserConnections(ctx.connections, user);
  if (connections.length === 0) return;
  const shards = await getShardCount(ctx.connections, room);
  await Promise.all(
    connections.map(({ connection }) => unsubscribe(ctx, { connection, room, shards, asOf })),
  );
}

/** Ends one connection's subscription to one room, if it is older than `asOf`. */
export async function unsubscribe(
  ctx: ConnectionsContext,
  subscription: {
    readonly connection: string;
    readonly room: RoomId;
    readonly shards: number;
    readonly asOf: number;
  },
): Promise<void> {
  const { connection, room, shards, asOf } = subscription;
  await Promise.all(
    possibleShards(connection, shards).map(async (shard) => {
      const place = { room, shard };
      if (await deleteOlderSubscription(ctx.connections, { ...place, connection }, asOf)) {
        await removePlace(ctx.connections, connection, place);
      }
    }),
  );
}
