/**
 * `npm run bench:calls`: DynamoDB calls, and how many of them wait for one another, for each message of a warm send handler;
 * and the size of every function's bundle. Counted on the wire: the built bundle talks to the database through a proxy.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { build } from '../scripts/build.ts';
import { openConnection } from '../shared/chat/connections.ts';
import { createRoom } from '../shared/chat/rooms.ts';
import { ENV } from '../shared/environment.ts';
import { RoomId, UserId } from '../shared/protocol/ids.ts';
import { roundsOf, startCountingProxy } from './counting-proxy.ts';
import { CHAT_TABLE, CONNECTIONS_TABLE, openDatabase } from './database.ts';
import { contextOf, followAndSettle } from './head-append.ts';
import { table } from './table.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** How long the proxy holds an answer back, ms: long beside what a handler does between two calls. */
const HOLD = 15;
/** Messages that warm the handler up, and then those that count: enough for `settled` to move a few times. */
const WARM_UP = 3;
const MESSAGES = 100;
/** Pause between messages, ms: the settler follows, as it does in a quiet room. */
const PAUSE = 20;
/** The rules: the most calls and rounds of a message, and the most bytes of a bundle. */
const MAX_CALLS = 4;
const MAX_ROUNDS = 3;
const MAX_BUNDLE = 400 * 1024;
/** Share of the messages that must keep them; the others met a `settled` that had just moved. */
const USUAL = 0.9;

const ROOM = RoomId.parse('bench');
const USER = UserId.parse('writer');
const CONNECTION = 'L0SM9cOFvHcCIhw=';

interface Counted {
  readonly operations: string;
  readonly calls: number;
  readonly rounds: number;
}

type Handler = (event: object) => Promise<{ readonly statusCode: number; readonly body?: string }>;

async function countMessages(withId: boolean): Promise<Counted[]> {
  const database = await openDatabase();
  const proxy = await startCountingProxy(database.endpoint, HOLD);
  try {
    const context = contextOf(database.open());
    followAndSettle(database);
    await createRoom(context, { user: USER, room: ROOM, name: ROOM, kind: 'public' });
    await openConnection(
      context,
      { user: USER, session: undefined, expiresAt: Date.now() + 900_000 },
      { connection: CONNECTION, callback: 'http://127.0.0.1:9', connectedAt: Date.now() },
      { connectionsPerUser: 0, lookLater: async () => {} },
    );
    const handler = loadHandler({ ...database.environment, AWS_ENDPOINT_URL: proxy.url });
    const counted: Counted[] = [];
    for (let n = 0; n < WARM_UP + MESSAGES; n++) {
      await send(handler, n, withId);
      const calls = proxy.take();
      const operations = calls.map(({ operation }) => operation).join(' ');
      if (n >= WARM_UP) counted.push({ operations, calls: calls.length, rounds: roundsOf(calls) });
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    return counted;
  } finally {
    await proxy.close();
    await database.close();
  }
}

/** The built bundle as a new execution environment loads it. */
function loadHandler(environment: Readonly<Record<string, string>>): Handler {
  Object.assign(process.env, environment, {
    [ENV.chatTable]: CHAT_TABLE,
    [ENV.connectionsTable]: CONNECTIONS_TABLE,
    [ENV.commandsPerMinute]: '1000000',
    [ENV.commandBurst]: '1000000',
  });
  const file = join(ROOT, 'dist', 'functions', 'websocket', 'send-message', 'index.js');
  const require = createRequire(import.meta.url);
  delete require.cache[file];
  const { handler } = require(file) as { handler: Handler };
  return handler;
}

async function send(handler: Handler, n: number, withId: boolean): Promise<void> {
  const answer = await handler({
    body: JSON.stringify({
      action: 'sendMessage',
      ...(withId ? { id: `m${n}` } : {}),
      room: ROOM,
      text: 'the quick brown fox jumps over the lazy dog',
    }),
    isBase64Encoded: false,
    requestContext: {
      connectionId: CONNECTION,
      requestId: randomUUID(),
      routeKey: 'sendMessage',
      domainName: '127.0.0.1',
      stage: 'bench',
    },
  });
  if (!answer.body?.includes('"seq"')) throw new Error(`unable to send; ${answer.body}`);
}

/** One row for each sequence of calls that messages were seen to make, the usual one first. */
function rowsOf(title: string, counted: readonly Counted[]): string[][] {
  const groups = new Map<string, Counted[]>();
  for (const one of counted) {
    const key = `${one.calls} ${one.rounds} ${one.operations}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((group) => [
      title,
      String(group.length),
      String(group[0]?.calls),
      String(group[0]?.rounds),
      group[0]?.operations ?? '',
    ]);
}

function isWithin({ calls, rounds }: Counted): boolean {
  return calls <= MAX_CALLS && rounds <= MAX_ROUNDS;
}

function withinShare(counted: readonly Counted[]): number {
  return counted.filter(isWithin).length / counted.length;
}

function verdict(title: string, counted: readonly Counted[]): string {
  const within = counted.filter(isWithin).length;
  const mean = (of: (one: Counted) => number): string =>
    (counted.reduce((sum, one) => sum + of(one), 0) / counted.length).toFixed(2);
  return (
    `${title}: ${within} of ${counted.length} messages within ${MAX_CALLS} calls in ${MAX_ROUNDS} rounds; ` +
    `on average ${mean((one) => one.calls)} calls in ${mean((one) => one.rounds)} rounds`
  );
}

/** Whether the fan-out's bundle is free of the SDK's API Gateway client, by esbuild's account of what went into it. */
async function fanOutLine(): Promise<string> {
  const metafile: Metafile = JSON.parse(await readFile(join(ROOT, 'dist/functions/meta.json'), 'utf8'));
  const inputs = Object.keys(metafile.outputs['dist/functions/streams/fan-out/index.js']?.inputs ?? {});
  const found = inputs.filter((path) => path.includes('client-apigatewaymanagementapi'));
  const free = inputs.length > 0 && found.length === 0;
  return `the fan-out loads without the SDK's API Gateway client: ${free ? 'kept' : 'MISSED'}`;
}

async function main(): Promise<boolean> {
  const { sizes } = await build(ROOT);
  const withId = await countMessages(true);
  const withoutId = await countMessages(false);
  console.log(
    table(
      ['a warm send', 'messages', 'calls', 'rounds', 'what'],
      [...rowsOf('with an id', withId), ...rowsOf('without', withoutId)],
    ),
  );
  console.log(verdict('with an id', withId));
  console.log(verdict('without', withoutId));
  console.log();
  console.log(
    table(
      ['bundle', 'KB', ''],
      Object.entries(sizes).map(([name, bytes]) => [
        name,
        (bytes / 1024).toFixed(1),
        bytes <= MAX_BUNDLE ? 'kept' : 'MISSED',
      ]),
    ),
  );
  const fanOut = await fanOutLine();
  console.log(fanOut);
  const usual = [withId, withoutId].every((counted) => withinShare(counted) >= USUAL);
  return usual && Object.values(sizes).every((bytes) => bytes <= MAX_BUNDLE) && fanOut.endsWith('kept');
}

process.exitCode = (await main()) ? 0 : 1;
