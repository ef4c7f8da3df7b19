import { type Account, bodyOf } from '../helper/account.ts';
import { patience, pause } from '../helper/endpoint.ts';
import { checkCounters } from './check-counters.ts';
import { factsOf } from './facts.ts';
import type { Counted, Counters, History, ThreadCounter } from './history.ts';
import { marksOf } from './mark-facts.ts';

/** Times the patience after noise: retries of streams are up to ten seconds apart. */
const NOISY_PATIENCE = 3;

/** What the service counts for people, once it is what the logs say, or its time is over: mentions follow a message in a moment. */
export async function countedFor(accounts: readonly Account[], history: History): Promise<Counted> {
  const deadline = Date.now() + (history.calm ? 1 : NOISY_PATIENCE) * patience().forWhatMustCome;
  const facts = factsOf(history);
  for (;;) {
    const looked = await Promise.all(accounts.map((account) => look(account, history)));
    const counted = {
      rooms: looked.flatMap(({ rooms }) => rooms),
      threads: looked.flatMap(({ threads }) => threads),
    };
    const isThere = checkCounters({ ...facts, history: { ...history, counted } }).length === 0;
    if (isThere || Date.now() > deadline) return counted;
    await pause(50);
  }
}

async function look(account: Account, history: History): Promise<Counted> {
  const { user } = account;
  const rooms: Counters[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const answer = await account.call('GET', `/api/rooms?limit=100${cursor && `&cursor=${cursor}`}`);
    const page: { items: Counters[]; cursor?: string } = bodyOf(answer, 200);
    const here = page.items.filter(({ room }) => history.logs.has(room));
    rooms.push(...here.map(({ room, read, unread, mentions }) => ({ user, room, read, unread, mentions })));
    cursor = page.cursor;
  }
  const threads: ThreadCounter[] = [];
  for (const { room, root } of threadsOf(user, history)) {
    if (!rooms.some((one) => one.room === room)) continue;
    const answer = await account.call('GET', `/api/rooms/${room}/messages?thread=${root}&limit=1`);
    threads.push({ user, room, root, unread: bodyOf<{ unread: number }>(answer, 200).unread });
  }
  return { rooms, threads };
}

/** The threads that somebody has marked. */
function threadsOf(
  user: string,
  history: History,
): readonly { readonly room: string; readonly root: number }[] {
  const marked = marksOf(history).flatMap(({ what: { user: by, room, thread } }) =>
    by === user && thread !== undefined ? [[`${room} ${thread}`, { room, root: thread }] as const] : [],
  );
  return [...new Map(marked).values()];
}
