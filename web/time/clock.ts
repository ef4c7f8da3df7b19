/** This machine's clock beside the service's: whoever has set it wrong is told, and days are still named rightly. */

/** A difference that people would notice in the times of messages, ms. */
const NOTABLE_MS = 3 * 60_000;

let aheadMs = 0;

/**
 * Takes the service's time from an answer.
 *
 * @param date its `Date` header
 * @param age its `Age` header: seconds that a cache has kept the answer
 * @param now this machine's time at that moment, ms
 */
export function setClock(date: string | null, age: string | null, now: number): void {
  const theirs = Date.parse(date ?? '') + (Number(age) || 0) * 1_000;
  const ahead = now - theirs;
  aheadMs = Math.abs(ahead) >= NOTABLE_MS ? ahead : 0;
}

/** How far this machine's clock is ahead, ms, negative where it is behind; 0 where nobody would notice. */
export function clockAhead(): number {
  return aheadMs;
}

/** The service's time. */
export function serviceNow(): Date {
  return new Date(Date.now() - aheadMs);
}
