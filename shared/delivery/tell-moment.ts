/**
 * Tells what is true for a moment: who types, how far somebody has read, what nobody has read yet. Posted once, to whom it reaches: what a connection misses would
 * be stale by the time of a repeat, and who is gone is the fan-out's to forget.
 */
import type { ChatContext } from '../chat/context.ts';
import type { Notification } from '../chat/notification.ts';
import { type ConnectionAddress, listUserConnections } from '../data/connections.ts';
import { getAudience } from '../data/subscriptions.ts';
import type { Logger } from '../observability/log.ts';
import type { Frame } from '../protocol/frames.ts';
import { MAX_ONLINE_NAMES, type RoomId, type UserId } from '../protocol/ids.ts';
import type { Lane } from './lane.ts';
import { createPayload, type Poster } from './poster.ts';
import { listListeners } from './presence-audience.ts';

export interface MomentTools {
  readonly context: Pick<ChatContext, 'connections'>;
  readonly logger: Logger;
  readonly poster: Poster;
  readonly lane: Lane;
}

/** Tells the others of a room that somebody types, or stopped; nobody where too many are online to be named. */
export async function tellTyping(
  tools: MomentTools,
  { user, room, on }: { readonly user: UserId; readonly room: RoomId; readonly on: boolean },
): Promise<void> {
  await telling(tools, async () => {
    const listeners = await listenersOf(tools, room);
    const others = listeners?.filter((one) => one.user !== user) ?? [];
    await post(tools, others, { type: 'typing', room, user, on });
  });
}

/** Tells a read mark to the user's other connections; and to the others of the room where they are few enough to be named. */
export async function tellRead(
  tools: MomentTools,
  by: { readonly user: UserId; readonly connection: string },
  { room, seq }: { readonly room: RoomId; readonly seq: number },
): Promise<void> {
  await telling(tools, async () => {
    const { user, connection } = by;
    const [listeners = [], own] = await Promise.all([
      listenersOf(tools, room),
      listUserConnections(tools.context.connections, user),
    ]);
    const targets = new Map([...listeners, ...own].map((one) => [one.connection, one]));
    targets.delete(connection);
    await post(tools, [...targets.values()], { type: 'read', room, user, seq });
  });
}

/** Tells a notification to all of the user's connections. */
export async function tellNotification(
  tools: MomentTools,
  { user, from, kind, room, seq, preview }: Notification,
): Promise<void> {
  await telling(tools, async () => {
    const own = await listUserConnections(tools.context.connections, user);
    await post(tools, own, { type: 'notification', kind, room, seq, user: from, preview });
  });
}

/** What was done is done, told or not: a failure is for the operator alone. */
async function telling({ logger }: MomentTools, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.error('moment not told', error);
  }
}

/** Everyone who hears the room; undefined where more than a hundred are online. */
async function listenersOf(
  { context }: MomentTools,
  room: RoomId,
): Promise<readonly ConnectionAddress[] | undefined> {
  const { shards, left, counted } = await getAudience(context.connections, room);
  if (counted) return undefined;
  const byShard = Array.from({ length: shards }, (_, shard) => listListeners(context, room, shard, left));
  const listeners = (await Promise.all(byShard)).flat();
  return new Set(listeners.map(({ user }) => user)).size > MAX_ONLINE_NAMES ? undefined : listeners;
}

/** @throws {Error} where API Gateway takes no request of ours at all. */
async function post(
  { poster, lane }: MomentTools,
  targets: readonly ConnectionAddress[],
  frame: Frame,
): Promise<void> {
  const payload = createPayload(JSON.stringify(frame));
  const outcomes = await Promise.all(targets.map((target) => lane(() => poster.post(target, payload))));
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome === 'refused')) {
    throw new Error('API Gateway takes no request of ours');
  }
}
