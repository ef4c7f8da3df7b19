import { describe, expect, it } from 'vitest';
import { numberOf, textOf } from '../../bench/message-text.ts';
import { parseOptions } from '../../bench/options.ts';
import { dueAt, scenarios, speakerOf, totalOf } from '../../bench/scenarios.ts';

describe('scenarios', () => {
  it('are the six of the measures, with the rates that they name', () => {
    const perSecond = (each: 'member' | 'room') =>
      scenarios(each).map(({ name, load }) => [
        name,
        load.kind === 'open' ? load.perSecond : load.unanswered,
      ]);
    expect(perSecond('member')).toEqual([
      ['S1', 100],
      ['S2', 5],
      ['S3a', 200],
      ['S3b', 8],
      ['S4', 100],
      ['S5', 1],
    ]);
    expect(perSecond('room')).toEqual([
      ['S1', 10],
      ['S2', 5],
      ['S3a', 200],
      ['S3b', 8],
      ['S4', 10],
      ['S5', 1],
    ]);
  });

  it('let everyone speak in turn, a room after the other', () => {
    const spoke = Array.from({ length: 6 }, (_, n) => speakerOf(n, 2, 3));
    expect(spoke.map(({ room, member }) => `${room}/${member}`)).toEqual([
      '0/0',
      '1/0',
      '0/1',
      '1/1',
      '0/2',
      '1/2',
    ]);
    expect(speakerOf(6, 2, 3)).toEqual({ room: 0, member: 0 });
  });

  it('let an open rate rise evenly first, with half as many messages as it will have', () => {
    const due = (n: number) => dueAt(n, 10, 4);
    expect([0, 5, 20, 21, 40].map(due)).toEqual([0, 2000, 4000, 4100, 6000]);
    expect(totalOf(10, 4, 15)).toBe(170);
    expect(due(169)).toBeLessThan(19_000);
  });
});

describe('the text of a message', () => {
  it('carries its number there and back', () => {
    for (const number of [0, 1, 123_456_789]) expect(numberOf(textOf(number))).toBe(number);
    expect(textOf(5)).toHaveLength(100);
  });

  it('is told from any other text', () => {
    for (const text of ['', 'hello', 'bench ', 'bench 12', 'bench 12345678x the']) {
      expect(numberOf(text)).toBeUndefined();
    }
  });
});

describe('options', () => {
  it('default to every scenario on every server', () => {
    expect(parseOptions([])).toMatchObject({
      only: [],
      servers: ['parley', 'socket.io', 'ws'],
      seconds: undefined,
      warmUp: 10,
      each: 'room',
      startArguments: [],
    });
  });

  it('take lists, numbers and arguments for the start', () => {
    const args = ['--only', 'S1,S2', '--servers', 'parley,ws', '--seconds', '3', '--', '--data', 'x'];
    expect(parseOptions(args)).toMatchObject({
      only: ['S1', 'S2'],
      servers: ['parley', 'ws'],
      seconds: 3,
      startArguments: ['--data', 'x'],
    });
  });

  it.each([
    [['--servers', 'apache'], /there is no server apache/],
    [['--seconds', '0'], /--seconds needs a number above 0/],
    [['--warm-up', 'long'], /--warm-up needs a number above 0/],
    [['--each', 'table'], /--each is member or room/],
    [['--loud'], /--loud/],
  ])('refuse %j', (args, reason) => {
    expect(() => parseOptions(args)).toThrow(reason);
  });
});
