/** Scenes of accounts that are deleted, and of keys that are made and rotated. */
import { randomBytes } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type Account, bodyOf, call, freshName, register } from '../helper/account.ts';
import { deployResource } from './deploy-resource.ts';
import type { Scene, Stage } from './grants-stage.ts';

/** What a handler that died left of a deletion: the mark alone. @returns the pseudonym. */
async function markDeleted({ chat }: Stage, { user }: Account): Promise<string> {
  const pseudonym = `deleted-${randomBytes(6).toString('hex')}`;
  const deletedAt = new Date().toISOString();
  await chat.put({ pk: `ACCOUNT#${user}`, sk: 'ACCOUNT', state: 'deleting', pseudonym, deletedAt });
  return pseudonym;
}

/** A user with a socket, a room with another member, and somebody who guessed at the password. */
async function settleIn({ endpoint, bob }: Stage) {
  const account = await register(endpoint, 'carol');
  const room = freshName('left');
  bodyOf(await account.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  bodyOf(await bob.call('POST', `/api/rooms/${room}/join`), 200);
  const answer = await account.call('POST', `/api/rooms/${room}/messages`, { text: 'mine' });
  const { seq } = bodyOf<{ seq: number }>(answer, 201);
  bodyOf(await account.call('PUT', `/api/users/${bob.user}/block`), 204);
  const guess = { username: account.user, password: 'not the password' };
  bodyOf(await call(endpoint, 'POST', '/api/auth/login', { body: guess }), 401);
  return { account, room, seq, client: await account.connect() };
}

/** A deletion of which only the mark was made: the settler hands it on, and the eraser does the rest. */
export const eraseAccount: Scene = async (stage) => {
  const { account, room, seq, client } = await settleIn(stage);
  const pseudonym = await markDeleted(stage, account);
  const event = { pk: `ROOM#${room}`, sk: `E#${String(seq).padStart(12, '0')}` };
  await stage.chat.until(event, (item) => item?.user === pseudonym);
  await client.closed;
  await stage.chat.until(
    { pk: `ROOM#${room}`, sk: 'HEAD' },
    (head) => head?.owners?.toString() === stage.bob.user,
  );
  await stage.chat.untilGone({ pk: `USER#${account.user}`, sk: `BLOCK#${stage.bob.user}` });
};

/** Makes the next key, where none waits yet. */
export const rotateKeys: Scene = async ({ awsEndpoint, secretArn, rotatorName }) => {
  const settings = {
    endpoint: awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
  const secrets = new SecretsManagerClient(settings);
  const lambda = new LambdaClient(settings);
  try {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    const { keys } = JSON.parse(SecretString) as { keys: { signsFrom: number }[] };
    const signing = { keys: keys.filter(({ signsFrom }) => signsFrom * 1_000 <= Date.now()) };
    await secrets.send(
      new PutSecretValueCommand({ SecretId: secretArn, SecretString: JSON.stringify(signing) }),
    );
    const event = { FunctionName: rotatorName, Payload: '{"force":true}' };
    const { FunctionError, Payload } = await lambda.send(new InvokeCommand(event));
    if (FunctionError !== undefined) throw new Error(Buffer.from(Payload ?? []).toString());
  } finally {
    secrets.destroy();
    lambda.destroy();
  }
};

/** Ends every token: the keys are new. */
export const makeKeys: Scene = async ({ awsEndpoint, secretArn, makerName }) => {
  const settings = {
    endpoint: awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
  const secrets = new SecretsManagerClient(settings);
  try {
    await secrets.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: '{"keys":[]}' }));
    await deployResource(awsEndpoint, makerName);
  } finally {
    secrets.destroy();
  }
};
