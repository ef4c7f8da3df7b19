/** `npm run redrive` against a running stack. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, people } from '../helper/account.ts';
import { createRoom } from '../helper/room.ts';
import { type Started, startService } from '../helper/start.ts';
import { eventually } from './engine-helper.ts';

const ROOT = join(import.meta.dirname, '../..');

let service: Started;
let outputs: Readonly<Record<string, string>>;
let sqs: SQSClient;
let dynamodb: DynamoDBClient;
let alice: Account;
let bob: Account;

beforeAll(async () => {
  service = await startService({});
  const stack = (await (await fetch(`${service.http}/_local/stack`)).json()) as {
    readonly aws: string;
    readonly outputs: Readonly<Record<string, string>>;
  };
  outputs = stack.outputs;
  const client = {
    endpoint: stack.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
  [sqs, dynamodb] = [new SQSClient(client), new DynamoDBClient(client)];
  [alice, bob] = await people(service, 'alice', 'bob');
}, 120_000);
afterAll(async () => {
  for (const person of [alice, bob]) person?.disconnect();
  for (const client of [sqs, dynamodb]) client?.destroy();
  await service?.close();
});

async function redrive(
  ...more: readonly string[]
): Promise<{ readonly told: string; readonly failed: boolean }> {
  const args = ['--import', 'tsx', 'scripts/redrive.ts', '--url', service.http, ...more];
  const run = promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return run.then(
    ({ stdout }) => ({ told: stdout, failed: false }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({
      told: `${stdout}${stderr}`,
      failed: true,
    }),
  );
}

/** What Lambda says of records that a function gave up, which the stream of the engine has no more. */
const givenUpBy = (functionName: string) =>
  JSON.stringify({
    requestContext: {
      functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
      condition: 'RetryAttemptsExhausted',
    },
    timestamp: '2026-11-21T10:00:00.000Z',
    DDBStreamBatchInfo: {
      shardId: 'shardId-000',
      startSequenceNumber: '100000000000000000001',
      endSequenceNumber: '100000000000000000001',
      batchSize: 1,
      streamArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${outputs.ChatTable}/stream/1`,
    },
  });
const put = (QueueUrl: string | undefined, MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

/** Messages in a queue, those that somebody has taken just now as well. */
async function held(QueueUrl: string | undefined): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** A message with a reaction whose effect is lost, as if the settler had given the reaction's record up. */
async function lostReaction(): Promise<{
  readonly room: string;
  readonly reactions: () => Promise<unknown>;
  /** Loses it once more: to settle a room heals what came before. */
  readonly lose: () => Promise<unknown>;
}> {
  const room = await createRoom(alice, { members: [bob] });
  // Until the joining is settled what comes right behind it may be settled with it.
  const head = { pk: { S: `ROOM#${room}` }, sk: { S: 'HEAD' } };
  await eventually(
    async () => (await dynamodb.send(new GetItemCommand({ TableName: outputs.ChatTable, Key: head }))).Item,
    (item) => item?.settled?.N === '2',
  );
  const client = await alice.connect();
  const { seq: target } = await client.command('sendMessage', { room, text: 'hello' });
  await client.command('addReaction', { room, target, emoji: '🦊' });
  const Key = { pk: { S: `ROOM#${room}` }, sk: { S: `E#${String(target).padStart(12, '0')}` } };
  const state = async () => {
    const { Item = {} } = await dynamodb.send(
      new GetItemCommand({ TableName: outputs.ChatTable, Key, ConsistentRead: true }),
    );
    return (unmarshall(Item).state as { reactions?: unknown } | undefined)?.reactions;
  };
  await eventually(state, (reactions) => reactions !== undefined);
  const UpdateExpression = 'REMOVE #state';
  const ExpressionAttributeNames = { '#state': 'state' };
  const lose = () =>
    dynamodb.send(
      new UpdateItemCommand({
        TableName: outputs.ChatTable,
        Key,
        UpdateExpression,
        ExpressionAttributeNames,
      }),
    );
  await lose();
  expect(await state()).toBeUndefined();
  return { room, reactions: state, lose };
}

describe('npm run redrive', () => {
  it('has the settler take again what it gave up, from the log; once more it does nothing', async () => {
    const { room, reactions } = await lostReaction();
    await put(outputs.FailureQueueUrl, givenUpBy(outputs.SettlerFunction ?? ''));
    const { told, failed } = await redrive();
    expect(told).toContain(`${room}: `);
    expect(told).toContain('settled again');
    expect(failed).toBe(false);
    expect(await reactions()).toEqual({ '🦊': [{ user: alice.user, seq: 4 }] });
    expect(await held(outputs.FailureQueueUrl)).toBe(0);
    expect((await redrive()).told).not.toContain('settled again');
  });

  it('settles a room that is named', async () => {
    const { room, reactions } = await lostReaction();
    expect((await redrive('--room', room)).told).toMatch(new RegExp(`${room}: \\d events settled again`));
    expect(await reactions()).toHaveProperty('🦊');
  });

  it('and npm run rebuild makes a room anew without it', async () => {
    const { room, reactions, lose } = await lostReaction();
    const args = ['--import', 'tsx', 'scripts/rebuild.ts', '--url', service.http, '--room', room];
    // A change of the room has everything before it settled.
    await alice.call('PATCH', `/api/rooms/${room}`, { topic: 'Foxes' });
    const Key = { pk: { S: `ROOM#${room}` }, sk: { S: 'HEAD' } };
    await eventually(
      async () => (await dynamodb.send(new GetItemCommand({ TableName: outputs.ChatTable, Key }))).Item,
      (head) => Number(head?.settled?.N) === 5,
    );
    await lose();
    expect(await reactions()).toBeUndefined();
    const first = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(first.stderr).toContain(`${room}: 3 messages and members looked at, 1 mended`);
    expect(await reactions()).toEqual({ '🦊': [{ user: alice.user, seq: 4 }] });
    const second = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(second.stderr).toContain(`${room}: 3 messages and members looked at, 0 mended`);
  });

  it('moves what functions could not do back to their queues', async () => {
    const [line] = (outputs.DeadLetters ?? '').split(',').filter((one) => one.startsWith('retention '));
    const [, failures, queue] = line?.split(' ') ?? [];
    const { room } = await lostReaction();
    for (let index = 0; index < 12; index++) await put(failures, JSON.stringify({ room, after: index }));
    expect((await redrive()).told).toContain('retention: 12 messages moved back');
    expect(await held(failures)).toBe(0);
    await eventually(
      () => held(queue),
      (left) => left === 0,
    );
    expect((await redrive()).told).toContain('retention: 0 messages moved back');
  });

  it('drops what the fan-out gave up, leaves what it does not know, and says so', async () => {
    await put(outputs.FailureQueueUrl, givenUpBy('Parley-dev-DeliveryFanOut'));
    await put(outputs.FailureQueueUrl, '{"what":"is this"}');
    const { told, failed } = await redrive();
    expect(told).toContain(
      '1 records that Parley-dev-DeliveryFanOut gave up at 2026-11-21T10:00:00.000Z: nothing to do',
    );
    expect(told).toContain("is none of Lambda's");
    expect(failed).toBe(true);
    expect(await held(outputs.FailureQueueUrl)).toBe(1);
  });

  it('says what is wrong with the address', async () => {
    const args = ['--import', 'tsx', 'scripts/redrive.ts', '--url', 'http://127.0.0.1:9'];
    const failure = await promisify(execFile)(process.execPath, args, { cwd: ROOT }).catch((error) => error);
    expect(failure.stderr).toContain('unable to find the engine; none answers at http://127.0.0.1:9');
  });
});
