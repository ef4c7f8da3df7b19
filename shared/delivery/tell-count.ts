/** Tells a room how many are online where they are too many to be named. */
import { deleteCount, listOnlineIn, putCount, takeCountDue } from '../data/online.ts';
import { getAudience } from '../data/subscriptions.ts';
import type { PresenceFrame } from '../protocol/frames.ts';
import { MAX_ONLINE_NAMES, type RoomId } from '../protocol/ids.ts';
import { postToAll } from './post-to-all.ts';
import { createPayload } from './poster.ts';
import { listListeners } from './presence-audience.ts';
import type { PresenceEnvironment } from './tell-presence.ts';

/** A room is told by name again when so many are online: well below the most, so that it does not change to and fro. */
const NAMED_AGAIN = 0.8 * MAX_ONLINE_NAMES;

/** Some connections could be neither told nor closed: the message must come again. */
export class CountIncomplete extends Error {
  override readonly name = 'CountIncomplete';
}

/**
 * Counts and tells. The due telling is taken off first, then it is counted: a change that comes meanwhile is counted, or makes
 * another telling due.
 */
export async function tellCount(environment: PresenceEnvironment, room: RoomId): Promise<void> {
  const { context, sendLater } = environment;
  const told = await takeCountDue(context.connections, room);
  const { left, shards } = await getAudience(context.connections, room);
  const online = await listOnlineIn(context.connections, room);
  const count = online.filter(({ user, since }) => (left.get(user) ?? 0) <= since).length;
  if (told !== undefined && count === told && count > NAMED_AGAIN) return;
  if (count <= NAMED_AGAIN) await deleteCount(context.connections, room);
  if (shards === 1) {
    await tellShard(environment, { room, shard: 0, count });
  } else {
    await Promise.all(
      Array.from({ length: shards }, (_, shard) => sendLater({ kind: 'count-shard', room, shard, count })),
    );
  }
  if (count > NAMED_AGAIN) await putCount(context.connections, room, count);
}

/** Tells the number to the connections of one shard. */
export async function tellShard(
  environment: PresenceEnvironment,
  { room, shard, count }: { readonly room: RoomId; readonly shard: number; readonly count: number },
): Promise<void> {
  const { context } = environment;
  const { left } = await getAudience(context.connections, room);
  const listeners = await listListeners(context, room, shard, left);
  const frame = { type: 'presence', room, count } satisfies PresenceFrame;
  const frames = [createPayload(JSON.stringify(frame))];
  const posts = listeners.map((subscription) => ({ subscription, frames }));
  if (!(await postToAll(environment, posts))) throw new CountIncomplete(`${room} was not told for certain`);
}
