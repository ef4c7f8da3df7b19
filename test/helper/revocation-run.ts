/**
 * One run of everything that decides which sockets live on when a session ends, under a seeded scheduler: connections that open and
 * go over to another session, logouts by handlers that die, the settler, and the queue that has connections looked at again. Then
 * P9 is checked on every socket.
 */
import { lookAtConnection, type WatchContext, watchUnclosed } from '../../shared/chat/connection-watch.ts';
import { authenticateConnection, openConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { closeConnections, type SocketEnd } from '../../shared/chat/revocation.ts';
import { createRoom } from '../../shared/chat/rooms.ts';
import { getConnection, listUserConnections } from '../../shared/data/connections.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { SESSION_PREFIX } from '../../shared/data/keys.ts';
import { deleteSession, isSessionAlive, putSession } from '../../shared/data/sessions.ts';
import { listSubscriptions } from '../../shared/data/subscriptions.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { room, user } from './chat.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database } from './database.ts';
import { type Actor, createScheduler, type Scheduler } from './scheduler.ts';

/** Which part of the service an actor plays: a mutation may break one and leave the others. */
export type RevokingPart = 'connect' | 'logout' | 'settler' | 'queue';

export interface RevocationMutation {
  /** What is done to each call of a part before it is made. Made anew for each actor. */
  readonly call?: (part: RevokingPart, call: DynamoCall) => DynamoCall;
  /** Parts that are not there at all. */
  readonly without?: readonly RevokingPart[];
}

export interface RevocationRunOptions {
  readonly database: Database;
  readonly seed: number;
  readonly mutation?: RevocationMutation;
}

const SESSIONS = ['s1', 's2'] as const;
const CONNECTIONS = 3;
const TOKEN_LIFE_MS = 900_000;
/** What one step of the scheduler takes, and for how long API Gateway waits for `$connect`, milliseconds. */
const STEP_MS = 50;
const CONNECT_LIMIT_MS = 29_000;
let runs = 0;

/** As API Gateway knows it. While it is opening, `@connections` answers 410. */
interface Socket {
  state: 'opening' | 'open' | 'closed' | 'refused';
  readonly connection: string;
}

interface Stage {
  readonly random: Random;
  readonly alice: UserId;
  readonly room: RoomId;
  readonly sockets: Map<string, Socket>;
  readonly start: Scheduler['start'];
  readonly without: ReadonlySet<RevokingPart>;
  now(): number;
  /** What an actor of a part works with. */
  context(part: RevokingPart, actor: Actor): ChatContext & WatchContext & Pick<Actor, 'sleep'>;
}

/** @returns what was found wrong, and how many database calls were made. */
export async function runRevocation(
  options: RevocationRunOptions,
): Promise<{ violations: string[]; calls: number; closed: number }> {
  const { database, seed, mutation = {} } = options;
  const random = randomOf(seed);
  const run = ++runs;
  let clock = 1_800_000_000_000;
  const execute: DynamoCall = async (operation, input) => {
    clock += STEP_MS;
    const output = await database.call(operation, input);
    if (operation === 'DeleteItem') startSettler(stage, input);
    return output;
  };
  const scheduler = createScheduler({ random, execute, death: 0.02, lostAnswer: 0.02 });
  const stage: Stage = {
    random,
    alice: user(`revoked-${run}`),
    room: room(`revoked-${run}`),
    sockets: new Map(),
    start: scheduler.start,
    without: new Set(mutation.without),
    now: () => clock,
    context(part, alive) {
      const sleep = async () => {
        clock += STEP_MS;
        await alive.sleep();
      };
      const actor = { ...alive, sleep };
      const call = mutation.call?.(part, actor.call) ?? actor.call;
      return {
        chat: createTable({ name: CHAT_TABLE_NAME, call, now: () => clock }),
        connections: createTable({ name: CONNECTIONS_TABLE_NAME, call, now: () => clock }),
        now: () => clock,
        newId: () => `id-${run}`,
        sleep: actor.sleep,
        lookLater: async (look, afterMs) => startLook(stage, look, afterMs),
        closeSocket: (target) => closeSocket(stage, actor, target.connection),
      };
    },
  };
  const ctx = { ...database.tables(() => clock), now: () => clock, newId: () => `id-${run}` };
  await createRoom(ctx, { user: stage.alice, room: stage.room, name: 'run', kind: 'public' });
  for (const session of SESSIONS) {
    const expiresAt = Math.ceil(clock / 1_000) + 86_400;
    await putSession(ctx.chat, stage.alice, session, { refreshHash: 'x', rotatedAt: clock, expiresAt });
  }
  for (let n = 0; n < CONNECTIONS; n++) startConnect(stage, `revoked-${run}-${n}`);
  startLogout(stage, 's1');
  if (random.chance(0.3)) startLogout(stage, 's2');
  try {
    const calls = await scheduler.run();
    const closed = [...stage.sockets.values()].filter(({ state }) => state === 'closed').length;
    return { violations: await check(stage, ctx), calls, closed };
  } catch (error) {
    return { violations: [`failed: ${error instanceof Error ? error.stack : error}`], calls: 0, closed: 0 };
  }
}

async function turns(actor: Pick<Actor, 'sleep'>, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await actor.sleep();
}

/** A handshake; then, sometimes, a fresh token of the other session. */
function startConnect(stage: Stage, connection: string): void {
  const { random, alice } = stage;
  const socket: Socket = { state: 'opening', connection };
  stage.sockets.set(connection, socket);
  const session = random.pick(SESSIONS) ?? 's1';
  const other = SESSIONS.find((one) => one !== session);
  const [wait, goesOver] = [random.between(0, 25), random.chance(0.4)];
  stage.start(
    async (actor) => {
      const ctx = stage.context('connect', actor);
      await turns(ctx, wait);
      const connectedAt = stage.now();
      const identity = { user: alice, session, expiresAt: connectedAt + TOKEN_LIFE_MS };
      const place = { connection, callback: 'https://api.example.com/dev', connectedAt };
      const admission = { connectionsPerUser: 20, lookLater: ctx.lookLater };
      const opened = await succeeds(openConnection(ctx, identity, place, admission));
      // The answer's way to API Gateway, which opens the socket, or has given up waiting.
      await turns(ctx, 2);
      if (socket.state !== 'opening') return;
      socket.state = opened && stage.now() - connectedAt < CONNECT_LIMIT_MS ? 'open' : 'refused';
      if (!opened || !goesOver) return;
      await turns(ctx, wait);
      const fresh = { user: alice, session: other, expiresAt: stage.now() + TOKEN_LIFE_MS };
      await succeeds(authenticateConnection(ctx, { connection, user: alice, session }, fresh, ctx.lookLater));
    },
    {
      mortal: true,
      died: () => {
        if (socket.state === 'opening') socket.state = 'refused';
      },
    },
  );
}

function startLogout(stage: Stage, session: string): void {
  const { alice } = stage;
  const wait = stage.random.between(0, 60);
  stage.start(
    async (actor) => {
      const ctx = stage.context('logout', actor);
      await turns(ctx, wait);
      await deleteSession(ctx.chat, alice, session);
      if (stage.without.has('logout')) return;
      await closeConnections(ctx, { user: alice, session, code: 'session_revoked', reconnect: false });
    },
    { mortal: true },
  );
}

/** What the stream's record of a removed session sets going; Lambda brings it again until it is done, so it does not die here. */
function startSettler(stage: Stage, input: object): void {
  const key = (input as { Key?: { sk?: { S?: string } } }).Key?.sk?.S ?? '';
  if (!key.startsWith(SESSION_PREFIX) || stage.without.has('settler')) return;
  const session = key.slice(SESSION_PREFIX.length);
  stage.start(
    async (actor) => {
      const ctx = stage.context('settler', actor);
      await turns(ctx, 5);
      const whose = { user: stage.alice, session, code: 'session_revoked', reconnect: false } as const;
      await watchUnclosed(ctx, await closeConnections(ctx, whose));
    },
    { mortal: false },
  );
}

/** A message that comes when its time has come; those for a token's end come after the run. */
function startLook(stage: Stage, look: Parameters<WatchContext['lookLater']>[0], afterMs: number): void {
  if (stage.without.has('queue') || afterMs > TOKEN_LIFE_MS / 2) return;
  stage.start(
    async (actor) => {
      const ctx = stage.context('queue', actor);
      await turns(ctx, 1 + Math.ceil(afterMs / STEP_MS));
      await lookAtConnection(ctx, look);
    },
    { mortal: false },
  );
}

async function closeSocket(
  stage: Stage,
  actor: Pick<Actor, 'sleep'>,
  connection: string,
): Promise<SocketEnd> {
  await actor.sleep();
  const socket = stage.sockets.get(connection);
  if (socket?.state !== 'open') return 'gone';
  socket.state = 'closed';
  return 'closed';
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'unauthenticated') return false;
    throw error;
  }
}

/** When all has come to rest: who may not be connected is not, and nothing is left of those that were closed. */
async function check(stage: Stage, ctx: Pick<ChatContext, 'chat' | 'connections'>): Promise<string[]> {
  const { alice, sockets } = stage;
  const violations: string[] = [];
  const heard = await listSubscriptions(ctx.connections, stage.room, 0);
  const listed = await listUserConnections(ctx.connections, alice);
  for (const { connection, state } of sockets.values()) {
    const stored = await getConnection(ctx.connections, connection);
    const alive = stored?.session !== undefined && (await isSessionAlive(ctx.chat, alice, stored.session));
    if (state === 'open') {
      if (!alive || stored.closing) violations.push(`${connection} lives on without a right to`);
    } else if (state === 'closed') {
      const left = [stored, ...[...heard, ...listed].filter((one) => one.connection === connection)];
      if (left.some((item) => item !== undefined)) violations.push(`${connection} left items behind`);
    }
  }
  return violations;
}
