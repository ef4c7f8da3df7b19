/**
 * One run of notifying under a seeded scheduler: the same messages come to several notifiers at once and again, which die anywhere, lose
 * answers, and meet a topic that refuses and one that leaves in doubt; while people read, leave, come back and change their wishes.
 */
import type { ChatContext } from '../../shared/chat/context.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import type { Notification, NotificationTask } from '../../shared/chat/notification.ts';
import { ClaimedByAnother, NotPublished, notify } from '../../shared/chat/notify.ts';
import { setPreferences } from '../../shared/chat/preferences.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { getMembershipRecord } from '../../shared/data/memberships.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { Notify, UserId } from '../../shared/protocol/ids.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { contextThrough, room, settleAll, user } from './chat.ts';
import type { Database } from './database.ts';
import { notifyAll, tasksOf } from './notified.ts';
import { type Actor, createScheduler } from './scheduler.ts';

/** How often something goes wrong, as a probability. */
export interface Trouble {
  readonly death: number;
  readonly refusal: number;
  readonly doubt: number;
}

/** A topic that does not answer. */
class InDoubt extends Error {}

export interface NotifyRun {
  /** How often each was published, as `<user> <seq>`. */
  readonly published: ReadonlyMap<string, number>;
  /** What was published and should not have been, or should have been and was not. */
  readonly faults: readonly string[];
  readonly calls: number;
}

/** Times that one message's task is given out; and how often those that failed come again, until all are done. */
const DELIVERIES = 3;
const MAX_ROUNDS = 50;
/** After this a message that failed is seen again (infra/notifications.ts): whoever had it is dead by then. Milliseconds. */
const VISIBILITY_MS = 6 * 60_000;

export async function runNotify(options: {
  readonly database: Database;
  readonly seed: number;
  readonly trouble: Trouble;
  readonly mutate?: (call: DynamoCall) => DynamoCall;
}): Promise<NotifyRun> {
  const { database, seed, trouble, mutate = (call) => call } = options;
  const random = randomOf(seed);
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const quiet = contextThrough(database.call, now);
  const id = room(`run-${seed}-${Math.random().toString(36).slice(2, 8)}`);
  const [author, ...others] = ['ann', 'ben', 'cid', 'dan', 'eve'].map((name) => user(`${name}-${seed}`));
  if (!author) throw new Error('nobody writes');
  await createRoom(quiet, { user: author, room: id, name: 'run', kind: 'public' });
  for (const one of others) await joinRoom(quiet, { room: id, user: one });
  await setPreferences(quiet, { room: id, user: others[0] ?? author, notify: 'all' });
  for (const text of ['hello', `hey @${others[1]}`, 'dinner, @room']) {
    await sendMessage(quiet, { room: id, user: author, text });
  }
  await settleAll(quiet, id);
  const tasks = await tasksOf(quiet, id);

  const published = new Map<string, number>();
  /** How often somebody died or was left in doubt, by message: only then may it be published once more. */
  const troubled = new Map<number, number>();
  const troubleAt = (seq: number): void => {
    troubled.set(seq, (troubled.get(seq) ?? 0) + 1);
  };
  const scheduler = createScheduler({
    random,
    execute: mutate(database.call),
    death: trouble.death,
    lostAnswer: 0.03,
  });
  const toolsOf = (context: ChatContext, step: () => Promise<void>) => ({
    context,
    lane: <T>(task: () => Promise<T>) => task(),
    tell: step,
    doubted: ({ seq }: Notification) => troubleAt(seq),
    async publish({ user: who, seq }: Notification) {
      await step();
      if (random.chance(trouble.refusal)) throw new NotPublished('refused');
      const key = `${who} ${seq}`;
      published.set(key, (published.get(key) ?? 0) + 1);
      if (random.chance(trouble.doubt)) throw new InDoubt('no answer');
    },
  });

  let failed: NotificationTask[] = [];
  /** A message of the queue: it comes again after a failure or a death, once it is seen again. */
  function deliver(task: NotificationTask): void {
    const again = () => failed.push(task);
    scheduler.start(
      async (actor) => {
        const context = contextOf(actor);
        try {
          const rest = await notify(toolsOf(context, actor.sleep), task);
          if (rest) deliver(rest);
        } catch (error) {
          if (!isExpected(error)) throw error;
          again();
        }
      },
      {
        mortal: true,
        died: () => {
          troubleAt(task.seq);
          again();
        },
      },
    );
  }
  const contextOf = (actor: Actor) => ({ ...contextThrough(actor.call, now), sleep: actor.sleep });

  for (const task of tasks) for (let i = 0; i < DELIVERIES; i++) deliver(task);
  for (const who of others) {
    scheduler.start(async (actor) => live(contextOf(actor), { id, who, random: random.fork(who) }), {
      mortal: false,
    });
  }
  let calls = await scheduler.run();
  for (let rounds = 0; failed.length > 0 && rounds < MAX_ROUNDS; rounds++) {
    ahead += VISIBILITY_MS;
    const seen = failed;
    failed = [];
    for (const task of seen) deliver(task);
    calls += await scheduler.run();
  }

  const faults = failed.map(({ seq }) => `${seq}: never done`);
  const often = [...published].flatMap(([key, times]) => {
    const most = 1 + (troubled.get(Number(key.split(' ')[1])) ?? 0);
    return times > most ? [`${key}: ${times} times, at most ${most}`] : [];
  });
  faults.push(...often);
  // All is quiet: a mention that one more delivery would still tell was missed. Who wishes for everything only now is no fault.
  ahead += VISIBILITY_MS;
  const late = {
    ...toolsOf(quiet, async () => {}),
    async publish({ user: who, seq, kind }: Notification) {
      if (kind === 'mention') faults.push(`${who} ${seq}: missed`);
    },
  };
  for (const task of tasks) {
    await notifyAll(late, task).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
      faults.push(`${task.seq}: can't be done`);
    });
  }
  faults.push(...(await withoutHint(quiet, id, others)));
  return { published, faults, calls };
}

/** What has a message come again: it was refused, is in doubt, or another is at it. */
function isExpected(error: unknown): boolean {
  return error instanceof NotPublished || error instanceof ClaimedByAnother || error instanceof InDoubt;
}

/** What a person does meanwhile. */
async function live(
  ctx: ChatContext,
  {
    id,
    who,
    random,
  }: { readonly id: ReturnType<typeof room>; readonly who: UserId; readonly random: Random },
): Promise<void> {
  const wish = (notify: Notify) => () => setPreferences(ctx, { room: id, user: who, notify });
  for (let i = 0; i < 4; i++) {
    const act = random.pick([
      () => markRead(ctx, { room: id, user: who, seq: random.between(1, 9) }),
      () => leaveRoom(ctx, { room: id, user: who }),
      () => joinRoom(ctx, { room: id, user: who }),
      // More often than the rest: hints are what several writes must agree on.
      wish('all'),
      wish('all'),
      wish('mentions'),
      wish('mentions'),
    ]);
    await act?.().catch((error: unknown) => {
      if (!(error instanceof ParleyError)) throw error;
    });
  }
}

/** Members that wish for everything and would never hear of it. */
async function withoutHint(
  ctx: ChatContext,
  id: ReturnType<typeof room>,
  people: readonly UserId[],
): Promise<string[]> {
  const found = await Promise.all(
    people.map(async (who) => {
      const record = await getMembershipRecord(ctx.chat, who, id);
      const wishes = record?.state === 'active' && record.membership.notify === 'all';
      return wishes && !(await ctx.chat.get(chatKeys.wantsAll(id, who))) ? [`${who}: no hint`] : [];
    }),
  );
  return found.flat();
}
