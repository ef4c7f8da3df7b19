/**
 * One run of an account's deletion under a seeded scheduler: the eraser dies anywhere and is started again with the same task, while
 * others write, the settler lags, and a call of the deleted user that was let in before is still under way.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { pseudonymFrom } from '../../shared/auth/pseudonym.ts';
import { type Erasure, eraseAccount } from '../../shared/chat/erase-account.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { beginDeletion, getTombstone, putNewAccount } from '../../shared/data/accounts.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { Committed } from '../../shared/data/events.ts';
import { APPENDED, toHead } from '../../shared/data/heads.ts';
import { chatKeys, HEAD } from '../../shared/data/keys.ts';
import { claimNotification, putWish } from '../../shared/data/notifications.ts';
import { putSession } from '../../shared/data/sessions.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { randomOf } from '../simulation/random.ts';
import { room, user } from './chat.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database } from './database.ts';
import { type Actor, createScheduler, type Scheduler } from './scheduler.ts';

export interface ErasureRun {
  readonly deleted: UserId;
  readonly pseudonym: UserId;
  /** Shared with others, the user's own, left long ago. */
  readonly rooms: { readonly shared: RoomId; readonly own: RoomId; readonly past: RoomId };
  readonly calls: number;
  readonly deaths: number;
}

type Wire = Parameters<typeof unmarshall>[0];

function contextOf(call: DynamoCall, actor?: Actor, name = 'quiet') {
  const now = () => Date.now();
  let ids = 0;
  return {
    chat: createTable({ name: CHAT_TABLE_NAME, call, now }),
    connections: createTable({ name: CONNECTIONS_TABLE_NAME, call, now }),
    now,
    newId: () => `${name}-${ids++}`,
    ...(actor ? { sleep: actor.sleep } : {}),
    closeSocket: async () => 'gone' as const,
  };
}

/** @param death probability that the eraser dies, for each of its calls. */
export async function runErasure(database: Database, seed: number, death: number): Promise<ErasureRun> {
  const deleted = user(`ada-${seed}x`);
  const [bob, cora] = [user(`bob-${seed}x`), user(`cora-${seed}x`)];
  const rooms = { shared: room(`shared-${seed}`), own: room(`own-${seed}`), past: room(`past-${seed}`) };
  const pseudonym = pseudonymFrom(`00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`);
  const committed = new Map<RoomId, Committed[]>(Object.values(rooms).map((id) => [id, []]));
  const execute: DynamoCall = async (operation, input) => {
    const output = await database.call(operation, input);
    note(committed, operation, input, output);
    return output;
  };
  const quiet = contextOf(execute, undefined, `q${seed}`);
  const at = new Date().toISOString();
  await putNewAccount(quiet.chat, { user: deleted, displayName: 'Ada', createdAt: at }, 'attempt');
  await putSession(quiet.chat, deleted, 'one', { refreshHash: 'h', rotatedAt: 0, expiresAt: 9_999_999_999 });
  await createRoom(quiet, { user: deleted, room: rooms.shared, name: 'shared', kind: 'public' });
  await createRoom(quiet, { user: deleted, room: rooms.own, name: 'own', kind: 'private' });
  await createRoom(quiet, { user: cora, room: rooms.past, name: 'past', kind: 'public' });
  for (const one of [bob, cora]) await joinRoom(quiet, { room: rooms.shared, user: one });
  await joinRoom(quiet, { room: rooms.past, user: deleted });
  for (const id of Object.values(rooms)) {
    await sendMessage(quiet, { room: id, user: deleted, text: `I am ${deleted}` });
  }
  await leaveRoom(quiet, { room: rooms.past, user: deleted });
  const wished = { user: deleted, room: rooms.shared, token: 'once' };
  await putWish(quiet.chat, { ...wished, notify: 'all' });
  await claimNotification(quiet.chat, { ...wished, seq: 5 }, quiet.now());
  for (const [id, events] of committed) await settle(quiet, id, events, 1);
  // Seven days later.
  await quiet.chat.delete(chatKeys.membership(deleted, rooms.past));

  await beginDeletion(quiet.chat, deleted, { pseudonym, deletedAt: at });
  const random = randomOf(seed);
  let calls = 0;
  let deaths = 0;
  // After the first round nothing is under way any more; each later one goes on until one finds nothing.
  for (let round = 1; (await getTombstone(quiet.chat, deleted))?.state === 'deleting'; round++) {
    const scheduler = createScheduler({ random, execute, death, lostAnswer: 0.02 });
    let over = false;
    startEraser(
      scheduler,
      { user: deleted, round },
      () => deaths++,
      () => {
        over = true;
      },
    );
    startSettler(scheduler, committed, () => over);
    if (round === 1) startWriters(scheduler, rooms.shared, [deleted, bob]);
    calls += await scheduler.run();
    for (const [id, events] of committed) await settle(quiet, id, events, 1);
  }
  return { deleted, pseudonym, rooms, calls, deaths };
}

function startEraser(scheduler: Scheduler, task: Erasure, died: () => void, done: () => void): void {
  const live = () =>
    scheduler.start(
      async (actor) => {
        const ctx = contextOf(actor.call, actor, `e${Math.random()}`);
        for (let pieces = 0; ; pieces++) {
          // Now and then there is time for one piece only.
          let left = pieces % 3 === 0 ? 2 : 100;
          const next = await eraseAccount(ctx, task, () => left-- > 0);
          if (!next || next.round !== task.round) break;
          await actor.sleep();
        }
        done();
      },
      {
        mortal: true,
        died: () => {
          died();
          live();
        },
      },
    );
  live();
}

/** Follows the stream and repeats the last of it, until the eraser is done. */
function startSettler(
  scheduler: Scheduler,
  committed: ReadonlyMap<RoomId, readonly Committed[]>,
  over: () => boolean,
): void {
  scheduler.start(
    async (actor) => {
      const ctx = contextOf(actor.call, actor, 'settler');
      const done = new Map<RoomId, number>();
      while (!over()) {
        for (const [id, events] of committed) {
          const from = Math.max(0, (done.get(id) ?? 0) - 2);
          const batch = events.slice(from);
          await settle(ctx, id, batch, 1);
          done.set(id, from + batch.length);
        }
        await actor.sleep();
      }
    },
    { mortal: false },
  );
}

/** Others who write, and the deleted user itself, whose call was let in before. */
function startWriters(scheduler: Scheduler, id: RoomId, writers: readonly UserId[]): void {
  for (const writer of writers) {
    scheduler.start(
      async (actor) => {
        const ctx = contextOf(actor.call, actor, `w-${writer}`);
        for (let message = 0; message < 3; message++) {
          const sent = { room: id, user: writer, text: `hello ${message}`, id: `m${message}` };
          await sendMessage(ctx, sent as Parameters<typeof sendMessage>[1]).catch((error: unknown) => {
            if (!(error instanceof ParleyError)) throw error;
          });
        }
      },
      { mortal: true },
    );
  }
}

function note(
  committed: ReadonlyMap<RoomId, Committed[]>,
  operation: string,
  input: object,
  output: Readonly<Record<string, unknown>>,
): void {
  const wire =
    operation === 'UpdateItem'
      ? output.Attributes
      : operation === 'PutItem' && 'Item' in input
        ? input.Item
        : undefined;
  if (!wire) return;
  const item = unmarshall(wire as Wire);
  if (item.sk !== HEAD || item.op !== APPENDED) return;
  const head = toHead(item);
  const events = committed.get(head.room);
  if (!events?.some(({ event }) => event.seq === head.seq)) events?.push(head.last);
}
