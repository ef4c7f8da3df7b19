import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findTerms, readTerms } from '../../shared/chat/search-terms.ts';
import { beginsStopWord, isStopWord } from '../../shared/chat/stop-words.ts';
import { fold, indexedForm, MAX_WORDS, wordsOf } from '../../shared/chat/words.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(..."aÀ1 .'’-#_が゛ﾊﾞहिन्ज़ﷺßẞςΣİıйї\u0301\u0306\u0308\u0323\u094d\u200d\u00ad"),
    maxLength: 40,
  }),
);

describe('words', () => {
  it.each([
    ['ÉCOLE École e\u0301cole', ['ecole', 'ecole', 'ecole']],
    ['STRASSE Straße', ['strasse', 'strasse']],
    ['İstanbul ısparta', ['istanbul', 'isparta']],
    ['ΟΔΟΣ οδός', ['οδοσ', 'οδοσ']],
    ['Ёлка МОЙ мои їжак', ['елка', 'мой', 'мои', 'їжак']],
    ['مُحَمَّد محـمد', ['محمد', 'محمد']],
    ['שָׁלוֹם', ['שלום']],
    ['हिन्दी कि की क', ['हिन्दी', 'कि', 'की', 'क']],
    ['我住在北京', ['我', '住在', '北京']],
    ['東京に住む', ['東京', 'に', '住む']],
    ['カギ ｶﾞ', ['カギ', 'ガ']],
    ['ภาษาไทย', ['ภาษา', 'ไทย']],
    ['한국 Ｈｅｌｌｏ Łódź', ['한국', 'hello', 'lodz']],
    ['й\u00ad\u094d й\u0323 ї\u0323', ['й\u094d', 'й', 'ї']],
    ['STRAẞE Straße strasse', ['strasse', 'strasse', 'strasse']],
    ['don’t 3.14 foo_bar a.b x-y', ["don't", '3.14', 'foo_bar', 'a.b', 'x', 'y']],
    ['ﷺ', ['صلى', 'الله', 'عليه', 'وسلم']],
    ['__ — 🎉 ?!', []],
  ])('of %s', (text, words) => {
    expect(wordsOf(text).map(({ word }) => word)).toEqual(words);
  });

  it('of any text lie in it, hold no separator of keys, and are not folded any further', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const folded = fold(text);
        let last = 0;
        for (const { word, start, end } of wordsOf(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          last = start;
          expect(word).not.toContain('#');
          expect(fold(word)).toBe(word);
          expect(folded).toContain(word);
          expect(Buffer.byteLength(indexedForm(word))).toBeLessThan(1_000);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of any message are found by each of them and by its beginning', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { word, start, end } of wordsOf(text)) {
          const [first = ''] = word;
          expect(findTerms(text, { words: [word], prefix: first })).toContainEqual([start, end]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are found up to a number of different ones', () => {
    const many = Array.from({ length: MAX_WORDS + 5 }, (_, n) => `w${n}`);
    const words = wordsOf([...many, 'w0'].join(' '));
    expect(new Set(words.map(({ word }) => word)).size).toBe(MAX_WORDS);
    expect(words.at(-1)?.word).toBe('w0');
  });
});

describe('a query', () => {
  it('is its words, the last one as a beginning', () => {
    expect(readTerms('The Quick, quick BROWN fo', 'search')).toEqual({
      words: ['the', 'quick', 'brown'],
      prefix: 'fo',
    });
  });

  it.each(['', ' ', '…', '🎉', 'the', 'The AND of', Array.from({ length: 10_000 }, (_, n) => n).join(' ')])(
    'that can’t be looked up is refused',
    (q) => {
      expect(() => readTerms(q, 'search')).toThrow(expect.objectContaining({ code: 'bad_request' }));
    },
  );

  it('knows the words that are not in the index, and what may be one', () => {
    expect(['the', 'में', '的', 'и'].every(isStopWord)).toBe(true);
    expect(['t', 'th', 'the', 'मे'].every(beginsStopWord)).toBe(true);
    expect(['them e', 'thea', 'ubuntu'].some(beginsStopWord)).toBe(false);
  });
});
