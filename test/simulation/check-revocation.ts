import type { ConnectionFacts, Facts } from './facts.ts';
import type { Violation } from './history.ts';

/**
 * Milliseconds after a logout's answer within which its connection must be closed. Where things go wrong the handler may have died
 * before it closed anything; the stream's retries are up to ten seconds apart.
 */
const CALM_LIMIT = 2_000;
const NOISY_LIMIT = 12_000;

/**
 * P9: a connection is closed soon after its session's logout or its user's ban, and hears nothing from then on. A ban closes what was open
 * at its time by the service's clocks: where those are stepped nobody can tell what that is.
 */
export function checkRevocation({ history, connections }: Facts): Violation[] {
  const limit = history.calm ? CALM_LIMIT : NOISY_LIMIT;
  const violations: Violation[] = [];
  const say = (what: string): number => violations.push({ promise: 'P9', what });
  for (const [time, occurrence] of history.occurrences.entries()) {
    const isEnd = occurrence.kind === 'logged out' || (occurrence.kind === 'banned' && history.calm);
    if (!isEnd) continue;
    const ending = occurrence.kind === 'banned' ? 'ban' : 'logout';
    const { connection, milliseconds } = occurrence;
    if (milliseconds === undefined) say(`connection ${connection} was never closed after its ${ending}`);
    else if (milliseconds > limit) say(`connection ${connection} lived on for ${milliseconds} ms`);
    for (const [room, heard] of connections.get(connection)?.heard ?? []) {
      const late = heard.find((one) => one.time > time);
      if (late) say(`connection ${connection} heard ${room}/${late.event.seq} after its ${ending}`);
    }
  }
  return violations;
}

/** Connections whose session ended: that the service closed them is as it should be. */
export function loggedOut({ history }: Facts): ReadonlySet<number> {
  const ended = history.occurrences.filter((occurrence) => occurrence.kind === 'logging out');
  return new Set(ended.map(({ connection }) => connection));
}

/** Whether its user was banned before a connection was closed: then the service was right to close it. */
export function wasBanned(facts: Facts, { user, closed }: ConnectionFacts): boolean {
  if (!closed) return false;
  return [...facts.history.logs.keys()].some((room) => facts.mayBeBanned(room, user, 0, closed.time));
}
