/**
 * The settler: what follows from committed events. It makes what a handler that died did not make, and moves `settled`
 * (docs/data-model.md, "The append"). Every step is safe to repeat, in any overlap with other runs.
 */
import { claimEnds, claimItem } from '../data/claims.ts';
import { type Committed, listStoredSeqs, putEvent, queryAllEvents } from '../data/events.ts';
import { moveSettled } from '../data/head-writes.ts';
import { getHead, type Head } from '../data/heads.ts';
import { notePastRoom } from '../data/past-rooms.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { indexWords } from './index-words.ts';
import { applyMembership, applySettings, changesRights, dismissMembers } from './membership.ts';
import { project } from './project.ts';

/**
 * Events after which `settled` is moved; their keys wait in the head until then, and once more as `recent`. Moving it at every batch
 * would make commits of warm handlers fail, and each such message cost two more calls; more keys would make every write of the
 * head larger. With 16 the keys take about a kilobyte, one write unit, and a handler misses only if 16 others came in between.
 */
export const SETTLE_EVERY = 16;

/**
 * A committed event is nowhere to be found: its records never reached this settler, and the mapping's failure queue has them. Or its
 * time was over and DynamoDB has just deleted it: `settled` moves past it by the record of that (forget-expired.ts), and a retry
 * finds it so.
 */
export class LogGap extends Error {
  override readonly name = 'LogGap';

  constructor(room: RoomId, seq: number) {
    super(`unable to settle ${room}; event ${seq} is missing`);
  }
}

/**
 * Completes events that the stream brought: stores those that are not stored, lets them have their effects, and, when enough are
 * waiting, claims their ids and moves `settled` up to the newest of them.
 *
 * @param committed events of the room's log, as its head's records say; repeats and any order are fine.
 * @param every how many unsettled events are enough; a change of rights is settled at once.
 * @throws {LogGap} when an event before these is missing, so that `settled` can't move past it.
 */
export async function settle(
  ctx: ChatContext,
  room: RoomId,
  committed: readonly Committed[],
  every: number = SETTLE_EVERY,
): Promise<void> {
  const batch = [...new Map(committed.map((one) => [one.event.seq, one])).values()].sort(bySeq);
  const first = batch[0]?.event.seq;
  const last = batch.at(-1)?.event.seq;
  if (first === undefined || last === undefined) return;

  const [stored, head] = await Promise.all([
    listStoredSeqs(ctx.chat, room, { from: first, to: last }),
    getHead(ctx.chat, room),
  ]);
  await Promise.all(
    batch.filter(({ event }) => !stored.has(event.seq)).map((one) => putEvent(ctx.chat, room, one)),
  );
  await applyInOrder(ctx, room, batch);
  await project(ctx, room, batch);
  // Not again when `settled` moves: a batch does not come before the one that is before it is done.
  await indexWords(ctx, room, batch);
  if (!head || last <= head.settled) return;
  if (last - head.settled >= every || batch.some(({ event }) => changesRights(event))) {
    await settleTo(ctx, head, batch, last);
  }
}

/** Claims the ids of everything up to `to`, then moves `settled` there: in this order, as the proof of P3 needs. */
async function settleTo(
  ctx: ChatContext,
  head: Head,
  batch: readonly Committed[],
  to: number,
): Promise<void> {
  const { room } = head;
  const from = head.settled + 1;
  const inBatch = batch.filter(({ event }) => event.seq >= from);
  // What earlier batches brought and left for now. They had their effects then, but this is the last chance to see to it.
  const stretch = { from, to: (inBatch[0]?.event.seq ?? from) - 1 };
  // Those as well whose time is over: they are no gap.
  const earlier = await queryAllEvents(ctx.chat, room, stretch, { expired: true });
  await applyInOrder(ctx, room, earlier);
  await project(ctx, room, earlier);

  const tail = new Map([...earlier, ...inBatch].map(({ event }) => [event.seq, event]));
  const claims = head.pending.slice(0, to - head.settled).flatMap((key, index) => {
    const event = tail.get(from + index);
    if (!event) throw new LogGap(room, from + index);
    return claimEnds(event.at) * 1000 > ctx.now() ? [claimItem(room, key, event)] : [];
  });
  await ctx.chat.batchWrite({ puts: claims });

  let at: Head | undefined = head;
  while (at && at.settled < to) at = await moveSettled(ctx.chat, at, to);
}

/** Lets events have their effects: in order for each member and for the room's settings, members beside each other. */
async function applyInOrder(ctx: ChatContext, room: RoomId, events: readonly Committed[]): Promise<void> {
  const lanes = new Map<string, Committed[]>();
  for (const one of events) {
    if (!changesRights(one.event)) continue;
    const lane = 'member' in one.event ? one.event.member : '';
    lanes.set(lane, [...(lanes.get(lane) ?? []), one]);
  }
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const one of lane) {
        const named = nameIn(one.event);
        if (named !== undefined) await notePastRoom(ctx.chat, named, room);
        await applySettings(ctx, room, one);
        if (isRetention(one.event)) await ctx.trimRoom?.({ room, after: 0 });
        await applyMembership(ctx, room, one);
      }
    }),
  );
  const end = events.find(({ event }) => event.type === 'room.deleted');
  if (end) await dismissMembers(ctx, room, end.event.seq);
}

/** Whether an event may have made the room's retention shorter: the room's item says whether it did. */
function isRetention(event: RoomEvent): boolean {
  return event.type === 'room.updated' && typeof event.retentionDays === 'number';
}

/** Whom an event brings into a room's log. Noted here and not by the handlers: who deletes an account comes long after. */
function nameIn(event: RoomEvent): UserId | undefined {
  if (event.type === 'room.created') return event.user;
  return 'member' in event ? event.member : undefined;
}

function bySeq(a: Committed, b: Committed): number {
  return a.event.seq - b.event.seq;
}
