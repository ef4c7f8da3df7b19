import { FoldedLog } from '../helper/fold-log.ts';
import type { RoomEvent } from '../helper/wire.ts';
import type { Facts } from './facts.ts';
import type { Counters, Mark, ThreadCounter, Violation } from './history.ts';
import { marksOf } from './mark-facts.ts';

/** "100 at most" */
const MAX_MENTIONS = 100;

/** P5: when all is quiet, read marks are those that were made, and what is unread and who is mentioned is what the logs say. */
export function checkCounters(facts: Facts): Violation[] {
  const { counted, logs } = facts.history;
  if (!counted) return [];
  const violations: Violation[] = [];
  const say = (what: string): number => violations.push({ promise: 'P5', what });
  for (const room of logs.keys()) {
    for (const user of usersOf(facts)) {
      const isListed = counted.rooms.some((one) => one.user === user && one.room === room);
      if (isListed !== (sinceOf(facts, room, user) !== undefined)) {
        say(
          `${user}, ${isListed ? 'no member' : 'a member'} of ${room}, has ${isListed ? '' : 'not '}a count of it`,
        );
      }
    }
  }
  for (const counters of counted.rooms) {
    const fault = faultOfRoom(facts, counters);
    if (fault) say(`${counters.user} in ${counters.room} ${fault}`);
  }
  for (const counter of counted.threads) {
    const fault = faultOfThread(facts, counter);
    if (fault) say(`${counter.user} in thread ${counter.root} of ${counter.room} ${fault}`);
  }
  return violations;
}

function faultOfRoom(facts: Facts, { user, room, read, unread, mentions }: Counters): string | undefined {
  const log = facts.history.logs.get(room) ?? [];
  const since = sinceOf(facts, room, user);
  if (since === undefined) return undefined;
  const { least, most } = boundsOfMark(facts, { user, room });
  const [from, to] = [Math.max(least, since), Math.max(most, since)];
  if (read < from || read > to) return `has read up to ${read}, by its marks ${from} to ${to}`;
  const left = new FoldedLog(log).unread(read);
  if (unread !== left) return `has ${unread} unread after ${read}, by the log ${left}`;
  const expected = mentionsAfter(facts, { user, room, after: Math.max(read, since) });
  if (mentions >= expected.least && mentions <= expected.most) return undefined;
  return `is mentioned ${mentions} times after ${read}, by the log ${expected.least} to ${expected.most}`;
}

function faultOfThread(facts: Facts, { user, room, root, unread }: ThreadCounter): string | undefined {
  const since = sinceOf(facts, room, user) ?? 0;
  const { least, most } = boundsOfMark(facts, { user, room, thread: root });
  const folded = new FoldedLog(facts.history.logs.get(room) ?? []);
  const atMost = folded.unreadReplies(root, Math.max(least, since), user);
  const atLeast = folded.unreadReplies(root, Math.max(most, since), user);
  if (unread >= atLeast && unread <= atMost) return undefined;
  return `has ${unread} unread replies, by the log ${atLeast} to ${atMost}`;
}

/** Where a mark is in the end: what was answered is made, what was not may be. */
function boundsOfMark(
  facts: Facts,
  of: Omit<Mark, 'seq'>,
): { readonly least: number; readonly most: number } {
  const end = facts.history.logs.get(of.room)?.length ?? 0;
  let [least, most] = [0, 0];
  for (const { what, outcome } of marksOf(facts.history)) {
    if (what.user !== of.user || what.room !== of.room || what.thread !== of.thread) continue;
    if (outcome && 'seq' in outcome) least = Math.max(least, outcome.seq);
    else most = Math.max(most, Math.min(what.seq, end));
  }
  return { least, most: Math.max(least, most) };
}

/**
 * How many messages after a number mention somebody, and one for those that mention the whole room. Whom a deleted one mentioned the log
 * has forgotten: it counts as it was told while it was there, and may count where nobody was told.
 *
 * @param reading.time leaves out what was not there at that time for sure.
 */
export function mentionsAfter(
  facts: Facts,
  reading: { readonly user: string; readonly room: string; readonly after: number; readonly time?: number },
): { readonly least: number; readonly most: number } {
  const { user, room, after, time = Number.POSITIVE_INFINITY } = reading;
  const told = toldOf(facts, room);
  let [sure, unsure, called, mayBeCalled] = [0, 0, 0, 0];
  for (const event of facts.history.logs.get(room) ?? []) {
    if (event.type !== 'message.created' || event.seq <= after || event.user === user) continue;
    if (facts.earliest(room, event.seq) > time) continue;
    const said = event.deleted ? told.get(event.seq) : event;
    if (said?.mentions?.includes(user)) sure++;
    if (said?.everyone) called = 1;
    if (!said) [unsure, mayBeCalled] = [unsure + 1, 1];
  }
  return {
    least: Math.min(sure, MAX_MENTIONS) + called,
    most: Math.min(sure + unsure, MAX_MENTIONS) + Math.max(called, mayBeCalled),
  };
}

/** Messages as they were told before anybody deleted them, by number. */
export function toldOf({ connections, syncs }: Facts, room: string): ReadonlyMap<number, RoomEvent> {
  const heard = [...connections.values()]
    .flatMap((one) => one.heard.get(room) ?? [])
    .map(({ event }) => event);
  const synced = [...syncs.values()]
    .flatMap(({ answer }) => answer?.rooms ?? [])
    .flatMap((one) => (one.room === room ? one.events : []));
  return new Map(
    [...heard, ...synced].filter(({ deleted }) => !deleted).map((event) => [event.seq, event] as const),
  );
}

/** Everybody who took part. */
export function usersOf({ connections }: Facts): ReadonlySet<string> {
  return new Set([...connections.values()].map(({ user }) => user));
}

/** Number of the event that made somebody a member; undefined for who is none in the end. */
function sinceOf(facts: Facts, room: string, user: string): number | undefined {
  const last = facts.memberships(room, user).at(-1);
  return last?.to === undefined ? last?.from : undefined;
}
