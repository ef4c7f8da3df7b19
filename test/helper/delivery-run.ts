/**
 * One run of everything that decides who hears a room, under a seeded scheduler: a member that joins and leaves through handlers
 * that die, sockets that open and close meanwhile, the settler, and the fan-out in batches that come again. Then P4 and P6 are
 * checked on every post.
 */

import { unmarshall } from '@aws-sdk/util-dynamodb';
import { openConnection, removeConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { Committed } from '../../shared/data/events.ts';
import { APPENDED, toHead } from '../../shared/data/heads.ts';
import { chatKeys, HEAD } from '../../shared/data/keys.ts';
import { createTable, type Table } from '../../shared/data/table.ts';
import { createFanOut, type FanOut } from '../../shared/delivery/fan-out.ts';
import type { Outcome } from '../../shared/delivery/poster.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { EventsFrame } from '../../shared/protocol/frames.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { LET_IN, room, user } from './chat.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database } from './database.ts';
import { checkPosts, type Post, type Socket } from './delivery-checks.ts';
import { type Actor, createScheduler, type Scheduler } from './scheduler.ts';

/** Which part of the service an actor plays: a mutation may break one and leave the others. */
export type Part = 'move' | 'connect' | 'fan-out' | 'settler' | 'send';

/** What a mutation does to each call of a part before it is made. Made anew for each actor. */
export type Mutation = (part: Part, call: DynamoCall) => DynamoCall;

export interface DeliveryRunOptions {
  readonly database: Database;
  readonly seed: number;
  readonly mutate?: Mutation;
}

/** Long enough ago that a 410 is believed. */
const OLD_MS = 60_000;
const quietLog = createLogger({ level: 'error', write: () => {} });
let runs = 0;

interface Stage {
  readonly random: Random;
  readonly room: RoomId;
  readonly owner: UserId;
  readonly guest: UserId;
  readonly committed: Committed[];
  readonly sockets: Map<string, Socket>;
  readonly posts: Post[];
  /** A context for one actor of a part. */
  context(part: Part, actor?: Actor): ChatContext;
  start: Scheduler['start'];
}

/** @returns what was found wrong, and how many database calls and posts were made. */
export async function runDelivery(
  options: DeliveryRunOptions,
): Promise<{ violations: string[]; calls: number; posts: number }> {
  const { database, seed, mutate = (_, call) => call } = options;
  const random = randomOf(seed);
  const run = ++runs;
  const committed: Committed[] = [];
  const execute: DynamoCall = async (operation, input) => {
    const output = await database.call(operation, input);
    noteCommit(operation, output, committed);
    return output;
  };
  const scheduler = createScheduler({ random: inBursts(random), execute, death: 0.015, lostAnswer: 0.015 });
  const stage: Stage = {
    random,
    room: room(`delivery-${run}`),
    owner: user(`owner-${run}`),
    guest: user(`guest-${run}`),
    committed,
    sockets: new Map(),
    posts: [],
    context: (part, actor) => contextOf(mutate(part, actor?.call ?? execute), actor),
    start: scheduler.start,
  };
  await setUp(stage);
  startSender(stage);
  startMoves(stage);
  startConnects(stage);
  startSettler(stage);
  const fanOut = startFanOut(stage);
  const failures: string[] = [];
  let calls = 0;
  try {
    calls = await scheduler.run();
    await finish(stage, fanOut.done());
  } catch (error) {
    failures.push(`failed: ${error instanceof Error ? error.stack : error}`);
  }
  const violations = [...failures, ...checkPosts(committed, [...stage.sockets.values()], stage.posts)];
  return { violations, calls, posts: stage.posts.length };
}

/** Probability per step that a burst ends. */
const BURST_END = 0.1;

/**
 * Lets an actor make some calls in a row before another has its turn. What goes wrong only while one actor stands still for as
 * long as another takes for a whole leave and join would hardly ever be met by picking each call at random.
 */
function inBursts(random: Random): Random {
  let favourite: unknown;
  // The scheduler picks among parked calls, each with its owner; everything else is picked as ever.
  const ownerOf = (one: unknown) => (one as { readonly owner?: unknown } | undefined)?.owner;
  return {
    ...random,
    pick(of) {
      if (random.chance(BURST_END)) favourite = undefined;
      const again = favourite ? of.filter((one) => ownerOf(one) === favourite) : [];
      const chosen = random.pick(again.length > 0 ? again : of);
      favourite = ownerOf(chosen);
      return chosen;
    },
  };
}

/** Notes what a call committed, as the stream would. */
function noteCommit(
  operation: string,
  output: Readonly<Record<string, unknown>>,
  committed: Committed[],
): void {
  if (operation !== 'UpdateItem' || !output.Attributes) return;
  const item = unmarshall(output.Attributes as Parameters<typeof unmarshall>[0]);
  if (item.sk === HEAD && item.op === APPENDED) committed.push(toHead(item).last);
}

/** The room with its owner, who listens from the beginning; the guest is in it or not, and listens or not. */
async function setUp(stage: Stage): Promise<void> {
  const { random, committed, owner, guest } = stage;
  const ctx = stage.context('send');
  await createRoom(ctx, { user: owner, room: stage.room, name: 'run', kind: 'public' });
  // Creating a room puts its head: not an update.
  committed.unshift(toHead(await ctx.chat.get(chatKeys.head(stage.room))).last);
  if (random.chance(0.5)) await joinRoom(ctx, { room: stage.room, user: guest });
  await open(stage, ctx, owner, 'owner', OLD_MS);
  if (random.chance(0.5)) await open(stage, ctx, guest, 'before', OLD_MS);
}

async function open(stage: Stage, ctx: ChatContext, who: UserId, name: string, age: number): Promise<void> {
  const connection = `${stage.room}-${name}`;
  const socket: Socket = { connection, user: who, openAfter: undefined, closed: false };
  stage.sockets.set(connection, socket);
  await openConnection(
    ctx,
    { user: who, session: undefined, expiresAt: Date.now() + 900_000 },
    { connection, callback: 'https://api.example.com/dev', connectedAt: Date.now() - age },
    LET_IN,
  );
  socket.openAfter = stage.committed.length;
}

function startSender({ start, random, owner, ...stage }: Stage): void {
  const texts = Array.from({ length: random.between(3, 6) }, (_, index) => `text ${index}`);
  start(
    async (actor) => {
      const ctx = stage.context('send', actor);
      for (const text of texts) await sendMessage(ctx, { room: stage.room, user: owner, text });
    },
    { mortal: false },
  );
}

/** Two environments in which the guest joins and leaves; one that dies is replaced. */
function startMoves(stage: Stage): void {
  for (let environment = 0; environment < 2; environment++) {
    const jobs = Array.from({ length: stage.random.between(1, 3) }, () => stage.random.chance(0.5));
    const live = () =>
      stage.start(
        async (actor) => {
          const ctx = stage.context('move', actor);
          for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
            const author = { room: stage.room, user: stage.guest };
            // Joining twice, or leaving what one is not in, is refused and changes nothing.
            await (job ? joinRoom(ctx, author) : leaveRoom(ctx, author)).catch((error: unknown) => {
              if (!(error instanceof ParleyError)) throw error;
            });
          }
        },
        { mortal: true, died: live },
      );
    live();
  }
}

/** Sockets of the guest that open while all this goes on; some close again, with a `$disconnect` or without. */
function startConnects(stage: Stage): void {
  for (const name of ['first', 'second']) {
    const closes = stage.random.chance(0.3);
    const told = stage.random.chance(0.5);
    stage.start(
      async (actor) => {
        const ctx = stage.context('connect', actor);
        for (let pause = stage.random.between(0, 12); pause > 0; pause--) await actor.sleep();
        await open(stage, ctx, stage.guest, name, 0);
        if (!closes) return;
        for (let pause = stage.random.between(0, 12); pause > 0; pause--) await actor.sleep();
        const connection = `${stage.room}-${name}`;
        const socket = stage.sockets.get(connection);
        if (socket) socket.closed = true;
        if (told) await removeConnection(ctx, { connection });
      },
      { mortal: true },
    );
  }
}

function startSettler(stage: Stage): void {
  let done = 0;
  const live = () =>
    stage.start(
      async (actor) => {
        const ctx = stage.context('settler', actor);
        for (let turn = 0; turn < 6; turn++) {
          const from = Math.max(0, done - stage.random.between(0, 2));
          const batch = stage.committed.slice(from, from + stage.random.between(1, 5));
          if (batch.length > 0) {
            await settle(ctx, stage.room, batch, stage.random.between(1, 4));
            done = Math.max(done, from + batch.length);
          } else await actor.sleep();
        }
      },
      { mortal: true, died: live },
    );
  live();
}

/** The fan-out follows the log in batches; one that dies is replaced, and its batch comes again. */
function startFanOut(stage: Stage): { done(): number } {
  let done = 0;
  const live = () =>
    stage.start(
      async (actor) => {
        const fanOut = fanOutOf(stage, stage.context('fan-out', actor), actor);
        for (let idle = 0; idle < 25; ) {
          const batch = stage.committed.slice(done, done + stage.random.between(1, 4));
          if (batch.length > 0) {
            const end = done + batch.length;
            await fanOut(stage.room, batch);
            done = Math.max(done, end);
          } else {
            idle++;
            await actor.sleep();
          }
        }
      },
      { mortal: true, died: live },
    );
  live();
  return { done: () => done };
}

function fanOutOf(stage: Stage, context: ChatContext, actor?: Actor): FanOut {
  const turn = async () => actor?.sleep();
  const pass = <T>(task: () => Promise<T>) => task();
  return createFanOut(
    {
      context,
      logger: quietLog,
      poster: {
        async post({ connection }, { bytes }): Promise<Outcome> {
          await turn();
          const socket = stage.sockets.get(connection);
          if (socket?.openAfter === undefined || socket.closed) return 'gone';
          const frame = JSON.parse(Buffer.from(bytes).toString()) as EventsFrame;
          for (const { seq } of frame.events) stage.posts.push({ connection, seq });
          return 'done';
        },
        close: async () => 'done',
      },
      lane: pass,
      cleanUp: pass,
      now: Date.now,
      sleep: turn,
      random: stage.random.next,
    },
    () => Promise.reject(new Error('no room of a run has more than one shard')),
  );
}

/** Delivers the rest in peace, and one message more: whoever is in the room by then has to hear it. */
async function finish(stage: Stage, done: number): Promise<void> {
  const ctx = stage.context('fan-out');
  const fanOut = fanOutOf(stage, ctx);
  await fanOut(stage.room, stage.committed.slice(done));
  const before = stage.committed.length;
  await sendMessage(stage.context('send'), { room: stage.room, user: stage.owner, text: 'last' });
  await fanOut(stage.room, stage.committed.slice(before));
}

function contextOf(call: DynamoCall, actor?: Actor): ChatContext {
  const now = Date.now;
  const table = (name: string): Table => createTable({ name, call, now });
  const run = runs;
  return {
    chat: table(CHAT_TABLE_NAME),
    connections: table(CONNECTIONS_TABLE_NAME),
    now,
    newId: () => `id-${run}-${++ids}`,
    ...(actor ? { sleep: actor.sleep } : {}),
  };
}
let ids = 0;
