import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, call, register } from '../helper/account.ts';
import { type Client, openClient, whileOpen } from '../helper/client.ts';
import { freePort } from '../helper/free-port.ts';
import { createRoom, readLog } from '../helper/room.ts';
import { type Started, startService } from '../helper/start.ts';
import type { Appended } from '../helper/wire.ts';

/** Acknowledgements after which the service is killed; more are under way at that moment. */
const ENOUGH = 40;
const WRITERS = 6;
const UNLIMITED = { commandsPerMinute: '1000000', commandBurst: '100000' };

/** What one writer said: the acknowledged with their numbers, and the one that was never answered. */
interface Written {
  readonly acknowledged: Map<string, Appended>;
  readonly unanswered: string[];
}

/** A call of SQS on the queue of failures that nobody reads but people. */
async function queued<Output>({ aws }: Started, operation: string, input: object): Promise<Output> {
  const ask = async (name: string, body: object) => {
    const response = await fetch(aws, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${name}`,
        authorization: 'AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/sqs/aws4_request',
      },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const { QueueUrls } = (await ask('ListQueues', {})) as { QueueUrls: string[] };
  const QueueUrl = QueueUrls.find((url) => url.includes('FilesFailures'));
  return (await ask(operation, { QueueUrl, ...input })) as Output;
}

describe('a service that is killed', () => {
  let folder: string;
  let first: Started;
  let second: Started;
  let alice: Account;
  let room: string;
  let written: Written;
  /** How long each start took, milliseconds. */
  const took: number[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-durability-'));
    const port = await freePort();
    const flags = ['--data', folder, '--port', String(port)];
    const began = performance.now();
    first = await startService(UNLIMITED, flags);
    took.push(performance.now() - began);
    alice = await register(first, 'alice');
    room = await createRoom(alice);
    await queued(first, 'SendMessage', { MessageBody: 'left' });
    written = await writeUntilKilled();
    const knocking = setInterval(() => connect(port, '127.0.0.1').on('error', () => undefined), 50);
    const again = performance.now();
    second = await startService(UNLIMITED, flags).finally(() => clearInterval(knocking));
    took.push(performance.now() - again);
  });

  afterAll(async () => {
    await first?.close();
    await second?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function writeUntilKilled(): Promise<Written> {
    const acknowledged = new Map<string, Appended>();
    const unanswered: string[] = [];
    let killed: Promise<void> | undefined;
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const client = await alice.connect();
        for (let index = 0; ; index++) {
          const id = `w${writer}-${index}`;
          const data = await whileOpen(client, () => client.command('sendMessage', { id, room, text: id }));
          if (!data) return unanswered.push(id);
          acknowledged.set(id, data);
          if (acknowledged.size >= ENOUGH) killed ??= first.crash();
        }
      }),
    );
    await killed;
    return { acknowledged, unanswered };
  }

  /** The same user at the service that came back. */
  async function comeBack(): Promise<Client> {
    const body = { username: alice.user, password: alice.password };
    const login = await call(second, 'POST', '/api/auth/login', { body });
    return openClient(second, { token: bodyOf<{ accessToken: string }>(login, 200).accessToken });
  }

  it('goes on with what waited in a queue', async () => {
    const { Messages } = await queued<{ Messages?: { Body: string }[] }>(second, 'ReceiveMessage', {});
    expect(Messages?.map(({ Body }) => Body)).toEqual(['left']);
  });

  it('is ready as soon as before, though clients knock meanwhile', () => {
    const [before = 0, after = 0] = took;
    // Held up by whom it keeps waiting it would take a minute.
    expect(after).toBeLessThan(3 * before + 10_000);
  });

  it('P2 durable: comes back with all that it acknowledged, under the same numbers', async () => {
    expect(written.acknowledged.size).toBeGreaterThanOrEqual(ENOUGH);
    expect(written.unanswered).toHaveLength(WRITERS);
    const client = await comeBack();
    const log = await readLog(client, room);
    expect(log).toRunFrom(1);
    for (const [id, { seq, at }] of written.acknowledged) {
      expect(log[seq - 1]).toMatchObject({ seq, at, id, text: id, user: alice.user });
    }
  });

  it('P3 once: what was never answered can be sent again, and is there once', async () => {
    const client = await comeBack();
    for (const id of written.unanswered) await client.command('sendMessage', { id, room, text: id });
    for (const [id, { seq }] of written.acknowledged) {
      expect((await client.command('sendMessage', { id, room, text: id })).seq).toBe(seq);
    }
    const log = await readLog(client, room);
    expect(log).toRunFrom(1);
    const ids = log.flatMap((event) => event.id ?? []);
    expect(ids.sort()).toEqual([...written.acknowledged.keys(), ...written.unanswered].sort());
  });

  it('P4 delivered: delivers on, to those who connect again', async () => {
    const client = await comeBack();
    const { seq } = await client.command('sendMessage', { room, text: 'after the fall' });
    expect(await client.untilHeard(room, seq)).toMatchObject({ text: 'after the fall' });
  });
});
