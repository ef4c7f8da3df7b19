/** What the operations on the signing keys work with. */
import { createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { createTable } from '../../shared/data/table.ts';
import { ENV } from '../../shared/environment.ts';

/** The secret with the private keys, the table with the public ones, and the clock. */
export function openKeyStore(environment: Readonly<Record<string, string | undefined>>) {
  const send = createAwsSend(environment);
  const call = createDynamoCall({ send, origin: serviceOrigin('dynamodb', environment) });
  const now = () => Date.now();
  return {
    secret: createSecret({
      send,
      origin: serviceOrigin('secretsmanager', environment),
      id: environment[ENV.signingKeysSecret] ?? '',
    }),
    chat: createTable({ name: environment[ENV.chatTable] ?? '', call, now }),
    now,
  };
}
