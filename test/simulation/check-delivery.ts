import type { ConnectionFacts, Facts, Heard, Membership } from './facts.ts';
import type { Violation } from './history.ts';

/**
 * P4 and what P6 says of hearing. For each connection and each span of the log in which its user was a member:
 *
 * - what it heard came in order and without a gap (a repeat may come at any time);
 * - it began with the first event that was asked for after the connection was open, or before it: the joining itself, where
 *   the connection was open by then;
 * - where the connection lives and the span goes on, nothing is owed to it.
 *
 * A span that ended, or a connection that closed, may have cut off what was still on its way. Outside the spans nothing is
 * heard at all: no event beyond the leaving, none before the joining.
 */
export function checkDelivery(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [id, connection] of facts.connections) {
    const name = `connection ${id} of ${connection.user}`;
    for (const [room, log] of facts.history.logs) {
      const fresh = firstTimes(connection.heard.get(room) ?? []);
      const spans = facts.memberships(room, connection.user);
      violations.push(...checkAscending(name, room, fresh), ...checkInside(name, room, fresh, spans));
      for (const span of spans) {
        violations.push(...checkSpan(facts, name, room, connection, { ...span, end: log.length }));
      }
    }
  }
  return violations;
}

/** The numbers that are still owed to connections that live: what a run waits for before it is judged. */
export function isOwing(facts: Facts): boolean {
  return checkDelivery(facts).some(({ what }) => what.includes(OWED));
}

const OWED = 'was never told';

/** The numbers in the order in which they came first. */
function firstTimes(heard: readonly Heard[]): number[] {
  return [...new Set(heard.map(({ event }) => event.seq))];
}

function checkAscending(name: string, room: string, fresh: readonly number[]): Violation[] {
  return fresh.flatMap((seq, index) => {
    const before = fresh[index - 1] ?? 0;
    const what = `${name} heard ${room}/${seq} for the first time after ${before}`;
    return seq > before ? [] : [{ promise: 'P4' as const, what }];
  });
}

function checkInside(
  name: string,
  room: string,
  fresh: readonly number[],
  spans: readonly Membership[],
): Violation[] {
  return fresh
    .filter((seq) => !spans.some(({ from, to }) => seq >= from && seq <= (to ?? seq)))
    .map((seq) => {
      const told = spans.map(({ from, to }) => `${from} to ${to ?? 'the end'}`).join(', ') || 'never';
      return { promise: 'P6', what: `${name} heard ${room}/${seq}, but its user was a member ${told}` };
    });
}

function checkSpan(
  facts: Facts,
  name: string,
  room: string,
  { opened, closed, heard }: ConnectionFacts,
  { from, to, end }: Membership & { readonly end: number },
): Violation[] {
  if (opened === undefined) return [];
  const last = to ?? end;
  const inside = (seq: number): boolean => seq >= from && seq <= last;
  const told = new Set((heard.get(room) ?? []).map(({ event }) => event.seq).filter(inside));
  // An event that was asked for after the connection was open was committed after it, and so was each that follows.
  let first = from;
  while (first <= last && facts.earliest(room, first) < opened) first++;
  const lives = closed === undefined && to === undefined;
  const begin = Math.min(first, ...told);
  const until = lives ? end : Math.max(0, ...told);
  const violations: Violation[] = [];
  for (let seq = begin; seq <= until; seq++) {
    if (told.has(seq)) continue;
    const what = seq > Math.max(0, ...told) ? OWED : 'missed';
    violations.push({ promise: 'P4', what: `${name} ${what} ${room}/${seq}, it heard ${listed(told)}` });
  }
  return violations;
}

function listed(told: ReadonlySet<number>): string {
  const all = [...told];
  return all.length > 12
    ? `${all.slice(0, 6).join(', ')} … ${all.slice(-6).join(', ')}`
    : all.join(', ') || 'nothing';
}
