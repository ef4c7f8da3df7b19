/** Custom resource: makes the first signing key at deploy. No error of the secret or the table holds a key. */

import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { customResource } from './custom-resource.ts';
import { openKeyStore } from './key-store.ts';

const { env } = process;
const logger = createLogger({ level: env[ENV.logLevel], fields: { stage: env[ENV.stage] } });

async function make(): Promise<void> {
  const { keys } = await ensureSigningKeys(openKeyStore(env));
  logger.info('signing keys published', { keys: keys.length });
}

export const handler = customResource('signing-keys', make, logger);
