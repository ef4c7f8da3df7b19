/**
 * The words of a text as search knows them: what the projector writes and what a query asks for come from here, so that they are equal
 * by construction. The text itself is never changed (docs/protocol.md, "Search").
 */

/** A word of a text, folded, and where it stands: UTF-16 code units, half open. */
export interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Different words of one message that are found; those behind them are not. A page of a book has about as many. */
export const MAX_WORDS = 256;
/** Code points of a word that the index holds: longer ones are told apart by the message's own text. Keeps keys below 1,024 bytes. */
const MAX_INDEXED = 32;

/** Word boundaries of UAX #29, by dictionary where a script puts no spaces. The locale is fixed: an index must not depend on a machine's. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

const ASCII = /^[\0-\x7f]*$/;
/**
 * What may be left out without it being another word: accents and points of scripts that read without them, characters that show nothing,
 * and the stroke that only makes an Arabic word longer. Vowel signs and viramas of Indic scripts, Thai and the like are marks, too, but are
 * how a word is spelled, as are the voicing marks of kana: they stay.
 */
const ACCENTS =
  /[[\p{M}&&[\p{sc=Zinh}\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}]]--[\u3099\u309a]]|\p{DI}|\u0640/gv;
/** й, ў and ї: letters of their own that decompose into another letter and a mark, before which NFKD puts other marks (a virama, a dot below). */
const CYRILLIC_LETTERS = /[ИиУу]\p{M}*?\u0306|[Іі]\p{M}*?\u0308/gu;
/** Letters with a stroke, which have no decomposition and are typed without it by whoever lacks the key. */
const STROKES: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', đ: 'd', ħ: 'h', ŧ: 't' };

/**
 * A text without what search ignores: case, accents, forms of the same character (NFKD), kinds of apostrophe. Folding twice changes
 * nothing more.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return (
    text
      .normalize('NFKD')
      .replace(
        CYRILLIC_LETTERS,
        (marked) => `${marked[0]}${marked.slice(-1)}`.normalize('NFC') + marked.slice(1, -1),
      )
      .replace(ACCENTS, '')
      // Through upper case: ß and ı have one, and no lower case that makes them equal to what they are written as elsewhere. ẞ has only a lower.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .replaceAll('’', "'")
      .replace(/[łøđħŧ]/g, (letter) => STROKES[letter] ?? letter)
      // What is left belongs together again: か is no beginning of が.
      .normalize('NFC')
  );
}

/** All words of a text, in its order; a word as often as it stands there. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const different = new Set<string>();
  for (const { segment, index, isWordLike } of segmenter.segment(text)) {
    if (!isWordLike) continue;
    // One character may stand for several words (U+FDFA).
    for (const word of fold(segment).split(' ')) {
      if (!/[\p{L}\p{N}]/u.test(word)) continue;
      if (different.size < MAX_WORDS) different.add(word);
      if (different.has(word)) words.push({ word, start: index, end: index + segment.length });
    }
  }
  return words;
}

/** The form of a word, or of its beginning, in the index. */
export function indexedForm(word: string): string {
  return word.length <= MAX_INDEXED ? word : [...word].slice(0, MAX_INDEXED).join('');
}
