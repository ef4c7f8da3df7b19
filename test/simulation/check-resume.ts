import type { SyncedRoom } from '../helper/wire.ts';
import { loggedOut } from './check-revocation.ts';
import type { Facts, SyncFacts } from './facts.ts';
import type { Violation } from './history.ts';

/** P5: each sync goes on from the number that it named, reaches as far as it says, and leaves no device with a gap. */
export function checkResume(facts: Facts): Violation[] {
  return [...[...facts.syncs.values()].flatMap((sync) => checkSync(facts, sync)), ...checkDevices(facts)];
}

function checkSync(facts: Facts, sync: SyncFacts): Violation[] {
  const { answer, user, asked } = sync;
  if (!answer) return [];
  const violations: Violation[] = [];
  for (const synced of answer.rooms) {
    const log = facts.history.logs.get(synced.room);
    // A user's rooms of other runs are not this one's matter.
    if (!log) continue;
    const fault = faultOf(facts, sync, synced);
    if (fault) violations.push({ promise: 'P5', what: `a sync of ${user} in ${synced.room} ${fault}` });
    if (facts.standing(synced.room, user, asked, answer.time) === 'stranger') {
      violations.push({ promise: 'P6', what: `a sync told ${user}, no member, of ${synced.room}` });
    }
  }
  for (const room of facts.history.logs.keys()) {
    if (answer.rooms.some((synced) => synced.room === room)) continue;
    if (facts.standing(room, user, asked, answer.time) !== 'member') continue;
    // Whose author died right after the commit becomes a member a moment later, before anyone hears of it.
    const joined = facts.memberships(room, user).findLast(({ from }) => facts.latest(room, from) < asked);
    // (A room's creation is answered before a run begins.)
    if (joined && joined.from > 1 && facts.told(room, joined.from) >= asked) continue;
    violations.push({ promise: 'P5', what: `a sync of ${user}, a member, told nothing of ${room}` });
  }
  return violations;
}

function faultOf(facts: Facts, { rooms, asked }: SyncFacts, synced: SyncedRoom): string | undefined {
  const { room, seq, events, more, reset } = synced;
  const length = facts.history.logs.get(room)?.length ?? 0;
  if (seq > length) return `reaches ${seq}, though the log ends with ${length}`;
  const behind = facts.history.logs
    .get(room)
    ?.find((event) => event.seq > seq && facts.latest(room, event.seq) < asked);
  if (behind) return `reaches ${seq} only, though ${behind.seq} had been seen before it was asked`;
  const from = rooms[room];
  if (from === undefined) return events.length === 0 ? undefined : 'tells events that it was not asked for';
  if (reset) return from > length ? undefined : `wants a new beginning, though ${from} is in the log`;
  const gap = events.findIndex((event, index) => event.seq !== from + 1 + index);
  if (gap >= 0) return `goes on from ${from} with ${events.map((event) => event.seq).join(', ')}`;
  const reached = from + events.length;
  if (more !== reached < seq) return `ends with ${reached} of ${seq}, and says more: ${more}`;
  return undefined;
}

/**
 * A device that ends in a room holds the room's whole log: all that it heard, over any of its connections, and all that it
 * got by sync. One that logged out is not there in the end.
 */
function checkDevices(facts: Facts): Violation[] {
  const held = new Map<string, { user: string; seqs: Map<string, Set<number>> }>();
  const hold = (device: string, user: string, room: string, seq: number): void => {
    const holder = held.get(device) ?? { user, seqs: new Map() };
    held.set(device, holder);
    const seqs = holder.seqs.get(room) ?? new Set();
    holder.seqs.set(room, seqs.add(seq));
  };
  for (const { device, user, heard } of facts.connections.values()) {
    for (const [room, events] of heard) for (const { event } of events) hold(device, user, room, event.seq);
  }
  for (const { device, user, answer } of facts.syncs.values()) {
    for (const { room, events } of answer?.rooms ?? []) {
      for (const event of events) hold(device, user, room, event.seq);
    }
  }
  const ended = loggedOut(facts);
  const away = new Set([...ended].map((connection) => facts.connections.get(connection)?.device));
  const violations: Violation[] = [];
  for (const [device, { user, seqs }] of held) {
    if (away.has(device)) continue;
    for (const [room, log] of facts.history.logs) {
      const last = facts.memberships(room, user).at(-1);
      if (!last || last.to !== undefined) continue;
      const missing = log.map((event) => event.seq).filter((seq) => !seqs.get(room)?.has(seq));
      if (missing.length === 0) continue;
      const what = `${device} of ${user} ends without ${missing.join(', ')} of ${room}`;
      violations.push({ promise: 'P5', what });
    }
  }
  return violations;
}
