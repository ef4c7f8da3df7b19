/**
 * One run of everything that decides who is seen online, under a seeded scheduler with a clock of its own: people whose connections
 * open and close, with a `$disconnect` or without, in handlers that die; who join and leave rooms meanwhile; the follower of the
 * stream and the reader of the queue, that die, come late and come again. When all is quiet, what each open connection was told
 * must be what is true.
 */
import { openConnection, removeConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { readPresence } from '../../shared/chat/presence.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { Outcome } from '../../shared/delivery/poster.ts';
import type { PresenceMessage } from '../../shared/delivery/presence-messages.ts';
import { type ConnectionRecord, readConnectionRecords } from '../../shared/delivery/presence-records.ts';
import { tellCount, tellShard } from '../../shared/delivery/tell-count.ts';
import { followUser, lookAndTell, type PresenceEnvironment } from '../../shared/delivery/tell-presence.ts';
import { createLogger } from '../../shared/observability/log.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { contextThrough, LET_IN, room, user } from './chat.ts';
import { CONNECTIONS_TABLE_NAME, type Database } from './database.ts';
import { HeldPresence } from './presence-held.ts';
import { falseViews, type Watcher } from './presence-truth.ts';
import { type Actor, createScheduler } from './scheduler.ts';
import { recordingCall } from './stream-of.ts';
import { timeLimited } from './time-limited.ts';
import type { PresenceFrame } from './wire.ts';

/** What a mutation does to each call before it is made. */
export type PresenceMutation = (call: DynamoCall) => DynamoCall;

const PEOPLE = 3;
const ROOMS = 2;
const GRACE_MS = 5_000;
/** What each call takes on the run's clock: a handler that stands still for its whole time-out is met, and so is a grace that ends. */
const CALL_MS = 100;
/** As infra/presence.ts has it: whoever takes longer is killed. */
const TIMEOUT_MS = 15_000;
const quiet = createLogger({ level: 'error', write: () => {} });
let runs = 0;

interface Waiting {
  readonly message: PresenceMessage;
  readonly due: number;
  taken: boolean;
}

export async function runPresence(options: {
  readonly database: Database;
  readonly seed: number;
  readonly mutate?: PresenceMutation;
}): Promise<{ readonly violations: string[]; readonly calls: number; readonly posts: number }> {
  const { database, seed, mutate = (call) => call } = options;
  const run = ++runs;
  const random = randomOf(seed);
  let clock = Date.now();
  const now = () => clock;
  const records: ConnectionRecord[] = [];
  const queue = new Set<Waiting>();
  const sockets = new Set<Watcher>();
  let posts = 0;
  let moving = 0;
  let invoked = 0;

  const recording = recordingCall(mutate(database.call), CONNECTIONS_TABLE_NAME, (record) =>
    records.push(record),
  );
  const execute: DynamoCall = (operation, input) => {
    clock += CALL_MS;
    return recording(operation, input);
  };
  const scheduler = createScheduler({ random, execute, death: 0.01, lostAnswer: 0.01 });
  const people = Array.from({ length: PEOPLE }, (_, index) => user(`person-${run}-${index}`));
  const rooms = Array.from({ length: ROOMS }, (_, index) => room(`presence-${run}-${index}`));

  const contextOf = (call: DynamoCall) => contextThrough(call, now);

  function environmentOf(actor: Actor): PresenceEnvironment {
    const pass = <T>(task: () => Promise<T>) => task();
    return {
      context: contextOf(actor.call),
      logger: quiet,
      poster: {
        async post({ connection }, { bytes }): Promise<Outcome> {
          await actor.sleep();
          const socket = [...sockets].find((one) => one.connection === connection);
          if (!socket?.open) return 'gone';
          posts++;
          socket.held.hear(JSON.parse(Buffer.from(bytes).toString()) as PresenceFrame);
          return 'done';
        },
        close: async () => 'done',
      },
      lane: pass,
      cleanUp: pass,
      tables: pass,
      now,
      sleep: () => actor.sleep(),
      random: random.next,
      graceMs: GRACE_MS,
      async sendLater(message, afterMs = 0) {
        await actor.sleep();
        queue.add({ message, due: clock + afterMs, taken: false });
      },
    };
  }

  /** An invocation: killed when its time is over, as Lambda does; what it was at comes again. */
  function invoke(work: (environment: PresenceEnvironment) => Promise<void>, again: () => void): void {
    invoked++;
    const failed = (): void => {
      invoked--;
      again();
    };
    scheduler.start(
      async (actor) => {
        const timed = timeLimited(actor, { now, limitMs: TIMEOUT_MS, over: failed });
        try {
          await work(environmentOf(timed));
          invoked--;
        } catch (error) {
          // A batch that failed comes again.
          if (String(error).includes('ValidationException')) throw error;
          failed();
        }
      },
      { mortal: true, died: failed },
    );
  }

  function follow(batch: readonly ConnectionRecord[]): void {
    const { news, unreadable } = readConnectionRecords(batch);
    if (unreadable.length > 0) throw new Error('a record was not read');
    for (const one of news)
      invoke(
        (environment) => followUser(environment, one),
        () => follow(batch),
      );
  }

  function take(waiting: Waiting): void {
    waiting.taken = true;
    const { message } = waiting;
    invoke(
      async (environment) => {
        if (message.kind === 'count') await tellCount(environment, message.room);
        else if (message.kind === 'count-shard') await tellShard(environment, message);
        else await lookAndTell(environment, { ...message, retell: message.retell ?? false, news: false });
        queue.delete(waiting);
      },
      () => {
        waiting.taken = false;
      },
    );
  }

  /** Lambda and SQS: hand out what is there, in batches, now and then one twice. Until everyone has come to rest. */
  async function poll(actor: Actor): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const batch = records.splice(0, random.between(1, 6));
      if (batch.length > 0) {
        follow(batch);
        if (random.chance(0.05)) follow(batch);
      }
      for (const waiting of queue) if (!waiting.taken && waiting.due <= clock) take(waiting);
      idle = moving + invoked + batch.length + queue.size === 0 ? idle + 1 : 0;
      clock += CALL_MS;
      for (let turns = random.between(1, 4); turns > 0; turns--) await actor.sleep();
    }
  }

  async function ask(ctx: ChatContext, socket: Watcher, id: RoomId): Promise<void> {
    const answered = socket.held.asking(id);
    await readPresence(ctx, { user: socket.user, room: id }).then(answered, () => socket.held.drop(id));
  }

  async function openSocket(ctx: ChatContext, who: UserId, member: ReadonlySet<RoomId>): Promise<Watcher> {
    const connection = `c-${run}-${++ids}`;
    const held = new HeldPresence(() => {});
    const socket: Watcher = { connection, user: who, connectedAt: clock, held, open: false };
    sockets.add(socket);
    await openConnection(
      ctx,
      { user: who, session: undefined, expiresAt: clock + 900_000 },
      {
        connection: socket.connection,
        callback: 'https://api.example.com/dev',
        connectedAt: socket.connectedAt,
      },
      LET_IN,
    );
    socket.open = true;
    // A client whose question was not answered asks again: none of these dies.
    scheduler.start(
      async (actor) => {
        for (const id of member) await ask(contextOf(actor.call), socket, id);
      },
      { mortal: false },
    );
    return socket;
  }

  const memberships = new Map(people.map((one) => [one, new Set<RoomId>()]));
  const setUp = contextOf(database.call);
  const [owner = user('nobody'), ...others] = people;
  for (const id of rooms) {
    await createRoom(setUp, { user: owner, room: id, name: 'run', kind: 'public' });
    memberships.get(owner)?.add(id);
    for (const other of others) {
      if (!random.chance(0.7)) continue;
      await joinRoom(setUp, { room: id, user: other });
      memberships.get(other)?.add(id);
    }
  }

  /** Tabs of one person: each opens, stays a while, and closes in one of the ways that connections end. */
  function startTabs(who: UserId, mine: ReadonlySet<RoomId>, choices: Random): void {
    for (let tab = 0; tab < 2; tab++) {
      const visits = choices.between(1, 3);
      const visit = (left: number): void => {
        if (left === 0) return;
        moving++;
        scheduler.start(
          async (actor) => {
            const ctx = contextOf(actor.call);
            for (let pause = choices.between(0, 60); pause > 0; pause--) await actor.sleep();
            const socket = await openSocket(ctx, who, mine);
            for (let pause = choices.between(0, 80); pause > 0; pause--) await actor.sleep();
            if (left > 1 || choices.chance(0.5)) {
              socket.open = false;
              if (choices.chance(0.8)) await removeConnection(ctx, socket);
            }
            visit(left - 1);
            moving--;
          },
          {
            mortal: true,
            died: () => {
              moving--;
              visit(left - 1);
            },
          },
        );
      };
      visit(visits);
    }
  }

  function startMoves(who: UserId, mine: Set<RoomId>, choices: Random): void {
    moving++;
    scheduler.start(
      async (actor) => {
        const ctx = contextOf(actor.call);
        for (let move = choices.between(0, 3); move > 0; move--) {
          for (let pause = choices.between(0, 60); pause > 0; pause--) await actor.sleep();
          const [id = room('none')] = rooms;
          if (mine.has(id)) {
            await leaveRoom(ctx, { room: id, user: who });
            mine.delete(id);
            for (const socket of sockets)
              socket.user === who ? socket.held.drop(id) : socket.held.note(id, who, false);
          } else {
            await joinRoom(ctx, { room: id, user: who });
            mine.add(id);
            for (const socket of sockets) if (socket.user === who && socket.open) await ask(ctx, socket, id);
          }
        }
        moving--;
      },
      { mortal: false },
    );
  }

  people.forEach((who, index) => {
    const mine = memberships.get(who) ?? new Set();
    const choices = random.fork(`person ${index}`);
    startTabs(who, mine, choices);
    // The owner can't leave.
    if (index > 0) startMoves(who, mine, choices);
  });
  scheduler.start(poll, { mortal: false });

  const violations: string[] = [];
  let calls = 0;
  try {
    calls = await scheduler.run();
    // The end of each token, or of time to live: no connection that is closed stays for ever.
    const last = contextOf(execute);
    for (const socket of sockets) if (!socket.open) await removeConnection(last, socket);
    scheduler.start(poll, { mortal: false });
    calls += await scheduler.run();
  } catch (error) {
    violations.push(`failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
  violations.push(...falseViews(sockets, memberships));
  return { violations, calls, posts };
}
let ids = 0;
