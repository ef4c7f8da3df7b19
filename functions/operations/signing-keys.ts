/** Custom resource: makes the first signing key at deploy. On Delete there is nothing to do: secret and table go by themselves. */

import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { createTable } from '../../shared/data/table.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { answer, type CustomResourceRequest, type Outcome } from './custom-resource.ts';

/** Fixed, so that an update never looks like a replacement. */
const PHYSICAL_ID = 'signing-keys';

export async function handler(request: CustomResourceRequest): Promise<void> {
  const outcome = request.RequestType === 'Delete' ? ({ status: 'SUCCESS' } as const) : await make();
  await answer(request, PHYSICAL_ID, outcome);
}

/** No outcome and no log line holds a key: errors of the secret and the table name operations and codes. */
async function make(): Promise<Outcome> {
  const logger = createLogger({
    level: process.env[ENV.logLevel],
    fields: { stage: process.env[ENV.stage] },
  });
  try {
    const send = createAwsSend(process.env);
    const call = createDynamoCall({ send, origin: serviceOrigin('dynamodb', process.env) });
    const now = () => Date.now();
    const { keys } = await ensureSigningKeys({
      secret: createSecret({
        send,
        origin: serviceOrigin('secretsmanager', process.env),
        id: process.env[ENV.signingKeysSecret] ?? '',
      }),
      chat: createTable({ name: process.env[ENV.chatTable] ?? '', call, now }),
      now,
    });
    logger.info('signing keys published', { keys: keys.length });
    return { status: 'SUCCESS' };
  } catch (error) {
    logger.error('signing keys failed', error);
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
    return { status: 'FAILED', reason: `unable to make the signing key; ${reason}` };
  }
}
