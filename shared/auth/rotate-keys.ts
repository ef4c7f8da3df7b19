/**
 * Rotation of the signing keys, which logs nobody out: the next key is published before it signs, and the last one verifies until
 * every token that it signed has ended.
 */
import type { Table } from '../data/table.ts';
import { changeKeys } from './change-keys.ts';
import { generateKey, type KeySet, signingKeyOf } from './key-set.ts';
import type { Secret } from './secret.ts';

/** Seconds that a key signs before the schedule makes the next one. */
export const ROTATE_AFTER_SECONDS = 30 * 86_400;
/**
 * Seconds from publishing a key to its first signature. Longer than anyone keeps the published keys: five minutes in a warm
 * verifier (PUBLIC_KEYS_MAX_AGE_MS), as many in a cache of `/.well-known/jwks.json`; and than a signer keeps the secret.
 */
export const SIGNS_AFTER_SECONDS = 600;
/** Seconds that a key is published after its last signature: the longest life of a token (infra/settings.ts), and clocks that differ. */
export const KEPT_SECONDS = 86_400 + 300;

/**
 * The key set as it should be at a time.
 *
 * @param force whether the next key is to be made though the one that signs is young.
 * @param now epoch seconds.
 * @returns undefined where nothing has to change.
 */
export async function rotated(set: KeySet, now: number, force: boolean): Promise<KeySet | undefined> {
  const signing = signingKeyOf(set, now);
  const waiting = set.keys.some(({ signsFrom }) => signsFrom > now);
  const due = !waiting && (force || !signing || now - signing.signsFrom >= ROTATE_AFTER_SECONDS);
  const kept = set.keys.filter(
    (key) => !set.keys.some(({ signsFrom }) => signsFrom > key.signsFrom && signsFrom + KEPT_SECONDS <= now),
  );
  if (!due && kept.length === set.keys.length) return undefined;
  return { keys: due ? [...kept, await generateKey(now + SIGNS_AFTER_SECONDS)] : kept };
}

/**
 * Rotates where it is due.
 *
 * @param options.now epoch milliseconds.
 * @param options.force makes the next key in any case, unless one is waiting to sign already.
 * @throws {Error} where the secret holds no keys yet, or keeps changing.
 */
export function rotateKeys(options: {
  readonly secret: Secret;
  readonly chat: Table;
  readonly now: () => number;
  readonly force: boolean;
}): Promise<KeySet> {
  const { now, force, ...where } = options;
  return changeKeys({
    ...where,
    async change(set) {
      if (!set) throw new Error('unable to rotate the signing keys; the secret holds none');
      return rotated(set, Math.floor(now() / 1_000), force);
    },
  });
}
