/** Who is told that a user came online or went offline: the connections of those who share a room, each once. */
import type { ChatContext } from '../chat/context.ts';
import { type OnlineIn, putCountDue, putOnlineIn } from '../data/online.ts';
import type { Presence } from '../data/presence.ts';
import {
  type Audience,
  getFirstListeners,
  listSubscriptions,
  type Subscription,
} from '../data/subscriptions.ts';
import { MAX_ONLINE_NAMES, type RoomId, type UserId } from '../protocol/ids.ts';
import type { Lane } from './lane.ts';
import type { SendLater } from './presence-messages.ts';

/** A connection that is to be told, and the rooms that it shares with the user. */
export interface Observer {
  readonly subscription: Subscription;
  readonly rooms: readonly RoomId[];
}

export interface AudienceTools {
  readonly context: ChatContext;
  /** Bounds the calls of the tables. */
  readonly tables: Lane;
  readonly sendLater: SendLater;
}

/**
 * Milliseconds between two tellings of the number of those online in a room: what bounds the posts there, however many come and
 * go. A list of names is what people look at; of a number this large they notice no more than that it is about right.
 */
export const COUNT_EVERY_MS = 10_000;

/**
 * Notes the user's presence in its rooms, then reads who listens there; who asks meanwhile reads the note (readPresence). Rooms with
 * too many online are told their number instead, a moment later.
 */
export async function findObservers(
  tools: AudienceTools,
  memberships: readonly OnlineIn[],
  presence: Presence,
): Promise<Observer[]> {
  await noteInRooms(tools, memberships, presence);
  const byRoom = await Promise.all(
    memberships.map(({ room }) => tools.tables(() => listenersOf(tools, room, presence.user))),
  );
  const observers = new Map<string, { subscription: Subscription; rooms: RoomId[] }>();
  for (const subscription of byRoom.flat()) {
    const known = observers.get(subscription.connection);
    if (known) known.rooms.push(subscription.room);
    else observers.set(subscription.connection, { subscription, rooms: [subscription.room] });
  }
  return [...observers.values()];
}

/** Who is told of `user` by name in a room. One's own connections know without. */
async function listenersOf(tools: AudienceTools, room: RoomId, user: UserId): Promise<Subscription[]> {
  const { connections } = tools.context;
  const { audience, first } = await getFirstListeners(connections, room);
  if (audience.counted) {
    await makeCountDue(tools, room, audience.counted.due);
    return [];
  }
  const others = Array.from({ length: audience.shards - 1 }, (_, index) =>
    listListeners(tools.context, room, index + 1, audience.left),
  );
  const listeners = [...first.filter(hears(audience.left)), ...(await Promise.all(others)).flat()];
  const online = new Set(listeners.map((one) => one.user)).add(user).size;
  if (online > MAX_ONLINE_NAMES) {
    await makeCountDue(tools, room);
    return [];
  }
  return listeners.filter((one) => one.user !== user);
}

/** Everyone who hears a room by one of its shards (P6): without those who have left it since their subscription began. */
export async function listListeners(
  { connections }: Pick<ChatContext, 'connections'>,
  room: RoomId,
  shard: number,
  left: Audience['left'],
): Promise<Subscription[]> {
  return (await listSubscriptions(connections, room, shard)).filter(hears(left));
}

function hears(left: Audience['left']): (subscription: Subscription) => boolean {
  return ({ user, since }) => (left.get(user) ?? 0) <= since;
}

/** Notes in its rooms whether the user is online, and for how long that may be believed. */
export async function noteInRooms(
  { context, tables }: Pick<AudienceTools, 'context' | 'tables'>,
  memberships: readonly OnlineIn[],
  presence: Presence,
): Promise<void> {
  await Promise.all(
    memberships.map((membership) => tables(() => putOnlineIn(context.connections, membership, presence))),
  );
}

/** Has the number told soon, unless that is coming anyway: it will be counted after what was noted before this was read. */
async function makeCountDue(
  { context, sendLater }: AudienceTools,
  room: RoomId,
  due?: number,
): Promise<void> {
  const now = context.now();
  if (due !== undefined && due > now) return;
  // The message first: who dies in between leaves one too many, not none.
  await sendLater({ kind: 'count', room }, COUNT_EVERY_MS);
  await putCountDue(context.connections, room, now + COUNT_EVERY_MS);
}
