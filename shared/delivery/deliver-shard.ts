/** Brings a room's events to every connection of one of its shards. */
import { forgetConnection } from '../chat/connections.ts';
import type { ChatContext } from '../chat/context.ts';
import { listSubscriptions, type Subscription } from '../data/subscriptions.ts';
import type { Logger } from '../observability/log.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { RoomId } from '../protocol/ids.ts';
import { type Delivery, type DeliveryTools, deliver } from './deliver.ts';
import { createFrames } from './frames.ts';
import { createLane, type Lane } from './lane.ts';

export interface ShardWork {
  readonly room: RoomId;
  readonly shard: number;
  /** Ascending by `seq`. */
  readonly events: readonly RoomEvent[];
  /** Number of the event that ended a user's membership, by user. */
  readonly left: ReadonlyMap<string, number>;
}

export interface ShardResult {
  /** Connections that live on in the shard. */
  readonly connections: number;
}

/** Everything that delivery works with; one lane for all rooms of an invocation. */
export interface DeliveryEnvironment extends DeliveryTools {
  readonly context: ChatContext;
  readonly logger: Logger;
  /** Bounds the clean-up of closed connections, so that a wave of them does not throttle the table. */
  readonly cleanUp: Lane;
}

/** Some connections could be neither reached nor closed: the batch must come again, as nothing may be missed silently (P4). */
export class DeliveryIncomplete extends Error {
  override readonly name = 'DeliveryIncomplete';
}

/** Posts in flight by plan, and for how long one counts. */
const POSTS_AT_ONCE = 64;
const POST_PATIENCE_MS = 300;
const CLEAN_UPS_AT_ONCE = 8;
const CLEAN_UP_PATIENCE_MS = 3_000;

export function createLanes(): { readonly lane: Lane; readonly cleanUp: Lane } {
  return {
    lane: createLane(POSTS_AT_ONCE, POST_PATIENCE_MS),
    cleanUp: createLane(CLEAN_UPS_AT_ONCE, CLEAN_UP_PATIENCE_MS),
  };
}

/**
 * Delivers to each connection of the shard, none of which delays or fails another, and forgets those that are gone. Returns
 * when every one is up to date or closed, so that the next batch of the room can't overtake this one.
 *
 * @param subscriptions the shard's, where they were read already.
 * @throws {DeliveryIncomplete} after all others were served.
 */
export async function deliverToShard(
  environment: DeliveryEnvironment,
  work: ShardWork,
  subscriptions?: readonly Subscription[],
): Promise<ShardResult> {
  const { context } = environment;
  const all = subscriptions ?? (await listSubscriptions(context.connections, work.room, work.shard));
  const frames = createFrames(work.room, work.events);
  const counts: Record<Delivery, number> = {
    delivered: 0,
    gone: 0,
    opening: 0,
    closed: 0,
    stuck: 0,
    refused: 0,
  };
  const refused: Subscription[] = [];
  await Promise.all(
    all.map(async (subscription) => {
      // P6: who has left since this subscription began hears nothing more, however late its deletion.
      if ((work.left.get(subscription.user) ?? 0) > subscription.since) return;
      const owed = frames.from(subscription.since);
      if (owed.length === 0) return;
      const delivery = await deliver(environment, subscription, owed);
      counts[delivery]++;
      if (delivery === 'gone' || delivery === 'closed') await forget(environment, subscription);
      if (delivery === 'refused') refused.push(subscription);
    }),
  );
  report(environment.logger, work, counts);
  // Refused for all: a matter of our rights or of the address, to be mended here. For some only: theirs, and no repeat heals it.
  const theirs = counts.delivered > 0;
  if (theirs) await Promise.all(refused.map((subscription) => drop(environment, subscription)));
  if (counts.stuck > 0 || (refused.length > 0 && !theirs)) {
    throw new DeliveryIncomplete(`${counts.stuck} connections stuck, ${counts.refused} posts refused`);
  }
  return { connections: all.length - counts.gone - counts.closed - counts.refused };
}

/** Ends a connection that API Gateway takes nothing for: if it lives at all, its next command is refused and it comes back. */
async function drop(environment: DeliveryEnvironment, refused: Subscription): Promise<void> {
  await environment.poster.close(refused);
  await forget(environment, refused);
}

/** What stays behind where this fails goes with the next 410 or at its end: no reason to post to all others again. */
export async function forget(
  { context, cleanUp, logger }: DeliveryEnvironment,
  gone: Subscription,
): Promise<void> {
  try {
    await cleanUp(() => forgetConnection(context, gone));
  } catch (error) {
    logger.error('connection not forgotten', error, { connectionId: gone.connection });
  }
}

function report(
  logger: Logger,
  { room, shard, events }: ShardWork,
  counts: Readonly<Record<Delivery, number>>,
): void {
  const fields = { room, shard, seq: events[0]?.seq, events: events.length, ...counts };
  if (counts.closed + counts.stuck + counts.refused > 0) logger.warn('connections out of reach', fields);
  else logger.debug('delivered', fields);
}
