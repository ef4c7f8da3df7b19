import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../scripts/replay/options.ts';

describe('the options of the replay', () => {
  it('default to full speed, a fresh room and the service on this machine', () => {
    expect(parseOptions(['day.jsonl'], 1_000_000)).toEqual({
      file: 'day.jsonl',
      room: 'replay-lfls',
      speed: undefined,
      http: 'http://localhost:3000',
      websocket: 'ws://localhost:3000/ws',
      day: undefined,
      seed: 'parley',
      prefix: 'irc-',
      concurrency: 32,
      report: undefined,
    });
  });

  it('find the WebSocket beside the HTTP address unless told', () => {
    const websocket = (...args: string[]) => {
      const options = parseOptions(['f', ...args], 0);
      return options === 'help' ? options : options.websocket;
    };
    expect(websocket('--url', 'https://chat.example')).toBe('wss://chat.example/ws');
    expect(websocket('--url', 'https://a.example', '--websocket', 'wss://b.example/dev')).toBe(
      'wss://b.example/dev',
    );
  });

  it('give the usage where it is asked for', () => {
    expect(parseOptions(['--help'], 0)).toBe('help');
  });

  it.each([
    [[], /it takes one file/],
    [['a', 'b'], /it takes one file/],
    [['a', '--speed', '0'], /--speed 0 is not a number above 0/],
    [['a', '--room', 'No Room'], /--room No Room is not a room id/],
    [['a', '--prefix', 'far-too-long-'], /--prefix/],
    [['a', '--prefix', 'x-'], /--prefix/],
    [['a', '--url', 'localhost:3000'], /localhost:3000 is not an address/],
    [['a', '--loud'], /--loud/],
  ])('refuse %j', (args, reason) => {
    expect(() => parseOptions(args, 0)).toThrow(reason);
  });
});
