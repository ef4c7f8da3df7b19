/** From the committed events of a room to all of its connections. */

import type { ChatContext } from '../chat/context.ts';
import { applyMembership, changesRights } from '../chat/membership.ts';
import type { Committed } from '../data/events.ts';
import { type Audience, getAudience, getFirstListeners, raiseShards } from '../data/subscriptions.ts';
import type { RoomId } from '../protocol/ids.ts';
import { type DeliveryEnvironment, deliverToShard } from './deliver-shard.ts';
import type { CallShard } from './shard-call.ts';

/** Delivers a room's events: ascending by `seq`, and in the order of the log from one call to the next. */
export type FanOut = (room: RoomId, committed: readonly Committed[]) => Promise<void>;

/** Connections that one shard should hold: what one worker posts to within a moment. docs/data-model.md. */
export const CONNECTIONS_PER_SHARD = 250;
/** Shards of a room at most: 16,000 connections at the size above, and one worker each. */
const MAX_SHARDS = 64;
/** Rooms that an environment remembers; the one that was added first goes first. */
const MAX_REMEMBERED = 10_000;

/** @param callShard hands a shard of a room with several to a worker. */
export function createFanOut(environment: DeliveryEnvironment, callShard: CallShard): FanOut {
  const { context, logger } = environment;
  /** The last event of each room that this environment has brought to everyone. A batch that comes again starts there. */
  const delivered = new Map<RoomId, number>();
  const large = new Set<RoomId>();

  /** What is there to deliver to: for a room that has one shard, as most do, everyone who listens. */
  async function readRoom(room: RoomId) {
    if (large.has(room)) return { audience: await getAudience(context.connections, room), first: undefined };
    return getFirstListeners(context.connections, room);
  }

  async function grow(room: RoomId, { shards }: Audience, connections: number): Promise<void> {
    const wanted = shardsFor(connections);
    if (wanted <= shards) return;
    await raiseShards(context.connections, room, shards, wanted);
    logger.info('room spread over more shards', { room, connections, shards: wanted });
  }

  return async (room, committed) => {
    const news = committed.filter(({ event }) => event.seq > (delivered.get(room) ?? 0));
    const newest = news.at(-1)?.event;
    if (!newest) return;
    // Who joins hears everything from its own `member.joined` on, and who is out hears nothing more, even where the handler
    // that committed the event died before it could see to that (P4, P6).
    await applyMemberships(context, room, news);
    const { audience, first } = await readRoom(room);
    const work = { room, events: news.map(({ event }) => event), left: audience.left };
    if (audience.shards === 1) {
      const { connections } = await deliverToShard(environment, { ...work, shard: 0 }, first);
      await grow(room, audience, connections);
    } else {
      large.add(room);
      const shards = Array.from({ length: audience.shards }, (_, shard) => callShard({ ...work, shard }));
      const results = await settleAll(shards);
      await grow(
        room,
        audience,
        results.reduce((sum, { connections }) => sum + connections, 0),
      );
    }
    remember(delivered, room, newest.seq);
  };
}

/** In order for each member, members beside each other. */
async function applyMemberships(
  ctx: ChatContext,
  room: RoomId,
  committed: readonly Committed[],
): Promise<void> {
  const byMember = new Map<string, Committed[]>();
  for (const one of committed) {
    if (!changesRights(one.event)) continue;
    const member = 'member' in one.event ? one.event.member : one.event.user;
    byMember.set(member, [...(byMember.get(member) ?? []), one]);
  }
  await Promise.all(
    [...byMember.values()].map(async (changes) => {
      for (const one of changes) await applyMembership(ctx, room, one);
    }),
  );
}

/** As many shards as keep each at its size: a power of two, as the count only ever doubles. */
export function shardsFor(connections: number): number {
  let shards = 1;
  while (shards < MAX_SHARDS && connections > shards * CONNECTIONS_PER_SHARD) shards *= 2;
  return shards;
}

/** Waits for all, then throws the first failure: no shard's posts may still be under way when the batch comes again. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function remember(delivered: Map<RoomId, number>, room: RoomId, seq: number): void {
  delivered.delete(room);
  delivered.set(room, seq);
  if (delivered.size <= MAX_REMEMBERED) return;
  const oldest = delivered.keys().next();
  if (!oldest.done) delivered.delete(oldest.value);
}
