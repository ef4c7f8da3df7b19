/** The first signing key: made once, published where verifiers look. */
import type { Table } from '../data/table.ts';
import { changeKeys } from './change-keys.ts';
import { generateKey, type KeySet } from './key-set.ts';
import type { Secret } from './secret.ts';

/**
 * Makes a key set if the secret holds none, and publishes its public halves.
 *
 * @param options.now epoch milliseconds.
 * @throws {Error} where the secret keeps changing.
 */
export function ensureSigningKeys({
  now,
  ...where
}: {
  readonly secret: Secret;
  readonly chat: Table;
  readonly now: () => number;
}): Promise<KeySet> {
  return changeKeys({
    ...where,
    change: async (set) => (set ? undefined : { keys: [await generateKey(Math.floor(now() / 1_000))] }),
  });
}
