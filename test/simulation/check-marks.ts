import { isTransient } from './ask.ts';
import { mentionsAfter } from './check-counters.ts';
import type { Facts } from './facts.ts';
import type { Violation } from './history.ts';
import { type MarkFacts, marksOf } from './mark-facts.ts';

/** P5 and P6: read marks are the members' own, move forward only, and leave unread what was said beyond them. */
export function checkMarks(facts: Facts): Violation[] {
  const marks = marksOf(facts.history);
  return [...marks.flatMap((mark) => checkMark(facts, mark, marks)), ...checkSyncs(facts, marks)];
}

function checkMark(
  facts: Facts,
  { what, asked, outcome }: MarkFacts,
  all: readonly MarkFacts[],
): Violation[] {
  if (!outcome) return [];
  const { user, room, seq, thread } = what;
  const name = `the mark of ${user} at ${seq} of ${room}${thread === undefined ? '' : `, thread ${thread},`}`;
  const standing = facts.standing(room, user, asked, outcome.time);
  if ('code' in outcome) {
    const { code } = outcome;
    if (code === 'forbidden') {
      return standing === 'member' ? [{ promise: 'P6', what: `${name} was forbidden to a member` }] : [];
    }
    const isExcused = !facts.history.calm && isTransient(code);
    return isExcused ? [] : [{ promise: 'P8', what: `${name} was refused with ${code}` }];
  }
  const violations: Violation[] = [];
  if (standing === 'stranger') violations.push({ promise: 'P6', what: `${name} was made for no member` });
  const end = Math.min(seq, endBefore(facts, room, asked));
  const before = Math.max(end, madeBefore(all, what, asked));
  if (outcome.seq < before)
    violations.push({ promise: 'P5', what: `${name} is ${outcome.seq} after ${before}` });
  const { least, most } = unreadAfter(facts, { ...what, after: outcome.seq, asked, time: outcome.time });
  if (outcome.unread < least || outcome.unread > most) {
    const told = `${outcome.unread} unread after ${outcome.seq}, the log ${least} to ${most}`;
    violations.push({ promise: 'P5', what: `${name} leaves ${told}` });
  }
  return violations;
}

/** A sync tells at least the marks that were made before it, and what is unread by its own mark; no mention twice. */
function checkSyncs(facts: Facts, marks: readonly MarkFacts[]): Violation[] {
  const violations: Violation[] = [];
  for (const { user, asked, answer } of facts.syncs.values()) {
    for (const { room, read, unread, mentions } of answer?.rooms ?? []) {
      if (!answer || !facts.history.logs.has(room)) continue;
      const say = (what: string): number =>
        violations.push({ promise: 'P5', what: `a sync of ${user} in ${room} tells ${what}` });
      const before = madeBefore(marks, { user, room }, asked);
      if (read < before) say(`${read} read, after ${before}`);
      const { least, most } = unreadAfter(facts, { user, room, after: read, asked, time: answer.time });
      if (unread < least || unread > most) say(`${unread} unread after ${read}, the log ${least} to ${most}`);
      // Mentions follow a message in a moment.
      const mentioned = mentionsAfter(facts, { user, room, after: read, time: answer.time });
      if (mentions > mentioned.most) say(`${mentions} mentions after ${read}, the log ${mentioned.most}`);
    }
  }
  return violations;
}

/** The last number of a room that somebody had seen before a moment. */
function endBefore(facts: Facts, room: string, time: number): number {
  const log = facts.history.logs.get(room) ?? [];
  return log.findLast(({ seq }) => facts.latest(room, seq) < time)?.seq ?? 0;
}

/** The farthest of the marks in the same place that were answered before a moment. */
function madeBefore(all: readonly MarkFacts[], of: Partial<MarkFacts['what']>, time: number): number {
  return all.reduce((farthest, { what: { user, room, thread }, outcome }) => {
    const isSame = user === of.user && room === of.room && thread === of.thread;
    const isBefore = outcome !== undefined && 'seq' in outcome && outcome.time < time;
    return isSame && isBefore ? Math.max(farthest, outcome.seq) : farthest;
  }, 0);
}

interface Reading {
  readonly user: string;
  readonly room: string;
  readonly thread?: number;
  readonly after: number;
  readonly asked: number;
  readonly time: number;
}

/** How many messages, or replies, a count between two moments may have found. */
function unreadAfter(facts: Facts, reading: Reading): { readonly least: number; readonly most: number } {
  const { user, room, thread, after, asked, time } = reading;
  const messages = (facts.history.logs.get(room) ?? []).filter(
    (event) =>
      event.type === 'message.created' &&
      event.seq > after &&
      (thread === undefined || (event.thread === thread && event.user !== user)),
  );
  const most = messages.filter(({ seq }) => facts.earliest(room, seq) <= time).length;
  if (thread === undefined) {
    return { least: messages.filter(({ seq }) => facts.latest(room, seq) < asked).length, most };
  }
  // Nothing is unread in a thread that was said before its reader joined, for the last time that may have been; nor what was deleted.
  const joined = facts.memberships(room, user).findLast(({ from }) => facts.earliest(room, from) <= time);
  const sure = messages.filter(
    ({ seq, deleted }) => !deleted && seq > (joined?.from ?? 0) && facts.latest(room, seq) < asked,
  );
  return { least: sure.length, most };
}
