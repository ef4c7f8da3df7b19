/**
 * One run of the real settler over one room under a seeded scheduler, while its messages are sent, edited and deleted: a follower of the
 * stream that dies and comes again with the same events, and one that repeats older ones beside it. Then the index is compared with the log.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { deleteMessage, editMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { Committed } from '../../shared/data/events.ts';
import { APPENDED, toHead } from '../../shared/data/heads.ts';
import { HEAD } from '../../shared/data/keys.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { readLog, room, user } from './chat.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database, SEARCH_TABLE_NAME } from './database.ts';
import { type Actor, createScheduler, type Scheduler } from './scheduler.ts';
import { wordsByLog, wordsInIndex } from './search-index.ts';

export interface SearchRun {
  readonly database: Database;
  readonly seed: number;
  /** What becomes of each call of a settler before it is made. */
  readonly mutate?: (call: DynamoCall) => DynamoCall;
}

const OWNER = user('alice');
/** Few words, so that texts share some of them. */
const WORDS = ['red', 'green', 'blue', 'cat', 'dog', 'the'];
const WRITERS = 2;
const JOBS = 6;
/** Batches that the follower takes at most, and that are repeated beside it. */
const TURNS = 12;
const REPEATS = 5;

interface Run {
  readonly room: RoomId;
  readonly random: Random;
  readonly committed: Committed[];
  /** Batches that somebody began and did not finish: the stream brings them again. */
  readonly owed: Set<readonly Committed[]>;
  /** How many events the follower is done with. */
  done: number;
}

let runs = 0;

/** @returns what differs between the index and the log, and how many database calls were made. */
export async function runSearch({ database, seed, mutate = (call) => call }: SearchRun) {
  const random = randomOf(seed);
  const run: Run = { room: room(`words-${seed}-${++runs}`), random, committed: [], owed: new Set(), done: 0 };
  const quiet = contextOf(database.call);
  await createRoom(quiet, { user: OWNER, room: run.room, name: 'run', kind: 'public' });
  run.committed.push(...(await readLog(quiet, run.room)));
  const execute: DynamoCall = async (operation, input) => {
    const output = await database.call(operation, input);
    if (operation === 'UpdateItem' && output.Attributes) {
      const item = unmarshall(output.Attributes as Parameters<typeof unmarshall>[0]);
      if (item.sk === HEAD && item.op === APPENDED) run.committed.push(toHead(item).last);
    }
    return output;
  };
  const scheduler = createScheduler({ random, execute, death: 0.03, lostAnswer: 0.02 });
  for (let writer = 0; writer < WRITERS; writer++) startWriter(scheduler, run);
  startFollower(scheduler, run, mutate);
  startRepeater(scheduler, run, mutate);
  const calls = await scheduler.run();

  const end = contextOf(mutate(database.call));
  for (const batch of [...run.owed, run.committed.slice(run.done)]) await settle(end, run.room, batch, 1);
  const [is, should] = [await wordsInIndex(quiet, run.room), await wordsByLog(quiet, run.room)];
  return {
    calls,
    words: should.length,
    missing: should.filter((word) => !is.includes(word)),
    left: is.filter((word) => !should.includes(word)),
  };
}

/** Sends, edits and deletes; what it is refused is no matter. */
function startWriter({ start }: Scheduler, run: Run): void {
  const { random, room: id, committed } = run;
  let jobs = JOBS;
  const live = () =>
    start(
      async (actor) => {
        const ctx = contextOf(actor.call, actor);
        while (jobs-- > 0) {
          const about = { room: id, user: OWNER };
          const target = random.pick(committed.map(({ event }) => event.seq)) ?? 1;
          const text = Array.from({ length: random.between(1, 3) }, () => random.pick(WORDS)).join(' ');
          const kind = random.weighted({ send: 3, edit: 3, delete: 1 });
          try {
            if (kind === 'send') await sendMessage(ctx, { ...about, text });
            else if (kind === 'edit') await editMessage(ctx, { ...about, target, text });
            else await deleteMessage(ctx, { ...about, target });
          } catch (error) {
            if (!(error instanceof ParleyError)) throw error;
          }
        }
      },
      { mortal: true, died: live },
    );
  live();
}

/** Takes the events in their order; a batch comes again until it is done. */
function startFollower({ start }: Scheduler, run: Run, mutate: (call: DynamoCall) => DynamoCall): void {
  let turns = TURNS;
  const live = () =>
    start(
      async (actor) => {
        const ctx = contextOf(mutate(actor.call), actor);
        while (turns-- > 0) {
          const batch = run.committed.slice(run.done, run.done + run.random.between(1, 5));
          if (batch.length === 0) await actor.sleep();
          else await settle(ctx, run.room, batch, run.random.between(1, 4));
          run.done += batch.length;
        }
      },
      { mortal: true, died: live },
    );
  live();
}

/** Takes events that were taken before, or are being taken. */
function startRepeater({ start }: Scheduler, run: Run, mutate: (call: DynamoCall) => DynamoCall): void {
  let turns = REPEATS;
  const live = () =>
    start(
      async (actor) => {
        const ctx = contextOf(mutate(actor.call), actor);
        while (turns-- > 0) {
          await actor.sleep();
          const from = run.random.between(0, run.done);
          const batch = run.committed.slice(from, from + run.random.between(1, 6));
          run.owed.add(batch);
          await settle(ctx, run.room, batch, run.random.between(1, 4));
          run.owed.delete(batch);
        }
      },
      { mortal: true, died: live },
    );
  live();
}

function contextOf(call: DynamoCall, actor?: Actor): ChatContext {
  const now = Date.now;
  const table = (name: string) => createTable({ name, call, now });
  let ids = 0;
  const name = `run-${runs}-${Math.random()}`;
  return {
    chat: table(CHAT_TABLE_NAME),
    connections: table(CONNECTIONS_TABLE_NAME),
    search: table(SEARCH_TABLE_NAME),
    now,
    newId: () => `${name}-${++ids}`,
    ...(actor ? { sleep: actor.sleep } : {}),
  };
}
