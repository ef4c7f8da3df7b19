/** Scenes of live authorisation: connections that end because a right has ended. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { bodyOf, register } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { opened } from '../helper/token.ts';
import type { Item } from './grants-items.ts';
import type { Scene, Stage } from './grants-stage.ts';

/** A user of its own with an open connection, which hears a room: the connection's item and the session's key. */
async function someone(stage: Stage) {
  const carol = await register(stage.endpoint, 'carol');
  bodyOf(await carol.call('POST', '/api/rooms', { name: 'Own', kind: 'private' }), 201);
  const client = await carol.connect();
  const items = await stage.connections.scan();
  const item = items.find(({ sk, user }) => sk === 'CONN' && user === carol.user);
  if (!item) throw new Error('the connection has no item');
  const session = { pk: `SESSIONS#${carol.user}`, sk: `SESSION#${opened(carol.token).claims.sid}` };
  return { carol, client, item, session };
}

async function untilTold(client: Client, code: string): Promise<void> {
  await client.closed;
  const last = client.frames.at(-1);
  if (last?.type !== 'closing' || last.code !== code) throw new Error(`the end was ${JSON.stringify(last)}`);
}

export const logOut: Scene = async (stage) => {
  const { carol, client } = await someone(stage);
  bodyOf(await carol.call('POST', '/api/auth/logout'), 204);
  await untilTold(client, 'session_revoked');
};

/** Who ended the session died; and one of its connections is not open yet, as far as API Gateway says. */
export const endSession: Scene = async (stage) => {
  const { client, item, session } = await someone(stage);
  const opening = `${Math.random().toString(36).slice(2, 14).padEnd(14, 'A')}=`;
  const young: Item = { ...item, pk: `CONN#${opening}`, connectedAt: Date.now() - 25_000 };
  await stage.connections.put(young);
  await stage.connections.put({ ...young, pk: `USER#${item.user}`, sk: `CONN#${opening}` });
  await stage.chat.delete(session);
  await untilTold(client, 'session_revoked');
  await stage.connections.untilGone({ pk: young.pk, sk: young.sk });
};

/** Two connections are looked at: the token of one lasts, so that it is looked at again later, and that of the other has ended. */
export const lookAtConnections: Scene = async (stage) => {
  const [lasting, ended] = [await someone(stage), await someone(stage)];
  const settings = {
    endpoint: stage.awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
  const sqs = new SQSClient(settings);
  const look = async ({ pk, connectedAt }: Item) => {
    const MessageBody = JSON.stringify({ connection: pk.slice('CONN#'.length), connectedAt });
    await sqs.send(new SendMessageCommand({ QueueUrl: stage.watchQueue, MessageBody }));
  };
  try {
    await look(lasting.item);
    await stage.connections.put({ ...ended.item, tokenExpiresAt: Date.now() - 1 });
    await look(ended.item);
    await untilTold(ended.client, 'token_expired');
    await lasting.client.command('ping');
  } finally {
    lasting.client.terminate();
    ended.client.terminate();
    sqs.destroy();
  }
};
