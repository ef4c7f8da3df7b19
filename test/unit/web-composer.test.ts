import { describe, expect, it } from 'vitest';
import { readRoute, writeRoute } from '../../web/app/route.ts';
import { candidatesFor, complete, completingAt } from '../../web/composer/completion.ts';
import { charactersLeft, lengthProblem } from '../../web/composer/length.ts';
import { isNamesOnly, namesOf, sizeText } from '../../web/files/file-names.ts';
import { titleOf } from '../../web/notifications/title.ts';
import { listOf } from '../../web/people/names.ts';
import { isOnlyEmoji } from '../../web/text/emoji-only.ts';
import { HUES, hueOf, initialsOf } from '../../web/ui/hue.ts';
import { place } from '../../web/ui/place.ts';

describe('completion', () => {
  it('looks for a mention or an emoji before the caret', () => {
    expect(completingAt('hi @Bo', 6)).toEqual({ kind: 'mention', query: 'bo', start: 3, end: 6 });
    expect(completingAt('@', 1)).toEqual({ kind: 'mention', query: '', start: 0, end: 1 });
    expect(completingAt('so :smi', 7)).toEqual({ kind: 'emoji', query: 'smi', start: 3, end: 7 });
    for (const text of ['me@bob', 'at 10:30', ':)', 'hi @bob there', '']) {
      expect(completingAt(text, text.length)).toBeUndefined();
    }
  });

  it('writes what was chosen in place of what was typed', () => {
    const at = { kind: 'mention', query: 'bo', start: 3, end: 6 } as const;
    expect(complete('hi @bo', at, '@bob')).toEqual({ text: 'hi @bob ', caret: 8 });
    expect(complete('hi @bo there', at, '@bob')).toEqual({ text: 'hi @bob there', caret: 7 });
  });

  it('offers ids before names, and words of names', () => {
    const people = [
      { user: 'zoe', name: 'Anna Bode' },
      { user: 'bob', name: 'Robert' },
      { user: 'carol', name: 'Carol' },
    ];
    expect(candidatesFor('bo', people).map(({ user }) => user)).toEqual(['bob', 'zoe']);
    expect(candidatesFor('', people)).toHaveLength(3);
  });
});

describe('the length of a text', () => {
  it('is told when it matters, in characters as the service counts them', () => {
    expect(charactersLeft('x'.repeat(3_000))).toBeUndefined();
    expect(charactersLeft('x'.repeat(3_990))).toBe(10);
    expect(charactersLeft('🚆'.repeat(2_000))).toBeUndefined();
    expect(lengthProblem('🚆'.repeat(4_000))).toBeUndefined();
    expect(lengthProblem('x'.repeat(4_001))).toMatch(/^1 characters too long/);
  });
});

describe('files', () => {
  it('are the text of a message without words, which is not shown twice', () => {
    const files = [{ name: 'a.png' }, { name: 'b.pdf' }];
    expect(isNamesOnly(namesOf(files), files)).toBe(true);
    expect(isNamesOnly('see these', files)).toBe(false);
    expect(isNamesOnly('', undefined)).toBe(false);
  });

  it('have sizes that people read', () => {
    expect([640, 12_345, 3_400_000, 5_368_709_120].map(sizeText)).toEqual([
      '640 bytes',
      '12 KB',
      '3.4 MB',
      '5.4 GB',
    ]);
  });
});

describe('addresses', () => {
  it('lead to what they were written from', () => {
    for (const route of [
      {},
      { room: 'general' },
      { room: 'general', at: 17 },
      { room: 'general', thread: 4, panel: 'pins' },
    ] as const) {
      expect(readRoute(writeRoute(route))).toEqual(route);
    }
  });

  it('that are none lead to the rooms', () => {
    for (const hash of ['', '#', '#/No Room', '#/../x', '#/?at=0&panel=nothing&thread=-1']) {
      expect(readRoute(hash)).toEqual({});
    }
  });
});

describe('small things', () => {
  it('put a number into the title for what calls, and a dot for what is new', () => {
    expect(titleOf('General', 3, true)).toBe('(3) General · Parley');
    expect(titleOf('', 0, true)).toBe('• Parley');
    expect(titleOf('', 140, true)).toBe('(99+) Parley');
  });

  it('name people in a list', () => {
    expect(listOf(['Ann'])).toBe('Ann');
    expect(listOf(['Ann', 'Bob'])).toBe('Ann and Bob');
    expect(listOf(['Ann', 'Bob', 'Cy', 'Di', 'Ed'])).toBe('Ann, Bob and 3 others');
  });

  it('tell people apart by initials and colours', () => {
    expect([initialsOf('Ann Lee'), initialsOf('bob'), initialsOf('***')]).toEqual(['AL', 'B', '?']);
    expect(hueOf('alice')).toBe(hueOf('alice'));
    expect(hueOf('alice')).toBeLessThan(HUES);
  });

  it('show a few emoji larger', () => {
    expect(isOnlyEmoji('👏🎊')).toBe(true);
    expect(isOnlyEmoji('👩‍👩‍👧‍👦 ❤️')).toBe(true);
    for (const text of ['1', 'ok 👍', '', '#', '👍'.repeat(9)]) expect(isOnlyEmoji(text)).toBe(false);
  });

  it('keep popovers in the window, below what they belong to where there is room', () => {
    const view = { width: 1000, height: 800 };
    const size = { width: 200, height: 300 };
    expect(place({ left: 100, right: 130, top: 100, bottom: 130 }, size, view)).toEqual({
      left: 100,
      top: 136,
    });
    expect(place({ left: 950, right: 980, top: 700, bottom: 730 }, size, view)).toEqual({
      left: 780,
      top: 394,
    });
  });
});
