/** The first signing key: made once, published where verifiers look. */
import { createHash } from 'node:crypto';
import { putPublicKeys } from '../data/public-keys.ts';
import type { Table } from '../data/table.ts';
import { generateKey, type KeySet, parseKeySet, publicKeysOf } from './key-set.ts';
import type { Secret } from './secret.ts';

/** Rounds until secret and publication agree; each further one needs another writer in the middle of this one. */
const ROUNDS = 5;

/**
 * Makes a key set if the secret holds none, and publishes its public halves. Safe to repeat, and safe against another run at
 * the same time: the write names the version that was read, so one of two is refused and takes the other's keys; and the secret
 * is read again after publishing, so the last publication is of what the secret holds.
 *
 * @param now epoch milliseconds.
 * @throws {Error} where the secret keeps changing.
 */
export async function ensureSigningKeys(options: {
  readonly secret: Secret;
  readonly chat: Table;
  readonly now: () => number;
}): Promise<KeySet> {
  const { secret, chat, now } = options;
  let published: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const { text, version } = await secret.read();
    const set = parseKeySet(text);
    if (!set) {
      const made: KeySet = { keys: [await generateKey(Math.floor(now() / 1_000))] };
      await secret.write(JSON.stringify(made), tokenAfter(version));
      continue;
    }
    if (published === text) return set;
    await putPublicKeys(chat, publicKeysOf(set));
    published = text;
  }
  throw new Error('unable to make the signing key; the secret does not hold what was written to it');
}

/** The same for everyone who saw the same version: of their writes one stands. */
function tokenAfter(version: string | undefined): string {
  return createHash('sha256')
    .update(`first signing key after ${version ?? 'none'}`)
    .digest('hex');
}
