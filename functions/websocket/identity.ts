/** Who holds a token, for the routes that take one. The verifier keeps the public keys while the environment is warm. */
import { createPublicKeys } from '../../shared/auth/public-keys.ts';
import { createTokenVerifier, type VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { ENV } from '../../shared/environment.ts';
import { getRuntime, type Runtime } from '../runtime/runtime.ts';

let warm: VerifyAccessToken | undefined;

function createVerifier({ context, environment }: Runtime): VerifyAccessToken {
  return createTokenVerifier({
    keys: createPublicKeys(context),
    issuer: environment[ENV.tokenIssuer] ?? '',
    audience: environment[ENV.tokenAudience] ?? '',
    now: context.now,
  });
}

/** @throws {ParleyError} `unauthenticated`. */
export const verifyAccessToken: VerifyAccessToken = (token) => {
  warm ??= createVerifier(getRuntime());
  return warm(token);
};
