/**
 * Guessing a password gets slower with each failure, and nobody can keep another out by failing on purpose.
 *
 * Failures are counted in lanes. Each network that tries a name has a lane of its own for it: who fails makes itself wait, and
 * nobody else. So that a crowd of networks can't guess together either, all of them share one more lane, with ten times the
 * patience; a network from which the name was logged in before is not held by that one. Under an attack from hundreds of places
 * the right user still comes in where they came in before, and goes on wherever they are logged in.
 *
 * A name that belongs to nobody is treated the same: the lanes belong to names, not to accounts.
 */
import { createHash } from 'node:crypto';
import type { ChatContext } from '../chat/context.ts';
import {
  addFailure,
  forgetLane,
  isKnownSource,
  type Lane,
  type LanePlace,
  putKnownSource,
  replaceLane,
  takeFailureBack,
} from '../data/login-attempts.ts';
import { ParleyError } from '../protocol/errors.ts';

interface Patience {
  /** Failures that cost no wait. */
  readonly free: number;
  /** Milliseconds after any failure, at most. */
  readonly longestMs: number;
}

/** One network and one name: about 100 guesses a day, against the 100 an hour that OWASP ASVS 4.0 (2.2.1) asks for. */
export const ONE_SOURCE: Patience = { free: 10, longestMs: 15 * 60_000 };
/** All networks that are new to a name, together: at most 60 an hour after the first hundred. */
export const ALL_SOURCES: Patience = { free: 100, longestMs: 60_000 };
/** The wait after the first failure that costs one; it doubles with each. */
export const FIRST_WAIT_MS = 1_000;
/** Seconds without a failure after which all of them are forgotten. */
const MEMORY_SECONDS = 24 * 60 * 60;
/** Seconds that a network stays known after a login from it. */
const KNOWN_SECONDS = 90 * 24 * 60 * 60;
/** Looks at a lane that others change at the same time; of those who saw the same state one goes on, and a wait begins. */
const ROUNDS = 20;

type DelayContext = Pick<ChatContext, 'chat' | 'now'>;

/** An attempt that may be made. It counts as failed until it is said to have succeeded. */
export interface Attempt {
  succeeded(): Promise<void>;
}

/**
 * Asks whether a password may be tried now, and counts the attempt. Exact however many try at once: beyond the free failures one
 * attempt is let through for each wait.
 *
 * @param name as it was sent, whether anyone is called so or not.
 * @param source address of who asks, as the gateway saw it.
 * @throws {ParleyError} `rate_limited` with `retryAfterMs`.
 */
export async function beginAttempt(
  ctx: DelayContext,
  { name: asked, source: address, operation }: { name: string; source: string; operation: string },
): Promise<Attempt> {
  const name = hashOf(asked);
  // With the name, so that the table doesn't tell which names were tried from one place.
  const source = hashOf(`${asked} ${networkOf(address)}`);
  const own: LanePlace = { name, lane: source };
  const all: LanePlace = { name, lane: 'ALL' };
  const known = await isKnownSource(ctx.chat, name, source);
  await spend(ctx, own, ONE_SOURCE, operation);
  if (!known) await spend(ctx, all, ALL_SOURCES, operation);
  return {
    async succeeded() {
      await Promise.all([
        forgetLane(ctx.chat, own),
        known ? undefined : takeFailureBack(ctx.chat, all),
        putKnownSource(ctx.chat, name, source, seconds(ctx) + KNOWN_SECONDS),
      ]);
    },
  };
}

async function spend(
  ctx: DelayContext,
  place: LanePlace,
  patience: Patience,
  operation: string,
): Promise<void> {
  const expiresAt = seconds(ctx) + MEMORY_SECONDS;
  const free = { below: patience.free - 1, expiresAt, now: seconds(ctx) };
  let seen = await addFailure(ctx.chat, place, free);
  for (let round = 0; seen && round < ROUNDS; round++) {
    const forgotten = seen.expiresAt <= seconds(ctx);
    const wait = forgotten ? 0 : (seen.notBefore ?? 0) - ctx.now();
    if (wait > 0) throw tooMany(operation, wait);
    const failures = forgotten ? 1 : seen.failures + 1;
    const next: Lane = { failures, notBefore: ctx.now() + waitAfter(failures, patience), expiresAt };
    const met: Lane | undefined = await replaceLane(ctx.chat, place, seen, next);
    // Gone meanwhile: somebody logged in, and everyone starts anew.
    seen = met?.failures === 0 ? await addFailure(ctx.chat, place, free) : met;
  }
  if (seen) throw tooMany(operation, FIRST_WAIT_MS);
}

/** Milliseconds to wait after so many failures. */
export function waitAfter(failures: number, { free, longestMs }: Patience): number {
  if (failures < free) return 0;
  return Math.min(longestMs, FIRST_WAIT_MS * 2 ** Math.min(failures - free, 30));
}

function tooMany(operation: string, retryAfterMs: number): ParleyError {
  return new ParleyError('rate_limited', operation, 'too many attempts failed; wait', { retryAfterMs });
}

/** An IPv6 network has 2⁶⁴ addresses for one household (RFC 6177): its first four groups are what someone is known by. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const front = head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Under which the attempts of a name are kept. */
export const attemptsKey = hashOf;

function seconds({ now }: DelayContext): number {
  return Math.floor(now() / 1_000);
}
