/** The public signing keys as this execution environment last saw them. */
import { type CryptoKey, importJWK } from 'jose';
import { getPublicKeys } from '../data/public-keys.ts';
import type { Table } from '../data/table.ts';

/** Milliseconds until the keys are read again. A new key must be published for longer than this before it signs. */
export const PUBLIC_KEYS_MAX_AGE_MS = 5 * 60_000;
/** Milliseconds between two reads for keys that are not known: a flood of made-up key ids costs one read in this time. */
const UNKNOWN_KEY_PAUSE_MS = 10_000;

export interface PublicKeys {
  /** @returns undefined for a key that was never published, or is no longer. */
  find(kid: string): Promise<CryptoKey | undefined>;
}

/** @param now epoch milliseconds. */
export function createPublicKeys(options: { readonly chat: Table; readonly now: () => number }): PublicKeys {
  const { chat, now } = options;
  let keys = new Map<string, CryptoKey>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const startedAt = now();
    const published = await getPublicKeys(chat);
    const imported = await Promise.all(
      published.map(async (jwk) => [jwk.kid, await importJWK(jwk, 'ES256')] as const),
    );
    // A symmetric key imports as bytes; the item's schema lets EC keys through only.
    keys = new Map(
      imported.filter((entry): entry is [string, CryptoKey] => !(entry[1] instanceof Uint8Array)),
    );
    readAt = startedAt;
  }

  function readOnce(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    async find(kid) {
      const age = now() - readAt;
      if (age > PUBLIC_KEYS_MAX_AGE_MS || (!keys.has(kid) && age > UNKNOWN_KEY_PAUSE_MS)) await readOnce();
      return keys.get(kid);
    },
  };
}
