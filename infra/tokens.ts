import { ENV } from '../shared/environment.ts';
import type { Handler } from './handler.ts';
import type { Settings } from './settings.ts';

/**
 * Tells a function whose tokens are this deployment's. A name, not an address: tokens stay good when the address
 * changes, and those of another stage are refused even if it had the same keys.
 */
export function identifyTokens(handler: Handler, { stage, oidc }: Settings): void {
  handler.addEnvironment(ENV.tokenIssuer, `parley-${stage}`);
  handler.addEnvironment(ENV.tokenAudience, `parley-${stage}`);
  if (oidc === undefined) return;
  // Then nobody's tokens are this deployment's own.
  handler.addEnvironment(ENV.oidcIssuer, oidc.issuer);
  handler.addEnvironment(ENV.oidcAudience, oidc.audience);
  handler.addEnvironment(ENV.oidcUserClaim, oidc.userClaim);
}
