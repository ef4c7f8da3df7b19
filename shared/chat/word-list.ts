/** The example of a moderation hook: a list of words, some masked, some refused. */
import type { Verdict } from './moderation.ts';

export interface WordList {
  readonly masked: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
}

/** @param text words parted by commas; a message with one that begins with `!` is refused, the others are masked. */
export function readWordList(text: string): WordList {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  return {
    masked: new Set(words.filter((word) => !word.startsWith('!')).map(essence)),
    refused: new Set(words.filter((word) => word.startsWith('!')).map((word) => essence(word.slice(1)))),
  };
}

/** What becomes of a text: whole words count, neither their case nor their accents do. */
export function judge({ masked, refused }: WordList, text: string): Verdict {
  let verdict: Verdict = { decision: 'pass' };
  const changed = text.replace(/[\p{L}\p{N}\p{M}]+/gu, (word) => {
    const one = essence(word);
    if (refused.has(one)) verdict = { decision: 'refuse', reason: 'it holds a word that is not wanted here' };
    return masked.has(one) ? '*'.repeat([...word].length) : word;
  });
  return verdict.decision === 'pass' && changed !== text ? { decision: 'change', text: changed } : verdict;
}

function essence(word: string): string {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
