/**
 * `npm run bench:search`: how long a search takes over HTTP on the local engine, in a room of 10,000 messages and in one of 100,000, side
 * by side in the same run: whether it grows with the room is a ratio, whatever else the machine does. `--data DIR` keeps the rooms, which
 * take longer to fill than to search.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createAwsSend } from '../shared/aws/client.ts';
import type { ChatContext } from '../shared/chat/context.ts';
import { createDynamoCall } from '../shared/data/dynamodb.ts';
import { getHead } from '../shared/data/heads.ts';
import { createTable } from '../shared/data/table.ts';
import { RoomId, UserId } from '../shared/protocol/ids.ts';
import { fillRoom, type Said } from '../test/helper/filled-room.ts';
import { randomOf } from '../test/simulation/random.ts';
import { startChild } from './servers/child.ts';
import { Samples } from './statistics.ts';
import { count, ms, table } from './table.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** A day of a real conversation, of whose messages the rooms are made. */
const CONVERSATION = join(ROOT, 'test/fixtures/irc/2004-12-25.jsonl');
/** The rules: what 95 of 100 searches in the largest room take at most, ms; and how many times as long as in the smallest. */
const MAX_P95 = 50;
const MAX_RATIO = 2;
/** Far more calls than are made here. */
const NO_LIMIT = 1_000_000;
const PASSWORD = 'bench-password-of-no-value';
const OWNER = UserId.parse('owner');
const READER = UserId.parse('reader');

const Ready = z.object({ http: z.string(), aws: z.string() });
const Line = z.object({ kind: z.string(), text: z.optional(z.string()) });
const Page = z.object({ items: z.array(z.unknown()), cursor: z.optional(z.string()) });

type Asked = Readonly<Record<string, string>>;
const one = (list: readonly string[], n: number): string => list[n % list.length] ?? '';

/** What is asked for, by kind, the `n`th time in a room of so many messages. */
const KINDS: Readonly<Record<string, (n: number, messages: number) => Asked>> = {
  'a rare word': (n, messages) => ({ q: `ticket${(n * 7_919) % messages}x` }),
  'a word that is nowhere': (n) => ({ q: `nowhere${n}` }),
  'a common word': (n) => ({ q: one(['ubuntu', 'install', 'linux', 'windows', 'sudo'], n) }),
  'common words': (n) => ({
    q: one(['ubuntu install', 'how install', 'windows linux', 'can install ubuntu'], n),
  }),
  'a common and a rare word': (n, messages) => ({ q: `ubuntu ticket${(n * 104_729) % messages}x` }),
  'an unfinished word': (n) => ({ q: one(['ub', 'ins', 'pack', 'w', 'kern', 'th', 'ticket1'], n) }),
  'a common and an unfinished word': (n) => ({
    q: one(['ubuntu ins', 'linux ker', 'how pack', 'need dr'], n),
  }),
  'a common word by one of many people': (n) => ({
    q: one(['ubuntu', 'install'], n),
    from: personOf(n * 31),
  }),
  'words that never meet': (n) => ({ q: one(['evenly oddly', 'oddly evenly'], n) }),
};

/** People of a room, of whom each says as much. */
const PEOPLE = 500;
const personOf = (n: number): UserId => UserId.parse(`person-${n % PEOPLE}`);

/** Messages of the conversation over and over, each with a word of its own and one that every other one has. */
function saidIn(texts: readonly string[], messages: number): Said[] {
  return Array.from({ length: messages }, (_, n) => ({
    user: personOf(n),
    text: `${texts[(n * 7) % texts.length]} ticket${n}x ${n % 2 === 0 ? 'evenly' : 'oddly'}`,
  }));
}

async function conversation(): Promise<string[]> {
  const lines = (await readFile(CONVERSATION, 'utf8')).trim().split('\n');
  return lines
    .map((line) => Line.parse(JSON.parse(line)))
    .flatMap(({ kind, text }) => (kind === 'message' && text ? [text] : []));
}

/** The service's own tables, as its functions use them. */
async function contextAt(aws: string): Promise<ChatContext> {
  const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };
  const call = createDynamoCall({ send: createAwsSend(environment), origin: aws });
  const { TableNames } = z.object({ TableNames: z.array(z.string()) }).parse(await call('ListTables', {}));
  const named = (part: string) =>
    createTable({ name: TableNames.find((name) => name.includes(part)) ?? part, call, now: Date.now });
  return {
    chat: named('Chat'),
    connections: named('Connections'),
    search: named('Search'),
    now: Date.now,
    newId: () => crypto.randomUUID(),
  };
}

/** Registers the reader, or logs it in where it was kept. */
async function enter(http: string): Promise<string> {
  const body = JSON.stringify({ username: READER, password: PASSWORD });
  const ask = (call: string) =>
    fetch(`${http}/api/auth/${call}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const registered = await ask('register');
  const response = registered.status === 409 ? await ask('login') : registered;
  return z.object({ accessToken: z.string() }).parse(await response.json()).accessToken;
}

interface Asking {
  readonly kind: string;
  readonly messages: number;
  readonly query: Asked;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '10000,100000' },
      times: { type: 'string', default: '30' },
      data: { type: 'string' },
    },
  });
  const sizes = values.sizes.split(',').map(Number);
  const child = await startChild(
    'npm',
    [
      ...['start', '--silent', '--', '--port', '0', '--json', '--no-demo', '--log', 'error'],
      ...['-c', 'website=false'],
      ...(values.data === undefined ? [] : ['--data', values.data]),
      ...['-c', `commandsPerMinute=${NO_LIMIT}`, '-c', `commandBurst=${NO_LIMIT}`],
    ],
    ROOT,
  );
  try {
    const { http, aws } = Ready.parse(child.ready);
    const ctx = await contextAt(aws);
    const token = await enter(http);
    const texts = await conversation();
    for (const messages of sizes) {
      if (await getHead(ctx.chat, roomOf(messages))) continue;
      const from = performance.now();
      await fillRoom(ctx, roomOf(messages), { owner: OWNER, member: READER, said: saidIn(texts, messages) });
      console.error(
        `${count(messages)} messages written in ${((performance.now() - from) / 1_000).toFixed(0)} s`,
      );
    }
    const askings = sizes.flatMap((messages) =>
      Object.entries(KINDS).flatMap(([kind, make]) =>
        Array.from(
          { length: Number(values.times) },
          (_, n): Asking => ({ kind, messages, query: make(n, messages) }),
        ),
      ),
    );
    // In any order, so that whatever else the machine does hits all alike; the first ones warm the function up.
    const random = randomOf(1);
    const shuffled = askings
      .map((asking) => ({ asking, at: random.between(0, 1_000_000) }))
      .sort((a, b) => a.at - b.at);
    for (const { asking } of shuffled.slice(0, 50)) await measure(http, token, asking);
    const samples = new Map<string, Samples>();
    let found = 0;
    for (const { asking } of shuffled) {
      const { took, items } = await measure(http, token, asking);
      found += items;
      for (const kind of [asking.kind, 'all']) {
        const key = `${kind} ${asking.messages}`;
        samples.set(key, samples.get(key) ?? new Samples());
        samples.get(key)?.add(took);
      }
    }
    return report(sizes, samples, found);
  } finally {
    await child.stop();
  }
}

const roomOf = (messages: number): RoomId => RoomId.parse(`room-${messages}`);

async function measure(http: string, token: string, { messages, query }: Asking) {
  const search = new URLSearchParams({ ...query, room: roomOf(messages) });
  const from = performance.now();
  const response = await fetch(`${http}/api/search?${search}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const answer: unknown = await response.json();
  const took = performance.now() - from;
  if (!response.ok) throw new Error(`unable to search for ${query.q}; ${JSON.stringify(answer)}`);
  return { took, items: Page.parse(answer).items.length };
}

function report(sizes: readonly number[], samples: ReadonlyMap<string, Samples>, found: number): boolean {
  const [smallest = 0, largest = 0] = [Math.min(...sizes), Math.max(...sizes)];
  const p95 = (kind: string, messages: number) => samples.get(`${kind} ${messages}`)?.summary().p95 ?? 0;
  const rows = [...Object.keys(KINDS), 'all'].flatMap((kind) =>
    sizes.map((messages) => {
      const { p50, p95, max } = samples.get(`${kind} ${messages}`)?.summary() ?? { p50: 0, p95: 0, max: 0 };
      return [kind, count(messages), ms(p50), ms(p95), ms(max)];
    }),
  );
  console.log(table(['search for', 'messages', 'p50 ms', 'p95', 'max'], rows));
  const ratio = p95('all', largest) / p95('all', smallest);
  const kept = p95('all', largest) <= MAX_P95 && ratio <= MAX_RATIO && found > 0;
  console.log(
    `in ${count(largest)} messages 95 of 100 take ${ms(p95('all', largest))} ms at most, ${MAX_P95} by the rule; ` +
      `${ratio.toFixed(2)} times as long as in ${count(smallest)}, ${MAX_RATIO} by the rule: ${kept ? 'kept' : 'MISSED'}`,
  );
  return kept;
}

process.exitCode = (await main()) ? 0 : 1;
