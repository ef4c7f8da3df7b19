/** Who checks access tokens: our own keys, or those of the OpenID Connect provider that the stack names. */
import { createOidcVerifier, type OidcIssuer } from '../../shared/auth/oidc.ts';
import { createPublicKeys } from '../../shared/auth/public-keys.ts';
import { createTokenVerifier, type VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { ENV } from '../../shared/environment.ts';
import type { Runtime } from './runtime.ts';

/** The provider, where users are not our own. */
export function readOidcIssuer({ environment }: Pick<Runtime, 'environment'>): OidcIssuer | undefined {
  const issuer = environment[ENV.oidcIssuer];
  const audience = environment[ENV.oidcAudience];
  if (!issuer || !audience) return undefined;
  return { issuer, audience, userClaim: environment[ENV.oidcUserClaim] || 'sub' };
}

/** @throws {Error} where the environment names no issuer or audience: a verifier that expects nothing would take tokens of others. */
export function createVerifier(runtime: Pick<Runtime, 'environment' | 'context'>): VerifyAccessToken {
  const { context, environment } = runtime;
  const { now } = context;
  const provider = readOidcIssuer(runtime);
  if (provider) return createOidcVerifier({ ...provider, now });
  const issuer = environment[ENV.tokenIssuer];
  const audience = environment[ENV.tokenAudience];
  if (!issuer || !audience) throw new Error('unable to start; the tokens’ issuer or audience is not set');
  return createTokenVerifier({ keys: createPublicKeys(context), issuer, audience, now });
}
