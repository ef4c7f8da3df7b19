/**
 * Lists of message numbers, descending, as the index has them: read page by page and no further than asked, and joined without reading
 * what lies between.
 */
import type { Table } from '../data/table.ts';
import { pagePrefix, pageWord } from '../data/words.ts';
import type { RoomId } from '../protocol/ids.ts';
import { type Budget, BudgetSpent } from './search-budget.ts';

export interface SeqList {
  /**
   * The largest number up to `most`; undefined where there is none. Each call asks for less than the one before, or the same.
   *
   * @throws {BudgetSpent} where it would have to read on.
   */
  next(most: number): Promise<number | undefined>;
  /** Whether the list is short, and all of it is here. */
  isShort(): boolean;
}

/** Where words are looked up. */
export interface Lookup {
  readonly table: Table;
  readonly room: RoomId;
  readonly budget: Budget;
}

/** Numbers of the first page of a word's list, about 5 KB: two read units. */
const PAGE = 100;
/** Of further pages: where two long lists hardly meet, fewer and larger reads get further. */
const FURTHER_PAGE = 250;
/** Places of one page of a prefix: many words with few places each. */
const PREFIX_PAGE = 250;
/** Pages of a prefix, and so words with many places, until it counts as too broad. */
const PREFIX_PAGES = 8;

/** Messages that hold a word. The first page is free. */
export function wordList({ table, room, budget }: Lookup, word: string): SeqList {
  let page: readonly number[] = [];
  let at = 0;
  let pages = 0;
  let end = false;
  return {
    async next(most) {
      while (at < page.length && (page[at] ?? 0) > most) at++;
      if (at === page.length && !end) {
        if (pages > 0 && budget.isSpent()) throw new BudgetSpent();
        if (pages > 0) budget.charge('page');
        const read = await pageWord(table, room, word, {
          most,
          limit: pages === 0 ? PAGE : FURTHER_PAGE,
        });
        page = read.seqs;
        end = read.end;
        at = 0;
        pages++;
      }
      return page[at];
    },
    isShort: () => end && pages === 1,
  };
}

/** Numbers that are known. @param seqs in any order; repeats are fine. */
export function fixedList(seqs: readonly number[]): SeqList {
  const list = [...new Set(seqs)].sort((a, b) => b - a);
  let at = 0;
  return {
    async next(most) {
      while (at < list.length && (list[at] ?? 0) > most) at++;
      return list[at];
    },
    isShort: () => list.length <= PAGE,
  };
}

/** What is in any of the lists. */
export function unionOf(lists: readonly SeqList[]): SeqList {
  return {
    async next(most) {
      const found = await Promise.all(lists.map((list) => list.next(most)));
      const best = Math.max(...found.map((seq) => seq ?? 0));
      return best > 0 ? best : undefined;
    },
    isShort: () => lists.every((list) => list.isShort()),
  };
}

/** A list that tells how far down it has come, also where the budget ended a search for the next number. */
export interface JoinedList extends Pick<SeqList, 'next'> {
  /** What is not given yet is not larger. */
  reached(): number;
}

/**
 * What is in all of the lists: each in turn says how far down the others have to look. Where some are short, they alone are followed: the
 * few messages say themselves whether they hold the other words.
 */
export function joinOf(lists: readonly SeqList[]): JoinedList {
  let followed: readonly SeqList[] | undefined;
  let reached = Number.POSITIVE_INFINITY;
  return {
    async next(most) {
      if (!followed) {
        await Promise.all(lists.map((list) => list.next(most)));
        const short = lists.filter((list) => list.isShort());
        followed = short.length > 0 ? short : lists;
      }
      reached = most;
      for (let agreed = 0; agreed < followed.length; ) {
        for (const list of followed) {
          const seq = await list.next(reached);
          if (seq === undefined) return undefined;
          agreed = seq === reached ? agreed + 1 : 1;
          reached = seq;
        }
      }
      return reached;
    },
    reached: () => reached,
  };
}

/**
 * Messages that hold a word with a beginning. What few messages hold is read at once; a word that fills a page becomes a list of its own,
 * and reading goes on behind it.
 *
 * @returns undefined where too many words begin so.
 */
export async function prefixList(lookup: Lookup, prefix: string): Promise<SeqList | undefined> {
  const few: number[] = [];
  const lists: SeqList[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < PREFIX_PAGES; pages++) {
    const { places, end } = await pagePrefix(lookup.table, lookup.room, prefix, {
      after,
      limit: PREFIX_PAGE,
    });
    const last = end ? undefined : places.at(-1)?.word;
    few.push(...places.filter(({ word }) => word !== last).map(({ seq }) => seq));
    if (last === undefined) return unionOf([fixedList(few), ...lists]);
    lists.push(wordList(lookup, last));
    after = last;
  }
  return undefined;
}
