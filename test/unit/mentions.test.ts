import { describe, expect, it } from 'vitest';
import { namesIn } from '../../shared/chat/mentions.ts';

describe('the names that a text may mention', () => {
  it.each([
    ['hello @bob', ['bob']],
    ['@Bob, @carol: look', ['bob', 'carol']],
    ['ask @bob.', ['bob.', 'bob']],
    ['(@mary-jane_2)', ['mary-jane_2']],
    ['@bob @bob', ['bob']],
    ['привет @bob', ['bob']],
    ['mail bob@example.org', []],
    ['@@bob', []],
    ['@b', []],
    ['nothing', []],
  ])('%s', (text, names) => {
    expect(namesIn(text)).toEqual(names);
  });

  it('takes time in proportion to the text', () => {
    const started = performance.now();
    namesIn('@a'.repeat(2_000));
    namesIn(`@${'.'.repeat(3_999)}`);
    namesIn(`@a${'-'.repeat(3_998)}`);
    expect(performance.now() - started).toBeLessThan(200);
  });
});
