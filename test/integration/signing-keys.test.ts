import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../../functions/operations/signing-keys.ts';
import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { parseKeySet, publicKeysOf } from '../../shared/auth/key-set.ts';
import { createAwsSend } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { getPublicKeys } from '../../shared/data/public-keys.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { type SecretsManager, startSecretsManager } from '../helper/secrets-manager.ts';

const PLACEHOLDER = '{"keys":[],"placeholder":"r4nd0m-secret-text"}';

let database: Database;
let secrets: SecretsManager;
/** Where CloudFormation waits for the answer. */
let cloudFormation: Server;
let responseUrl: string;
let answers: { readonly body: Record<string, unknown>; readonly contentType: string | undefined }[];
let refusals = 0;
const environment = { ...process.env };

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  cloudFormation = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (refusals > 0) {
      refusals--;
      response.writeHead(503).end();
      return;
    }
    answers.push({ body: JSON.parse(text), contentType: request.headers['content-type'] });
    response.end();
  });
  cloudFormation.listen(0, '127.0.0.1');
  await once(cloudFormation, 'listening');
  const address = cloudFormation.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  responseUrl = `http://127.0.0.1:${address.port}/answer?X-Amz-Signature=s1gned`;
});
afterAll(async () => {
  await database.stop();
  cloudFormation.closeAllConnections();
  cloudFormation.close();
});

beforeEach(async () => {
  answers = [];
  secrets = await startSecretsManager(PLACEHOLDER);
  Object.assign(process.env, database.environment, {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
    CHAT_TABLE: CHAT_TABLE_NAME,
    SIGNING_KEYS_SECRET: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys',
    LOG_LEVEL: 'error',
  });
});
afterEach(async () => {
  await secrets.stop();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});

function ask(RequestType: 'Create' | 'Update' | 'Delete', more: { PhysicalResourceId?: string } = {}) {
  return handler({
    RequestType,
    ResponseURL: responseUrl,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'First',
    ...more,
  });
}

const publicKeys = () => getPublicKeys(database.tables().chat);

describe('the custom resource of the signing keys', () => {
  it('makes a key, publishes its public half, and answers CloudFormation', async () => {
    await ask('Create');
    const set = parseKeySet(secrets.value());
    expect(set?.keys).toHaveLength(1);
    expect(await publicKeys()).toEqual(set && publicKeysOf(set));
    expect(answers).toEqual([
      {
        contentType: undefined,
        body: {
          Status: 'SUCCESS',
          PhysicalResourceId: 'signing-keys',
          StackId: 'stack',
          RequestId: 'request',
          LogicalResourceId: 'First',
        },
      },
    ]);
  });

  it('keeps the key that is there, and publishes it again', async () => {
    await ask('Create');
    const before = secrets.value();
    const published = await publicKeys();
    await database.tables().chat.delete({ pk: 'KEYS', sk: 'JWKS' });
    await ask('Update', { PhysicalResourceId: 'signing-keys' });
    expect(secrets.value()).toBe(before);
    expect(secrets.calls.filter((call) => call === 'PutSecretValue')).toHaveLength(1);
    expect(await publicKeys()).toEqual(published);
    expect(answers[1]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'signing-keys' });
  });

  it('makes one key when two deploys run at once, and both publish that one', async () => {
    await Promise.all([ask('Create'), ask('Create'), ask('Create')]);
    const set = parseKeySet(secrets.value());
    expect(set?.keys).toHaveLength(1);
    expect(await publicKeys()).toEqual(set && publicKeysOf(set));
    expect(answers.map(({ body }) => body.Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });

  it('makes a key where the secret has no value at all', async () => {
    secrets.set(undefined);
    await ask('Create');
    expect(parseKeySet(secrets.value())?.keys).toHaveLength(1);
  });

  it('publishes what another writer put into the secret meanwhile', async () => {
    await ask('Create');
    const other = JSON.stringify({
      keys: [...(parseKeySet(secrets.value())?.keys ?? []), await newKey()],
    });
    let reads = 0;
    secrets.before((operation) => {
      if (operation === 'GetSecretValue' && ++reads === 2) secrets.set(other);
    });
    await ask('Update');
    expect((await publicKeys()).map(({ kid }) => kid)).toEqual(
      parseKeySet(other)?.keys.map(({ kid }) => kid),
    );
  });

  it('tells CloudFormation why it failed, and no secret', async () => {
    secrets.before(() => {
      throw new Error('AccessDeniedException');
    });
    await ask('Create');
    expect(answers[0]?.body).toMatchObject({
      Status: 'FAILED',
      Reason: 'unable to make signing-keys; SecretError: GetSecretValue: AccessDeniedException',
    });
    expect(JSON.stringify(answers)).not.toContain('r4nd0m-secret-text');
  });

  it('has nothing to do on Delete', async () => {
    await ask('Delete', { PhysicalResourceId: 'signing-keys' });
    expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'signing-keys' });
    expect(secrets.calls).toEqual([]);
  });

  it('answers again when CloudFormation did not take the answer', async () => {
    refusals = 2;
    await ask('Delete');
    expect(answers).toHaveLength(1);
  });

  it('fails without showing the signed address when CloudFormation takes no answer', async () => {
    refusals = 100;
    const failure = await ask('Delete').catch((error: Error) => error.message);
    refusals = 0;
    expect(failure).toBe('unable to answer CloudFormation; HTTP 503');
  });
});

it('survives a Secrets Manager that is throttled for a moment', async () => {
  let failures = 2;
  secrets.before(() => {
    if (failures-- > 0) throw new Error('ThrottlingException');
  });
  const secret = createSecret({ send: createAwsSend(process.env), origin: secrets.endpoint, id: 'keys' });
  const { chat } = database.tables();
  const set = await ensureSigningKeys({ secret, chat, now: () => Date.now() });
  expect(set.keys).toHaveLength(1);
});

async function newKey() {
  const { generateKey } = await import('../../shared/auth/key-set.ts');
  return generateKey(Math.floor(Date.now() / 1_000) + 600);
}
