import { describe, expect, it } from 'vitest';
import type { Inline } from '../../web/text/inline.ts';
import { parse } from '../../web/text/parse.ts';
import { plainOf } from '../../web/text/plain.ts';

const bob = (name: string) => name === 'bob';

function inline(text: string, mentioned = bob): readonly Inline[] {
  const [block] = parse(text, mentioned);
  if (block?.kind !== 'text') throw new Error(`${block?.kind} is no text`);
  return block.children;
}

describe('the text of a message', () => {
  it('is text where it has no marks', () => {
    expect(parse('hello\nthere')).toEqual([
      { kind: 'text', children: [{ kind: 'text', text: 'hello\nthere' }] },
    ]);
  });

  it('has code spans, in which nothing else is a mark', () => {
    expect(inline('see `@bob **x**` there')).toEqual([
      { kind: 'text', text: 'see ' },
      { kind: 'code', text: '@bob **x**' },
      { kind: 'text', text: ' there' },
    ]);
  });

  it('has code blocks, with blanks and marks as they were written', () => {
    expect(parse('so:\n```ts\n  **a** < b\n\n```\nyes')).toEqual([
      { kind: 'text', children: [{ kind: 'text', text: 'so:' }] },
      { kind: 'code', text: '  **a** < b\n' },
      { kind: 'text', children: [{ kind: 'text', text: 'yes' }] },
    ]);
  });

  it('leaves a fence that nothing closes as it is', () => {
    expect(parse('```\nopen')).toEqual([{ kind: 'text', children: [{ kind: 'text', text: '```\nopen' }] }]);
  });

  it('quotes lines that begin with >', () => {
    expect(parse('> one\n> two\nthree')).toEqual([
      { kind: 'quote', children: [{ kind: 'text', text: 'one\ntwo' }] },
      { kind: 'text', children: [{ kind: 'text', text: 'three' }] },
    ]);
  });

  it.each([
    ['https://a.example/x', 'https://a.example/x'],
    ['(https://a.example/x).', 'https://a.example/x'],
    ['https://a.example/x_(y)', 'https://a.example/x_(y)'],
    ['https://a.example/?q=1&r=2, and', 'https://a.example/?q=1&r=2'],
    ['HTTP://A.example/ü!', 'HTTP://A.example/ü'],
  ])('finds the address in %s', (text, address) => {
    const links = inline(text).filter((piece) => piece.kind === 'link');
    expect(links.map(({ text: found }) => found)).toEqual([address]);
  });

  it('makes links of web addresses alone', () => {
    for (const text of [
      'javascript:alert(1)',
      'data:text/html,x',
      'https://',
      'ftp://a.example',
      'http://[',
    ]) {
      expect(inline(text).some(({ kind }) => kind === 'link')).toBe(false);
    }
  });

  it('mentions those who are mentioned, up to the end of the name', () => {
    expect(inline('@bob. @Bob and @carol, me@bob.example')).toEqual([
      { kind: 'mention', name: 'bob', text: '@bob' },
      { kind: 'text', text: '. ' },
      { kind: 'mention', name: 'bob', text: '@Bob' },
      { kind: 'text', text: ' and @carol, me@bob.example' },
    ]);
  });

  it('has emphasis around words, and stars and underscores elsewhere', () => {
    expect(inline('**so** _it_ ~~was~~')).toEqual([
      { kind: 'strong', children: [{ kind: 'text', text: 'so' }] },
      { kind: 'text', text: ' ' },
      { kind: 'emphasis', children: [{ kind: 'text', text: 'it' }] },
      { kind: 'text', text: ' ' },
      { kind: 'deleted', children: [{ kind: 'text', text: 'was' }] },
    ]);
    for (const text of ['2 ** 3 ** 4', 'snake_case_name', '** x **', '~~~', '__init__', '****']) {
      expect(inline(text)).toEqual([{ kind: 'text', text }]);
    }
  });

  it('is read in a moment, whatever it is', () => {
    for (const piece of ['`', '**', '_a', '~~', '@', 'https://', ')', '> ', '```\n', '**_~~']) {
      const text = piece.repeat(4_000 / piece.length);
      const started = performance.now();
      parse(text, bob);
      expect(performance.now() - started).toBeLessThan(500);
    }
  });

  it('is told in one line without marks', () => {
    expect(plainOf('**not** _one_\n```\ncode\n```\n> said')).toBe('not one code said');
  });
});
