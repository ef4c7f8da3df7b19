/** Who holds a token, for the routes that take one. The verifier keeps the public keys while the environment is warm. */
import { createPublicKeys } from '../../shared/auth/public-keys.ts';
import { createTokenVerifier, type VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { ENV } from '../../shared/environment.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';

const getVerifier = once((): VerifyAccessToken => {
  const { context, environment } = getRuntime();
  const issuer = environment[ENV.tokenIssuer];
  const audience = environment[ENV.tokenAudience];
  // A verifier that expects nothing in particular would take tokens that were made for others.
  if (!issuer || !audience) throw new Error('unable to start; the tokens’ issuer or audience is not set');
  return createTokenVerifier({ keys: createPublicKeys(context), issuer, audience, now: context.now });
});

/** @throws {ParleyError} `unauthenticated`. */
export const verifyAccessToken: VerifyAccessToken = (token) => getVerifier()(token);
