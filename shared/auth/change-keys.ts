/** Changing the signing keys: in the secret, where who signs finds them, and in the table, where who verifies does. */
import { createHash } from 'node:crypto';
import { putPublicKeys } from '../data/public-keys.ts';
import type { Table } from '../data/table.ts';
import { type KeySet, parseKeySet, publicKeysOf } from './key-set.ts';
import type { Secret } from './secret.ts';

/** Rounds until secret and publication agree; each further one needs another writer in the middle of this one. */
const ROUNDS = 6;

/**
 * Changes the key set until it is as it should be, and publishes the public halves. A key is published before the secret holds it,
 * so nobody ever signs with one that can't be verified. Safe to repeat, and safe against another run at the same time: the write
 * names the version that was read, so one of two is refused and goes on from the other's keys; and the secret is read again
 * after publishing, so the last publication is of what the secret holds.
 *
 * @param options.change the set as it should be; undefined where it is so already. It is asked again after each change.
 * @throws {Error} where the secret keeps changing.
 */
export async function changeKeys(options: {
  readonly secret: Secret;
  readonly chat: Table;
  readonly change: (set: KeySet | undefined) => Promise<KeySet | undefined>;
}): Promise<KeySet> {
  const { secret, chat, change } = options;
  let published: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const { text, version } = await secret.read();
    const set = parseKeySet(text);
    const next = await change(set);
    if (next) {
      if (set) await putPublicKeys(chat, publicKeysOf(union(set, next)));
      await secret.write(JSON.stringify(next), tokenAfter(version));
      continue;
    }
    if (!set) break;
    if (published === text) return set;
    await putPublicKeys(chat, publicKeysOf(set));
    published = text;
  }
  throw new Error('unable to change the signing keys; the secret does not hold what was written to it');
}

function union(set: KeySet, next: KeySet): KeySet {
  const known = new Set(set.keys.map(({ kid }) => kid));
  return { keys: [...set.keys, ...next.keys.filter(({ kid }) => !known.has(kid))] };
}

/** The same for everyone who saw the same version: of their writes one stands. */
function tokenAfter(version: string | undefined): string {
  return createHash('sha256')
    .update(`signing keys after ${version ?? 'none'}`)
    .digest('hex');
}
