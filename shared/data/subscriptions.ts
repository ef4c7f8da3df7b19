/** Who hears a room: a subscription per connection, spread over the room's shards, and who has left. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { CONNECTION_ITEMS_LIFE_MS, type ConnectionAddress, connectionExpiry } from './connections.ts';
import { BEHIND_NOTES, connectionKeys, NOTE_PREFIX, TTL_ATTRIBUTE } from './keys.ts';
import { type OnlineCount, toOnlineCount } from './online.ts';
import { ConditionFailed, type Item, ignoreFailedCondition, type Table } from './table.ts';

export interface Subscription extends ConnectionAddress {
  readonly room: RoomId;
  readonly shard: number;
  /** Number of the event that made its user a member: which membership it stands on. */
  readonly since: number;
}

/** What the fan-out has to know of a room before its subscriptions. */
export interface Audience {
  readonly shards: number;
  /** Number of the event that ended a user's membership, by user. */
  readonly left: ReadonlyMap<string, number>;
  /** Set where too many are online to be told by name. */
  readonly counted?: OnlineCount;
}

/**
 * A user's note of leaving must outlive every subscription that it may have to silence, even one that a handler puts
 * late: twice a connection's items.
 */
const LEFT_LIFE_MS = 2 * CONNECTION_ITEMS_LIFE_MS;

/** Rooms that a connection's list of its subscriptions names at most, so that the item stays far under 400 KB. */
const MAX_LISTED = 4_000;

/** The shard of a connection: FNV-1a over its id, as evenly as needed and the same everywhere. */
export function shardOf(connection: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < connection.length; i++) {
    hash = Math.imul(hash ^ connection.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % shards;
}

/** Every shard that a connection may have been given while the room's shards doubled up to `shards`. */
export function possibleShards(connection: string, shards: number): number[] {
  const possible = new Set<number>();
  for (let count = 1; count <= shards; count *= 2) possible.add(shardOf(connection, count));
  return [...possible];
}

function toItem(subscription: Subscription): Item {
  const { room, shard, connection, user, callback, connectedAt, since } = subscription;
  return {
    ...connectionKeys.subscription(room, shard, connection),
    user,
    callback,
    connectedAt,
    since,
    [TTL_ATTRIBUTE]: connectionExpiry(connectedAt),
  };
}

function toSubscription(room: RoomId, shard: number, item: Item): Subscription {
  return {
    room,
    shard,
    connection: item.sk,
    user: item.user as UserId,
    callback: String(item.callback),
    connectedAt: Number(item.connectedAt),
    since: Number(item.since),
  };
}

/** Puts any number of subscriptions as they are. Who may race with another writer looks again afterwards. */
export async function putSubscriptions(table: Table, subscriptions: readonly Subscription[]): Promise<void> {
  await table.batchWrite({ puts: subscriptions.map(toItem) });
}

/**
 * Puts a subscription of a connection that was there before its user was a member, unless one that stands on a newer membership
 * is there. `joined` is what presence follows: the room has not been told yet that the user is online.
 */
export async function putNewerSubscription(table: Table, subscription: Subscription): Promise<void> {
  await ignoreFailedCondition(
    table.put(
      { ...toItem(subscription), joined: true },
      {
        condition: 'attribute_not_exists(pk) OR since <= :since',
        values: { ':since': subscription.since },
      },
    ),
  );
}

/**
 * Deletes a subscription that stands on a membership older than `asOf`.
 *
 * @returns whether one was deleted.
 */
export async function deleteOlderSubscription(
  table: Table,
  subscription: { readonly room: RoomId; readonly shard: number; readonly connection: string },
  asOf: number,
): Promise<boolean> {
  const { room, shard, connection } = subscription;
  const deleted = await ignoreFailedCondition(
    table.delete(connectionKeys.subscription(room, shard, connection), {
      condition: 'since < :asOf',
      values: { ':asOf': asOf },
    }),
  );
  return deleted !== undefined;
}

/** One page after another of a shard's subscriptions. */
export async function listSubscriptions(table: Table, room: RoomId, shard: number): Promise<Subscription[]> {
  const { pk } = connectionKeys.subscription(room, shard, '');
  const items = await table.queryAll({
    where: 'pk = :pk AND sk > :notes',
    values: { ':pk': pk, ':notes': BEHIND_NOTES },
  });
  return items.map((item) => toSubscription(room, shard, item));
}

/** The number of shards of each room that has more than one. */
export async function getShards(table: Table, rooms: readonly RoomId[]): Promise<Map<RoomId, number>> {
  const keys = rooms.map((room) => connectionKeys.shards(room));
  const roomOf = new Map(keys.map((key, index) => [key.pk, rooms[index]]));
  const shards = new Map<RoomId, number>();
  for (const item of await table.batchGet(keys)) {
    const room = roomOf.get(item.pk);
    if (room !== undefined) shards.set(room, Number(item.shards));
  }
  return shards;
}

/** The number of shards of one room: a call that fewer functions need the right to. */
export async function getShardCount(table: Table, room: RoomId): Promise<number> {
  const item = await table.get(connectionKeys.shards(room));
  return item ? Number(item.shards) : 1;
}

/** How many shards a room has, and who has left it: one query. */
export async function getAudience(table: Table, room: RoomId): Promise<Audience> {
  const { pk } = connectionKeys.shards(room);
  const items = await table.queryAll({
    where: 'pk = :pk AND sk < :subscriptions',
    values: { ':pk': pk, ':subscriptions': BEHIND_NOTES },
  });
  return toAudience(room, items);
}

/** The same, and the subscriptions of the first shard: one query for all of a room that has no other. */
export async function getFirstListeners(
  table: Table,
  room: RoomId,
): Promise<{ readonly audience: Audience; readonly first: readonly Subscription[] }> {
  const { pk } = connectionKeys.shards(room);
  const items = await table.queryAll({ where: 'pk = :pk', values: { ':pk': pk } });
  const notes = items.filter(({ sk }) => sk.startsWith(NOTE_PREFIX));
  const first = items.slice(notes.length).map((item) => toSubscription(room, 0, item));
  return { audience: toAudience(room, notes), first };
}

function toAudience(room: RoomId, notes: readonly Item[]): Audience {
  const left = new Map<string, number>();
  let shards = 1;
  let counted: OnlineCount | undefined;
  const leftPrefix = connectionKeys.left(room, '' as UserId).sk;
  for (const item of notes) {
    if (item.sk === connectionKeys.shards(room).sk) shards = Number(item.shards);
    else if (item.sk === connectionKeys.onlineCount(room).sk) counted = toOnlineCount(item);
    else if (item.sk.startsWith(leftPrefix)) left.set(item.sk.slice(leftPrefix.length), Number(item.asOf));
  }
  return { shards, left, ...(counted ? { counted } : {}) };
}

/** Raises a room's number of shards from what it was; does nothing where another raised it first. */
export async function raiseShards(table: Table, room: RoomId, from: number, to: number): Promise<boolean> {
  const condition = from === 1 ? 'attribute_not_exists(pk)' : 'shards = :from';
  try {
    await table.update(connectionKeys.shards(room), {
      update: 'SET shards = :to',
      condition,
      values: { ':to': to, ...(from === 1 ? {} : { ':from': from }) },
    });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

/** Notes that a user's membership ended with event `asOf`, unless a later end is noted. */
export async function putLeft(
  table: Table,
  left: { readonly room: RoomId; readonly user: UserId; readonly asOf: number },
  now: number,
): Promise<void> {
  await ignoreFailedCondition(
    table.put(
      {
        ...connectionKeys.left(left.room, left.user),
        asOf: left.asOf,
        [TTL_ATTRIBUTE]: Math.ceil((now + LEFT_LIFE_MS) / 1_000),
      },
      { condition: 'attribute_not_exists(pk) OR asOf <= :asOf', values: { ':asOf': left.asOf } },
    ),
  );
}

/** Where a connection is subscribed: a room and its shard. */
export interface Place {
  readonly room: RoomId;
  readonly shard: number;
}

function toText({ room, shard }: Place): string {
  return `${shard}#${room}`;
}

function toPlace(text: string): Place {
  const cut = text.indexOf('#');
  return { room: text.slice(cut + 1) as RoomId, shard: Number(text.slice(0, cut)) };
}

/** Adds to the list of where a connection is subscribed: a set, so that two writers never undo each other. */
export async function addPlaces(
  table: Table,
  address: ConnectionAddress,
  places: readonly Place[],
): Promise<void> {
  if (places.length === 0) return;
  await table.update(connectionKeys.subscriptionsOf(address.connection), {
    update: 'ADD places :places SET #user = :user, #ttl = :expires',
    names: { '#user': 'user', '#ttl': TTL_ATTRIBUTE },
    values: {
      ':places': new Set(places.slice(0, MAX_LISTED).map(toText)),
      ':user': address.user,
      ':expires': connectionExpiry(address.connectedAt),
    },
  });
}

/** Takes one place off the list, where there is a list. */
export async function removePlace(table: Table, connection: string, place: Place): Promise<void> {
  await ignoreFailedCondition(
    table.update(connectionKeys.subscriptionsOf(connection), {
      update: 'DELETE places :places',
      condition: 'attribute_exists(pk)',
      values: { ':places': new Set([toText(place)]) },
    }),
  );
}

/** What the list holds, strongly consistent. */
export async function getPlaces(table: Table, connection: string): Promise<readonly Place[]> {
  const item = await table.get(connectionKeys.subscriptionsOf(connection));
  return item ? placesOf(item) : [];
}

/** Deletes the list and gives what it held. */
export async function takePlaces(
  table: Table,
  connection: string,
): Promise<{ readonly user: UserId; readonly places: readonly Place[] } | undefined> {
  const item = await table.delete(connectionKeys.subscriptionsOf(connection));
  if (!item) return undefined;
  return { user: item.user as UserId, places: placesOf(item) };
}

function placesOf({ places }: Item): Place[] {
  return places instanceof Set ? [...places].map((text) => toPlace(String(text))) : [];
}
