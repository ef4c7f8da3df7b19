import type { Facts } from './facts.ts';
import type { Violation } from './history.ts';

/**
 * Milliseconds after a logout's answer within which its connection must be closed. Where things go wrong the handler may have died
 * before it closed anything; the stream's retries are up to ten seconds apart.
 */
const CALM_LIMIT = 2_000;
const NOISY_LIMIT = 12_000;

/** P9: a session's connection is closed soon after its logout, and hears nothing from then on. */
export function checkRevocation({ history, connections }: Facts): Violation[] {
  const limit = history.calm ? CALM_LIMIT : NOISY_LIMIT;
  const violations: Violation[] = [];
  const say = (what: string): number => violations.push({ promise: 'P9', what });
  for (const [time, occurrence] of history.occurrences.entries()) {
    if (occurrence.kind !== 'logged out') continue;
    const { connection, milliseconds } = occurrence;
    if (milliseconds === undefined) say(`connection ${connection} was never closed after its logout`);
    else if (milliseconds > limit) say(`connection ${connection} lived on for ${milliseconds} ms`);
    for (const [room, heard] of connections.get(connection)?.heard ?? []) {
      const late = heard.find((one) => one.time > time);
      if (late) say(`connection ${connection} heard ${room}/${late.event.seq} after its logout`);
    }
  }
  return violations;
}

/** Connections whose session ended: that the service closed them is as it should be. */
export function loggedOut({ history }: Facts): ReadonlySet<number> {
  const ended = history.occurrences.filter((occurrence) => occurrence.kind === 'logging out');
  return new Set(ended.map(({ connection }) => connection));
}
