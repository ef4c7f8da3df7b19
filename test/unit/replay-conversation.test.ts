import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConversation } from '../../scripts/replay/conversation.ts';

const MINUTE = 60_000;

function said(day: string, line: number, at: string): string {
  return JSON.stringify({ day, line, at, kind: 'message', nick: 'ann', text: `line ${line}` });
}

/** Minutes at which the lines of one day are due. */
function minutes(...times: string[]): number[] {
  const [day] = parseConversation(times.map((at, line) => said('2004-12-25', line, at)).join('\n'));
  return day?.lines.map(({ due }) => due / MINUTE) ?? [];
}

describe('parseConversation', () => {
  it('splits the record into its days, in order', () => {
    const days = parseConversation(
      [
        said('2004-12-25', 0, '09:14'),
        said('2004-12-25', 1, '09:15'),
        said('2006-01-12', 0, '10:00'),
        '',
      ].join('\n'),
    );
    expect(days.map(({ day, lines }) => [day, lines.length])).toEqual([
      ['2004-12-25', 2],
      ['2006-01-12', 1],
    ]);
  });

  it('starts each day at 0 and spreads the lines of one minute over it', () => {
    expect(minutes('09:14', '09:14', '09:15', '09:20')).toEqual([0, 0.5, 1, 6]);
  });

  it('goes over midnight on either clock', () => {
    expect(minutes('23:59', '00:01')).toEqual([0, 2]);
    expect(minutes('11:55', '00:05')).toEqual([0, 10]);
  });

  it('lets people come and go in the minute of the message before', () => {
    const join = JSON.stringify({ day: '2004-12-25', line: 1, kind: 'join', nick: 'bob' });
    const [day] = parseConversation([said('2004-12-25', 0, '09:14'), join].join('\n'));
    expect(day?.lines.map(({ line, due }) => [line.kind, due])).toEqual([
      ['message', 0],
      ['join', MINUTE / 2],
    ]);
  });

  it.each([
    ['', /there is no line in it/],
    ['{', /line 1 is not JSON/],
    [
      `${said('d', 0, '09:14')}\n{"kind":"message","day":"d","line":1,"nick":"a","at":"9h","text":"x"}`,
      /line 2: at/,
    ],
    ['{"kind":"shout","day":"d","line":1,"nick":"a"}', /line 1: kind/],
  ])('refuses %j', (text, reason) => {
    expect(() => parseConversation(text)).toThrow(reason);
  });

  it('reads the day that is shipped', () => {
    const file = new URL('../fixtures/irc/2004-12-25.jsonl', import.meta.url);
    const [day, ...others] = parseConversation(readFileSync(file, 'utf8'));
    expect(others).toEqual([]);
    const kinds = day?.lines.map(({ line }) => line.kind) ?? [];
    expect(kinds.filter((kind) => kind === 'message')).toHaveLength(1165);
    expect(new Set(day?.lines.map(({ line }) => line.nick)).size).toBe(240);
    const dues = day?.lines.map(({ due }) => due) ?? [];
    expect(dues).toEqual([...dues].sort((a, b) => a - b));
  });
});
