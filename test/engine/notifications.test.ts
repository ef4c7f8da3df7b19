/** The topic of notifications as it is deployed, with two subscribers: the webhook that comes with Parley, and a queue of the operator's own. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../local/engine.ts';
import { build } from '../../scripts/build.ts';
import { synthesize } from '../../scripts/start/synthesize.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { createRoom } from '../helper/room.ts';
import {
  bundledEnvironment,
  eventually,
  removeFolders,
  type Template,
  temporaryFolder,
} from './engine-helper.ts';

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const calls: Call[] = [];
let receiver: Server;
let engine: Engine;
let alice: Account;
let bob: Account;

/** Refuses the first call, takes the second, and wants no more from then on. */
async function startReceiver(): Promise<number> {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead([503, 204][calls.length - 1] ?? 410).end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  return (receiver.address() as AddressInfo).port;
}

/** A queue that hears of direct messages only, as an operator would subscribe it. */
async function subscribeQueue(assemblyDirectory: string): Promise<void> {
  const file = join(assemblyDirectory, 'Parley-dev.template.json');
  const template: Template = JSON.parse(await readFile(file, 'utf8'));
  const { Resources } = template;
  const topics = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::SNS::Topic');
  const [topic = ''] = topics.map(([id]) => id);
  expect(topics).toHaveLength(1);
  const arn = { 'Fn::GetAtt': ['Push', 'Arn'] };
  Resources.Push = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'push' } };
  Resources.PushPolicy = {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Push' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Principal: { Service: 'sns.amazonaws.com' },
            Resource: arn,
            Condition: { ArnEquals: { 'aws:SourceArn': { Ref: topic } } },
          },
        ],
      },
    },
  };
  Resources.PushSubscription = {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      TopicArn: { Ref: topic },
      Protocol: 'sqs',
      Endpoint: arn,
      RawMessageDelivery: true,
      FilterPolicy: { kind: ['direct'], room: [{ prefix: 'dm-' }], user: [{ exists: true }] },
    },
  };
  await writeFile(file, JSON.stringify(template));
}

beforeAll(async () => {
  const port = await startReceiver();
  await build();
  const assemblyDirectory = join(await temporaryFolder(), 'cdk.out');
  await synthesize(assemblyDirectory, {
    webhookUrl: `http://127.0.0.1:${port}/hook`,
    webhookKinds: 'mention',
    notificationDelaySeconds: '0',
  });
  await subscribeQueue(assemblyDirectory);
  engine = await startEngine({
    assemblyDirectory,
    environmentScript: await bundledEnvironment(),
    logLevel: 'error',
  });
  [alice, bob] = await people(engine, 'alice', 'bob');
}, 120_000);

afterAll(async () => {
  receiver?.closeAllConnections();
  receiver?.close();
  await engine?.close();
  await removeFolders();
});

/** Messages of a queue: those that are seen, and those that somebody has taken. */
const LEFT = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;

const say = async (room: string, text: string) =>
  bodyOf<{ seq: number }>(await alice.call('POST', `/api/rooms/${room}/messages`, { text }), 201).seq;

describe('a notification', () => {
  it('reaches the subscribers whose filters let it through: signed, and again where it was refused', async () => {
    const client = { endpoint: engine.awsEndpoint, region: 'us-east-1' };
    const credentials = { accessKeyId: 'user', secretAccessKey: 'any' };
    const sqs = new SQSClient({ ...client, credentials });
    const secrets = new SecretsManagerClient({ ...client, credentials });
    try {
      const room = await createRoom(alice, { members: [bob] });
      const opened = await alice.call('POST', '/api/direct', { user: bob.user });
      const direct = bodyOf<{ room: string }>(opened, 201).room;
      const mention = await say(room, `look, @${bob.user}`);
      const psst = await say(direct, 'psst');

      const queue = engine.model.queues.find(({ name }) => name === 'push')?.url;
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queue,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 10,
          MessageAttributeNames: ['All'],
        }),
      );
      expect(Messages.map(({ Body = '' }) => JSON.parse(Body))).toEqual([
        expect.objectContaining({
          kind: 'direct',
          room: direct,
          seq: psst,
          user: bob.user,
          from: alice.user,
          preview: 'psst',
        }),
      ]);
      const attributes = Object.entries(Messages[0]?.MessageAttributes ?? {});
      expect(Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue]))).toEqual({
        kind: 'direct',
        room: direct,
        user: bob.user,
      });

      await eventually(
        () => calls.length,
        (count) => count === 2,
      );
      const secretId = engine.model.secrets.find(({ constructPath }) =>
        constructPath.includes('/Webhook/'),
      )?.arn;
      const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
      const events = calls.map(({ headers, body }) =>
        new Webhook(SecretString).verify(body, {
          'webhook-id': String(headers['webhook-id']),
          'webhook-timestamp': String(headers['webhook-timestamp']),
          'webhook-signature': String(headers['webhook-signature']),
        }),
      );
      const event = {
        type: 'notification',
        timestamp: expect.any(String),
        data: {
          kind: 'mention',
          room,
          seq: mention,
          user: bob.user,
          from: alice.user,
          preview: `look, @${bob.user}`,
        },
      };
      expect(events).toEqual([event, event]);
      expect(calls[0]?.headers['webhook-id']).toBe(calls[1]?.headers['webhook-id']);

      // What is given up is seen again in minutes and is then at the end of its queue; what is done with is in none.
      await say(room, `look again, @${bob.user}`);
      const own = engine.model.queues.filter(({ constructPath }) => constructPath.includes('/Webhook/'));
      const urls = own.map(({ url }) => url);
      expect(urls).toHaveLength(2);
      await eventually(
        async () => {
          const counts = await Promise.all(
            urls.map((QueueUrl) =>
              sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })),
            ),
          );
          return [
            calls.length,
            ...counts.flatMap(({ Attributes = {} }) => LEFT.map((name) => Attributes[name])),
          ];
        },
        (found) => found.join() === '3,0,0,0,0',
      );
    } finally {
      sqs.destroy();
      secrets.destroy();
    }
  }, 60_000);
});
