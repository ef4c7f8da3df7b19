/** The messages of one room that a search finds, the newest first, read as far as they are asked for. */
import { batchGetEventsOf, type Committed, isMessage, queryEvents } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import type { StoredMessage } from '../data/message-state.ts';
import type { Table } from '../data/table.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { upToDate } from './message-events.ts';
import { readForward } from './read-log.ts';
import { type Budget, BudgetSpent } from './search-budget.ts';
import { findTerms, type Range, type Terms } from './search-terms.ts';
import { type JoinedList, joinOf, prefixList, wordList } from './seq-lists.ts';
import { beginsStopWord, isStopWord } from './stop-words.ts';
import { indexedForm } from './words.ts';

/** Events of the log that are read at once where no word narrows it down. */
const LOG_PAGE = 100;
/** Messages for which the budget is charged once. */
const MESSAGES_A_CHARGE = 25;

export interface SearchContext extends ChatContext {
  readonly search: Table;
}

/** A message that was found, as it is now, and where its text matches. */
export interface Hit {
  readonly message: StoredMessage;
  readonly matches: readonly Range[];
}

export interface RoomQuery {
  readonly head: Head;
  readonly terms: Terms;
  /** Only messages of this user. */
  readonly from: UserId | undefined;
  /** Only messages with a smaller number. */
  readonly before: number;
  /** Messages that are looked at together, at most 100. */
  readonly together: number;
}

export interface RoomHits {
  /** The next one, where it is known. */
  peek(): Hit | undefined;
  /** Goes on to the one after. */
  advance(): Promise<void>;
  /** The budget was spent before it was clear whether there is another. */
  isSpent(): boolean;
  /** All hits from this number on have been given; 0: all. */
  position(): number;
  /** Time of the last message that was looked at: what is not given yet is no newer. */
  reachedAt(): string;
}

/** Opens a room for a search, and finds its first hit. */
export async function openRoom(ctx: SearchContext, query: RoomQuery, budget: Budget): Promise<RoomHits> {
  const { head, terms, from, before } = query;
  const { tail, touched } = await readFresh(ctx, head);
  const fresh = new Set(touched.map(({ event }) => event.seq));

  function hitsIn(messages: readonly StoredMessage[]): Hit[] {
    return messages.flatMap((stored) => {
      const message = upToDate(stored, tail);
      const { event, state } = message;
      if (event.seq >= before || state?.deleted !== undefined) return [];
      if (from !== undefined && event.user !== from) return [];
      const matches = findTerms(state?.text ?? event.text, terms);
      return matches ? [{ message, matches }] : [];
    });
  }

  const read = createReader(ctx, query, budget);
  let waiting = newestFirst(hitsIn(touched));
  let ready: readonly Hit[] = [];
  let below = Math.min(before, head.settled + 1);
  let reachedAt = head.last.event.at;
  let spent = false;

  async function fill(): Promise<void> {
    while (ready.length === 0 && below > 0 && !spent) {
      const step = below > 1 ? await read(below - 1) : NOTHING_LEFT;
      spent = step.isSpent;
      below = step.below;
      reachedAt = step.messages.at(-1)?.event.at ?? reachedAt;
      const due = waiting.filter(({ message }) => message.event.seq >= below);
      waiting = waiting.slice(due.length);
      ready = newestFirst([...due, ...hitsIn(step.messages.filter(({ event }) => !fresh.has(event.seq)))]);
    }
  }
  await fill();
  return {
    peek: () => ready[0],
    async advance() {
      ready = ready.slice(1);
      await fill();
    },
    isSpent: () => spent && ready.length === 0,
    position: () => (ready[0] ? ready[0].message.event.seq + 1 : below),
    reachedAt: () => ready[0]?.message.event.at ?? reachedAt,
  };
}

function newestFirst(hits: readonly Hit[]): readonly Hit[] {
  return [...hits].sort((a, b) => b.message.event.seq - a.message.event.seq);
}

/** What the index does not know yet: the events beyond `settled`, and the messages that they made or gave another text. */
async function readFresh(
  ctx: ChatContext,
  head: Head,
): Promise<{ readonly tail: readonly Committed[]; readonly touched: readonly StoredMessage[] }> {
  const { events: tail } = await readForward(ctx, head, head.settled);
  const edited = tail.flatMap(({ event }) =>
    event.type === 'message.edited' && event.target <= head.settled ? [event.target] : [],
  );
  const stored = await batchGetEventsOf(ctx.chat, head.room, [...new Set(edited)]);
  return { tail, touched: [...tail, ...stored].filter(isMessage) };
}

/** What one step of reading looked at, the newest message first. */
interface Step {
  readonly messages: readonly StoredMessage[];
  /** From this number on nothing is left to look at; 0: nothing at all. */
  readonly below: number;
  readonly isSpent: boolean;
}
const NOTHING_LEFT: Step = { messages: [], below: 0, isSpent: false };

/** Reads candidates up to a number: those that the index names, or all where no word can be looked up. */
function createReader(
  ctx: SearchContext,
  { head: { room }, terms, together }: RoomQuery,
  budget: Budget,
): (most: number) => Promise<Step> {
  let opened: Promise<JoinedList | undefined> | undefined;

  async function readNamed(list: JoinedList, most: number): Promise<Step> {
    const seqs: number[] = [];
    let below = most + 1;
    let isSpent = false;
    try {
      while (below > 0 && seqs.length < together) {
        const seq = await list.next(below - 1);
        if (seq !== undefined) seqs.push(seq);
        below = seq ?? 0;
      }
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      isSpent = true;
      below = Math.min(below, list.reached() + 1);
    }
    budget.charge('messages', Math.ceil(seqs.length / MESSAGES_A_CHARGE));
    const messages = (await batchGetEventsOf(ctx.chat, room, seqs)).filter(isMessage);
    return { messages: messages.sort((a, b) => b.event.seq - a.event.seq), below, isSpent };
  }

  async function readLog(most: number): Promise<Step> {
    budget.charge('log');
    const { events, end } = await queryEvents(
      ctx.chat,
      room,
      { from: 1, to: most },
      { limit: LOG_PAGE, descending: true },
    );
    const below = end ? 0 : (events.at(-1)?.event.seq ?? 0);
    return { messages: events.filter(isMessage), below, isSpent: false };
  }

  return async (most) => {
    if (budget.isSpent()) return { messages: [], below: most + 1, isSpent: true };
    opened ??= openLists({ table: ctx.search, room, budget }, terms);
    const list = await opened;
    return list ? readNamed(list, most) : readLog(most);
  };
}

/** The lists of all words that can be looked up; undefined where there is none. The messages themselves are held to the others. */
async function openLists(
  lookup: Parameters<typeof wordList>[0],
  { words, prefix }: Terms,
): Promise<JoinedList | undefined> {
  const known = words.filter((word) => !isStopWord(word)).map(indexedForm);
  const lists = [...new Set(known)].map((word) => wordList(lookup, word));
  const begun = beginsStopWord(prefix) ? undefined : await prefixList(lookup, indexedForm(prefix));
  const all = begun ? [...lists, begun] : lists;
  return all.length > 0 ? joinOf(all) : undefined;
}
