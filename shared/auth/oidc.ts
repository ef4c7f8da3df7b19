/** Bring your own users: access tokens of an OpenID Connect provider in place of our own. Nothing here knows a particular one. */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { ParleyError } from '../protocol/errors.ts';
import { UserId } from '../protocol/ids.ts';
import { unauthenticated } from './identity.ts';
import { isPseudonym } from './pseudonym.ts';
import { CLOCK_TOLERANCE_SECONDS, type VerifyAccessToken } from './verify-token.ts';

export interface OidcIssuer {
  /** `iss` of its tokens, letter by letter; its discovery document lies beneath. */
  readonly issuer: string;
  /** `aud` of the tokens that are meant for us; for Amazon Cognito, whose access tokens have none, the `client_id`. */
  readonly audience: string;
  /** The claim that says who someone is, for good: one that a user can change would let them become another. */
  readonly userClaim: string;
}

/** Asymmetric ones alone (RFC 8725, section 3.2): with a symmetric one everyone who verifies could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** What an access token may call itself: RFC 9068 has `at+jwt`, many say `JWT` or nothing. */
const TYPES = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt']);
/** Claims that only an ID token has (OpenID Connect Core, sections 2 and 3.3.2.11): it tells a client who logged in, and opens nothing. */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash'];
const DISCOVERY_TIMEOUT_MS = 5_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * The user that a claim of the provider stands for. One that is a user id is taken as it is; any other becomes `u-` and 120 bits of
 * its SHA-256, the same for good. What looks like one of those, or like a deleted user, is hashed too: nobody is two people.
 */
export function userIdOf(claim: string): UserId {
  const user = UserId.safeParse(claim);
  if (user.success && !claim.startsWith('u-') && !isPseudonym(claim)) return user.data;
  return UserId.parse(`u-${createHash('sha256').update(claim).digest('hex').slice(0, 30)}`);
}

/**
 * Verifies access tokens of an OpenID Connect provider. Its keys are found by its discovery document, and kept as jose does it: for
 * ten minutes, and read again for a key that is not known, every thirty seconds at most.
 *
 * @param now epoch milliseconds.
 * @throws from each call: {ParleyError} `unauthenticated`, `unavailable` where the provider does not answer.
 */
export function createOidcVerifier({
  issuer,
  audience,
  userClaim,
  now,
}: OidcIssuer & { readonly now: () => number }): VerifyAccessToken {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (token) => {
    keys ??= discover(issuer);
    const getKey = await keys.catch((error: unknown) => {
      keys = undefined;
      throw unavailable(error);
    });
    const { payload, protectedHeader } = await jwtVerify(token, getKey, {
      algorithms: ALGORITHMS,
      issuer,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now()),
    }).catch((error: unknown) => {
      throw isProviders(error) ? unavailable(error) : unauthenticated(error);
    });
    const claim = payload[userClaim];
    const isOurs =
      isFor(payload, audience) && !isIdToken(payload) && TYPES.has(protectedHeader.typ?.toLowerCase());
    if (!isOurs || typeof claim !== 'string' || claim === '') throw unauthenticated();
    return { user: userIdOf(claim), session: undefined, expiresAt: (payload.exp ?? 0) * 1_000 };
  };
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(address, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
  const document = z.parse(Discovery, await response.json());
  // OpenID Connect Discovery 1.0, section 4.3: else one provider could speak for another.
  if (document.issuer !== issuer) throw new Error(`the discovery document is that of ${document.issuer}`);
  return createRemoteJWKSet(new URL(document.jwks_uri));
}

function isFor({ aud, client_id, token_use }: JWTPayload, audience: string): boolean {
  if (aud === undefined) return token_use === 'access' && client_id === audience;
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** Cognito says so by `token_use`, Keycloak by `typ`, all by claims that no access token has. */
function isIdToken(payload: JWTPayload): boolean {
  const { token_use, typ } = payload;
  if (token_use !== undefined && token_use !== 'access') return true;
  return typ === 'ID' || ID_TOKEN_CLAIMS.some((claim) => claim in payload);
}

/** Whether the provider failed, not the token: its keys did not come, or are none. */
function isProviders(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'].includes(error.code);
}

function unavailable(cause: unknown): ParleyError {
  return new ParleyError(
    'unavailable',
    'authenticate',
    'who issues the tokens does not answer; send it again',
    {
      cause,
    },
  );
}
