/**
 * One run of the real append and the real settler over one room under a seeded scheduler: senders that repeat ids, in warm
 * environments that die and are replaced; members that leave and come back, are invited, muted, removed and banned by those above
 * them; settlers that repeat, overlap and die. Then the promises are checked on all that was committed and acknowledged.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ChatContext } from '../../shared/chat/context.ts';
import { changeMember, removeMember } from '../../shared/chat/members.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { putNewAccount } from '../../shared/data/accounts.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Committed, toCommitted } from '../../shared/data/events.ts';
import { APPENDED, toHead } from '../../shared/data/heads.ts';
import { chatKeys, EVENT_PREFIX, HEAD } from '../../shared/data/keys.ts';
import { createTable, type Item, type Table } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { ClientId, RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { clientId, room, user } from './chat.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database } from './database.ts';
import { type Acknowledged, checkRun, type Run } from './log-checks.ts';
import { type Actor, createScheduler } from './scheduler.ts';

/** What a mutation does to each call of an actor before it is made. */
export type Mutation = (call: DynamoCall) => DynamoCall;

export interface RunOptions {
  readonly database: Database;
  readonly seed: number;
  /** Whether members come and go, and are kept from writing, while they send. */
  readonly moves: boolean;
  readonly mutate?: Mutation;
}

const OWNER = user('alice');
const SENDERS = [OWNER, user('bob'), user('carol')];
const IDS = ['a', 'b', 'c'];

/** @returns what was found wrong, and how many database calls were made. */
export async function runLog(options: RunOptions): Promise<{ violations: string[]; calls: number }> {
  const { database, seed, mutate = (call) => call } = options;
  const random = randomOf(seed);
  const id = room(`run-${seed}-${runs++}`);
  const committed: Committed[] = [];
  const stored = new Set<number>();
  const run: Run = { room: id, committed, acknowledged: [] };

  const execute: DynamoCall = async (operation, input) => {
    const output = await database.call(operation, input);
    observe(operation, input, output, committed, stored);
    return output;
  };
  const scheduler = createScheduler({ random, execute, death: 0.02, lostAnswer: 0.02 });

  const quiet = contextOf(database.call);
  committed.push(...(await copyOfTemplate(database, quiet, id)));
  for (const { event } of committed) stored.add(event.seq);

  // Environments: each does one command after another, and is replaced when it dies.
  let commands = 0;
  for (let environment = 0; environment < 3; environment++) {
    const jobs = Array.from({ length: random.between(2, 3) }, () => jobOf(random, options.moves));
    const live = () =>
      scheduler.start(
        async (actor) => {
          const ctx = contextOf(mutate(actor.call), actor, `e${environment}-${commands++}`);
          for (let job = jobs.shift(); job; job = jobs.shift()) {
            const ack = await perform(ctx, id, job, commands++);
            if (ack) run.acknowledged.push({ ...ack, stored: stored.has(ack.seq) });
          }
        },
        { mortal: true, died: live },
      );
    live();
  }
  startSettlers(scheduler.start, random, run, mutate);
  let calls = 0;
  const failures: string[] = [];
  try {
    calls = await scheduler.run();
    await settle(quiet, id, committed, 1);
  } catch (error) {
    // Nothing may fail but by a refusal; what was committed until then is checked all the same.
    failures.push(`failed: ${error}`);
  }
  return { violations: [...failures, ...(await checkRun(quiet, run))], calls };
}
let runs = 0;

const TEMPLATE = room('template');
const templates = new WeakMap<Database, Promise<Item[]>>();

/** A room of three members, made once by the real functions; each run gets a copy, which takes one call. */
async function copyOfTemplate(database: Database, ctx: ChatContext, id: RoomId): Promise<Committed[]> {
  const template = templates.get(database) ?? makeTemplate(ctx);
  templates.set(database, template);
  const items: Item[] = JSON.parse(JSON.stringify(await template).replaceAll(TEMPLATE, id));
  await ctx.chat.batchWrite({ puts: items });
  return items.filter(({ sk }) => sk.startsWith(EVENT_PREFIX)).map(toCommitted);
}

async function makeTemplate(ctx: ChatContext): Promise<Item[]> {
  const createdAt = new Date(ctx.now()).toISOString();
  for (const one of SENDERS) {
    await putNewAccount(ctx.chat, { user: one, displayName: one, passwordHash: '-', createdAt }, one);
  }
  await createRoom(ctx, { user: OWNER, room: TEMPLATE, name: 'run', kind: 'public' });
  for (const sender of SENDERS.slice(1)) await joinRoom(ctx, { room: TEMPLATE, user: sender });
  const items = await ctx.chat.queryAll({
    where: 'pk = :pk',
    values: { ':pk': chatKeys.room(TEMPLATE).pk },
  });
  const memberships = await ctx.chat.batchGet(SENDERS.map((one) => chatKeys.membership(one, TEMPLATE)));
  return [...items, ...memberships];
}

/** Notes what a call did: which event it committed, which it stored. */
function observe(
  operation: string,
  input: object,
  output: Readonly<Record<string, unknown>>,
  committed: Committed[],
  stored: Set<number>,
): void {
  if (operation === 'UpdateItem' && output.Attributes) {
    const item = unmarshall(output.Attributes as Wire);
    if (item.sk === HEAD && item.op === APPENDED) committed.push(toHead(item).last);
  }
  if (operation === 'PutItem' && 'Item' in input) {
    const item = unmarshall(input.Item as Wire);
    if (String(item.sk).startsWith(EVENT_PREFIX)) stored.add(Number(item.seq));
  }
}

type Wire = Parameters<typeof unmarshall>[0];

type Job =
  | { readonly kind: 'send'; readonly user: UserId; readonly id?: ClientId }
  | { readonly kind: 'leave' | 'join'; readonly user: UserId; readonly id?: ClientId }
  | { readonly kind: keyof typeof MODERATION; readonly user: UserId; readonly member: UserId };

/** What one does to another, as the service lets it. */
const MODERATION = {
  invite: (ctx: ChatContext, about: AboutMember) => changeMember(ctx, { ...about, wanted: {} }),
  promote: (ctx: ChatContext, about: AboutMember) =>
    changeMember(ctx, { ...about, wanted: { role: 'admin' } }),
  demote: (ctx: ChatContext, about: AboutMember) =>
    changeMember(ctx, { ...about, wanted: { role: 'member' } }),
  mute: (ctx: ChatContext, about: AboutMember) =>
    changeMember(ctx, { ...about, wanted: { mutedUntil: FAR_AWAY } }),
  unmute: (ctx: ChatContext, about: AboutMember) =>
    changeMember(ctx, { ...about, wanted: { mutedUntil: null } }),
  remove: (ctx: ChatContext, about: AboutMember) =>
    removeMember(ctx, { ...about, ban: false }).then(({ event }) => event),
  ban: (ctx: ChatContext, about: AboutMember) =>
    removeMember(ctx, { ...about, ban: true }).then(({ event }) => event),
} as const;
const FAR_AWAY = '2099-01-01T00:00:00.000Z';

interface AboutMember {
  readonly room: RoomId;
  readonly user: UserId;
  readonly member: UserId;
}

const MOVES = {
  send: 8,
  leave: 1,
  join: 2,
  invite: 1,
  promote: 1,
  demote: 0.5,
  mute: 1,
  unmute: 1,
  remove: 1,
  ban: 0.5,
} as const;

function jobOf(random: Random, moves: boolean): Job {
  // Members that come and go are tried without ids mostly: a repeat is answered and does nothing.
  const id = random.chance(moves ? 0.1 : 0.8) ? { id: clientId(random.pick(IDS) ?? 'a') } : {};
  if (!moves) return { kind: 'send', user: SENDERS[random.between(0, 1)] ?? OWNER, ...id };
  const kind = random.weighted(MOVES);
  const member = SENDERS[random.between(1, 2)] ?? OWNER;
  if (kind === 'send' || kind === 'leave' || kind === 'join') return { kind, user: member, ...id };
  // Mostly the owner; now and then who may be an admin at that moment, or not.
  const user = random.chance(0.7) ? OWNER : (SENDERS.find((one) => one !== OWNER && one !== member) ?? OWNER);
  return { kind, user, member };
}

async function perform(
  ctx: ChatContext,
  id: RoomId,
  job: Job,
  command: number,
): Promise<Omit<Acknowledged, 'stored'> | undefined> {
  const clientsId = 'id' in job ? job.id : undefined;
  const author = { room: id, user: job.user, ...(clientsId === undefined ? {} : { id: clientsId }) };
  const text = `${job.user} ${clientsId ?? ''} ${command}`;
  const doIt = () => {
    switch (job.kind) {
      case 'send':
        return sendMessage(ctx, { ...author, text });
      case 'leave':
        return leaveRoom(ctx, author);
      case 'join':
        return joinRoom(ctx, author);
      default:
        return MODERATION[job.kind](ctx, { ...author, member: job.member });
    }
  };
  try {
    const { seq, at } = await doIt();
    const kind = 'member' in job ? 'moderate' : job.kind;
    return { kind, user: job.user, id: clientsId, text, seq, at };
  } catch (error) {
    // A refusal acknowledges nothing.
    if (error instanceof ParleyError) return undefined;
    throw error;
  }
}

/** Settlers that follow the stream: in order, in batches of any size, again from where the last success was, and two at once. */
function startSettlers(
  start: ReturnType<typeof createScheduler>['start'],
  random: Random,
  { room: id, committed }: Run,
  mutate: Mutation,
): void {
  let done = 0;
  for (let settler = 0; settler < 2; settler++) {
    const live = () =>
      start(
        async (actor) => {
          const ctx = contextOf(mutate(actor.call), actor, `settler-${settler}`);
          for (let turn = 0; turn < 6; turn++) {
            const from = Math.max(0, done - random.between(0, 2));
            const batch = committed.slice(from, from + random.between(1, 5));
            if (batch.length > 0) {
              await settle(ctx, id, batch, random.between(1, 4));
              done = Math.max(done, from + batch.length);
            } else await actor.sleep();
          }
        },
        { mortal: true, died: live },
      );
    live();
  }
}

function contextOf(call: DynamoCall, actor?: Actor, name = 'quiet'): ChatContext {
  const now = Date.now;
  const table = (tableName: string): Table => createTable({ name: tableName, call, now });
  let ids = 0;
  return {
    chat: table(CHAT_TABLE_NAME),
    connections: table(CONNECTIONS_TABLE_NAME),
    now,
    newId: () => `${name}-${runs}-${++ids}`,
    ...(actor ? { sleep: actor.sleep } : {}),
  };
}
