/** Access tokens, the verifying side: needs the public keys only. */
import { errors, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { UserId } from '../protocol/ids.ts';
import { type Identity, unauthenticated } from './identity.ts';
import type { PublicKeys } from './public-keys.ts';

/** The one algorithm. It is fixed here and never taken from a token's header (RFC 8725, section 3.1). */
export const TOKEN_ALGORITHM = 'ES256';
/** Media type of an access token (RFC 9068, section 2.1): no other JWT signed by the same key passes for one. */
export const TOKEN_TYPE = 'at+jwt';
/** Seconds that the clocks of two hosts may differ. */
export const CLOCK_TOLERANCE_SECONDS = 5;

const Claims = z.object({ sub: UserId, sid: z.string().check(z.minLength(1)), exp: z.int() });

/**
 * Verifies an access token.
 *
 * @throws {ParleyError} `unauthenticated`, in the same words whatever is wrong with the token. What the table client throws
 *   where the keys can't be read passes through.
 */
export type VerifyAccessToken = (token: string) => Promise<Identity>;

/** @param options.now epoch milliseconds. */
export function createTokenVerifier(options: {
  readonly keys: PublicKeys;
  readonly issuer: string;
  readonly audience: string;
  readonly now: () => number;
}): VerifyAccessToken {
  return async (token) => {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = kid === undefined ? undefined : await options.keys.find(kid);
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        {
          algorithms: [TOKEN_ALGORITHM],
          typ: TOKEN_TYPE,
          issuer: options.issuer,
          audience: options.audience,
          requiredClaims: ['sub', 'sid', 'iat', 'exp'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(options.now()),
        },
      );
      const claims = Claims.safeParse(payload);
      if (!claims.success) throw unauthenticated();
      return { user: claims.data.sub, session: claims.data.sid, expiresAt: claims.data.exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw unauthenticated(error);
      throw error;
    }
  };
}
