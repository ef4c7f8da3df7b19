/**
 * The private signing keys as the secret holds them: a JWK set (RFC 7517) in which each key says from when on it signs. So a
 * rotation publishes the next key before it signs, and takes the last one away when its tokens are gone.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import * as z from 'zod/mini';
import { PublicKey } from '../data/public-keys.ts';
import { TOKEN_ALGORITHM } from './verify-token.ts';

export const PrivateKey = z.extend(PublicKey, {
  d: z.string(),
  /** Epoch seconds. */
  signsFrom: z.int(),
});
export type PrivateKey = z.infer<typeof PrivateKey>;

export const KeySet = z.object({ keys: z.array(PrivateKey).check(z.minLength(1)) });
export type KeySet = z.infer<typeof KeySet>;

/** @returns undefined where the text is no key set: the secret still holds what the stack put there at first. */
export function parseKeySet(text: string | undefined): KeySet | undefined {
  try {
    const result = KeySet.safeParse(JSON.parse(text ?? ''));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a new key. @param signsFrom epoch seconds. */
export async function generateKey(signsFrom: number): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk, 'sha256');
  return PrivateKey.parse({ ...jwk, kid, alg: TOKEN_ALGORITHM, use: 'sig', signsFrom });
}

/** The public halves: what may be shown to anyone. */
export function publicKeysOf(set: KeySet): PublicKey[] {
  return set.keys.map(({ kty, crv, x, y, kid, alg, use }) => ({ kty, crv, x, y, kid, alg, use }));
}

/** The key that signs: the newest of those whose time has come. @param now epoch seconds. */
export function signingKeyOf(set: KeySet, now: number): PrivateKey | undefined {
  return set.keys
    .filter((key) => key.signsFrom <= now)
    .reduce<PrivateKey | undefined>(
      (newest, key) => (newest && newest.signsFrom >= key.signsFrom ? newest : key),
      undefined,
    );
}
