/** Access tokens, the signing side: needs the secret. */
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import type { UserId } from '../protocol/ids.ts';
import { type KeySet, parseKeySet, signingKeyOf } from './key-set.ts';
import type { Secret } from './secret.ts';
import { TOKEN_ALGORITHM, TOKEN_TYPE } from './verify-token.ts';

/** Milliseconds until the secret is read again, so that a rotation reaches every execution environment. */
const SECRET_MAX_AGE_MS = 5 * 60_000;

export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds until it ends. */
  readonly expiresIn: number;
}

/** Signs an access token for one session of a user. */
export type IssueAccessToken = (user: UserId, session: string) => Promise<IssuedToken>;

/**
 * @param options.now epoch milliseconds.
 * @param options.lifetimeSeconds of an access token.
 */
export function createTokenIssuer(options: {
  readonly secret: Secret;
  readonly issuer: string;
  readonly audience: string;
  readonly lifetimeSeconds: number;
  readonly now: () => number;
}): IssueAccessToken {
  const { secret, now } = options;
  let held: { readonly set: KeySet; readonly readAt: number } | undefined;
  const imported = new Map<string, CryptoKey>();

  async function keySet(): Promise<KeySet> {
    if (held && now() - held.readAt <= SECRET_MAX_AGE_MS) return held.set;
    const set = parseKeySet((await secret.read()).text);
    if (!set) throw new Error('unable to issue a token; the secret holds no key set');
    held = { set, readAt: now() };
    return set;
  }

  return async (user, session) => {
    const seconds = Math.floor(now() / 1_000);
    const jwk = signingKeyOf(await keySet(), seconds);
    if (!jwk) throw new Error('unable to issue a token; no key signs yet');
    const key = imported.get(jwk.kid) ?? (await importKey(jwk));
    imported.set(jwk.kid, key);
    const accessToken = await new SignJWT({ sid: session })
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: TOKEN_TYPE, kid: jwk.kid })
      .setIssuer(options.issuer)
      .setAudience(options.audience)
      .setSubject(user)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + options.lifetimeSeconds)
      .sign(key);
    return { accessToken, expiresIn: options.lifetimeSeconds };
  };
}

async function importKey(jwk: Parameters<typeof importJWK>[0]): Promise<CryptoKey> {
  const key = await importJWK(jwk, TOKEN_ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('unable to issue a token; the key is symmetric');
  return key;
}
