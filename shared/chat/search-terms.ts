/** What a search asks for, and whether a text has it. */
import { ParleyError } from '../protocol/errors.ts';
import { isStopWord } from './stop-words.ts';
import { fold, type Word, wordsOf } from './words.ts';

/** Different words of one query, at most: each is looked up by itself. */
const MAX_TERMS = 16;

export interface Terms {
  /** Words that a text must hold, folded. */
  readonly words: readonly string[];
  /** What one of its words must begin with: the last word of the query, which may not be finished. */
  readonly prefix: string;
}

/** A part of a text: UTF-16 code units, half open. */
export type Range = [start: number, end: number];

/** @throws {ParleyError} `bad_request` for a query without a word, of too many, or of only the most common ones. */
export function readTerms(q: string, operation: string): Terms {
  const words = wordsOf(q).map(({ word }) => word);
  const prefix = words.pop();
  if (prefix === undefined) throw refusal(operation, 'must hold a word');
  const different = new Set(words);
  if (different.size >= MAX_TERMS) throw refusal(operation, `must hold at most ${MAX_TERMS} different words`);
  if ([...different, prefix].every(isStopWord)) {
    throw refusal(operation, 'must hold a word beside the most common ones');
  }
  return { words: [...different], prefix };
}

function refusal(operation: string, reason: string): ParleyError {
  return new ParleyError('bad_request', operation, `q ${reason}`, { issues: [{ path: 'q', reason }] });
}

/** Where a text has what is asked for, ascending; undefined where it has not all of it. */
export function findTerms(text: string, { words, prefix }: Terms): Range[] | undefined {
  const folded = fold(text);
  // Much cheaper than to cut the text into words, and most of a log ends here.
  if (!folded.includes(prefix) || !words.every((word) => folded.includes(word))) return undefined;
  const found = wordsOf(text).filter(({ word }) => words.includes(word) || word.startsWith(prefix));
  const isThere = (is: (word: string) => boolean) => found.some(({ word }) => is(word));
  if (!isThere((word) => word.startsWith(prefix))) return undefined;
  if (!words.every((wanted) => isThere((word) => word === wanted))) return undefined;
  return rangesOf(found);
}

/** One character may stand for several words: it is marked once. */
function rangesOf(words: readonly Word[]): Range[] {
  return [...new Map(words.map(({ start, end }): [number, Range] => [start, [start, end]])).values()];
}
