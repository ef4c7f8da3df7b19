/** Custom resource: makes the first signing key at deploy. No error of the secret or the table holds a key. */

import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { createTable } from '../../shared/data/table.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { customResource } from './custom-resource.ts';

const { env } = process;
const logger = createLogger({ level: env[ENV.logLevel], fields: { stage: env[ENV.stage] } });

async function make(): Promise<void> {
  const send = createAwsSend(env);
  const call = createDynamoCall({ send, origin: serviceOrigin('dynamodb', env) });
  const now = () => Date.now();
  const { keys } = await ensureSigningKeys({
    secret: createSecret({
      send,
      origin: serviceOrigin('secretsmanager', env),
      id: env[ENV.signingKeysSecret] ?? '',
    }),
    chat: createTable({ name: env[ENV.chatTable] ?? '', call, now }),
    now,
  });
  logger.info('signing keys published', { keys: keys.length });
}

export const handler = customResource('signing-keys', make, logger);
