import { describe, expect, it } from 'vitest';
import { judge, readWordList } from '../../shared/chat/word-list.ts';

const list = readWordList('darn, Größe ,!slur,, ');

describe('the word list', () => {
  it.each(['good morning', 'undarned', 'darning needles', ''])('lets "%s" pass', (text) => {
    expect(judge(list, text)).toEqual({ decision: 'pass' });
  });

  it.each([
    ['Oh DARN, dárn it!', 'Oh ****, **** it!'],
    ['die Größe, die GRO\u0308ßE', 'die *****, die ******'],
    ['darn🦊darn', '****🦊****'],
  ])('masks "%s"', (text, changed) => {
    expect(judge(list, text)).toEqual({ decision: 'change', text: changed });
  });

  it.each(['a Slur', 'darn slur', 'slur'])('refuses "%s"', (text) => {
    expect(judge(list, text)).toMatchObject({ decision: 'refuse', reason: expect.any(String) });
  });
});
