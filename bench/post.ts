/** `npm run bench:post`: processor time of one PostToConnection, ours beside the SDK's client, in one run. */
import { resolve } from 'node:path';
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { z } from 'zod';
import { createPayload, createPoster } from '../shared/delivery/poster.ts';
import { buildPeer } from './peers/build.ts';
import { startChild } from './servers/child.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const ROOT = resolve(import.meta.dirname, '..');
const Ready = z.object({ url: z.string() });

/** Posts of one round: a second or so of the slower client. */
const POSTS = 3_000;
/** Rounds of each client, taking turns, so that what else the machine does meets both. */
const ROUNDS = 7;
/** Posts under way at once, as in a fan-out to a room. */
const CONCURRENCY = 32;
/** The most that ours may take of the SDK's processor time. */
const TARGET = 0.25;

const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const REGION = 'us-east-1';

/** A frame of one event, as a chat sends it. */
const FRAME = JSON.stringify({
  type: 'events',
  room: 'general',
  events: [
    {
      seq: 17,
      type: 'message.created',
      user: 'alice',
      at: '2026-11-20T10:00:00.000Z',
      id: 'm1',
      n: 12,
      text: 'the quick brown fox jumps over the lazy dog',
    },
  ],
});

type Post = (connection: string) => Promise<unknown>;

interface Round {
  /** Processor time of one post, microseconds. */
  readonly cpu: number;
  /** Posts a second. */
  readonly rate: number;
}

async function round(post: Post, posts: number): Promise<Round> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < posts; n = next++) await post(`L0SM9cOFvHcCIh${n % 500}=`);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / posts, rate: (posts * 1000) / (performance.now() - began) };
}

function sdk(endpoint: string): Post {
  const client = new ApiGatewayManagementApiClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const data = Buffer.from(FRAME);
  return (connection) => client.send(new PostToConnectionCommand({ ConnectionId: connection, Data: data }));
}

/** One frame goes to a room of fifty: its hash is made once for all of them, as the fan-out does. */
const ROOM = 50;

function ours(endpoint: string): Post {
  const poster = createPoster({
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_REGION: REGION,
  });
  let payload = createPayload(FRAME);
  let posts = 0;
  return async (connection) => {
    if (posts++ % ROOM === 0) payload = createPayload(FRAME);
    const outcome = await poster.post({ connection, callback: endpoint }, payload);
    if (outcome !== 'done') throw new Error(`unable to post; ${outcome}`);
  };
}

async function main(): Promise<void> {
  const server = await startChild(process.execPath, [await buildPeer('loopback', ROOT)], ROOT);
  try {
    const { url } = Ready.parse(server.ready);
    const clients = { ours: ours(url), sdk: sdk(url) };
    const rounds: Record<keyof typeof clients, Round[]> = { ours: [], sdk: [] };
    for (const post of Object.values(clients)) await round(post, POSTS);
    for (let i = 0; i < ROUNDS; i++) {
      for (const name of ['sdk', 'ours'] as const) rounds[name].push(await round(clients[name], POSTS));
    }
    const cpu = (name: keyof typeof clients) => median(rounds[name].map((one) => one.cpu));
    const rate = (name: keyof typeof clients) => median(rounds[name].map((one) => one.rate));
    const row = (title: string, name: keyof typeof clients) => [
      title,
      cpu(name).toFixed(0),
      Math.min(...rounds[name].map((one) => one.cpu)).toFixed(0),
      rate(name).toFixed(0),
    ];
    console.log(
      table(
        ['client', 'CPU µs/post', 'least', 'posts/s'],
        [row('ours (shared/delivery)', 'ours'), row('@aws-sdk/client-apigatewaymanagementapi', 'sdk')],
      ),
    );
    const ratio = median(rounds.ours.map((one, i) => one.cpu / (rounds.sdk[i]?.cpu ?? Number.NaN)));
    process.exitCode = ratio <= TARGET ? 0 : 1;
    const verdict = ratio <= TARGET ? 'kept' : 'MISSED';
    console.log(
      `ours takes ${(ratio * 100).toFixed(0)} % of the SDK's, at most ${TARGET * 100} %: ${verdict}`,
    );
  } finally {
    await server.stop();
  }
}

await main();
