import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitNewest } from '../../functions/websocket/fit.ts';
import { callbackOf } from '../../functions/websocket/handshake.ts';
import { parseFrame } from '../../functions/websocket/strict-json.ts';

const read = (body: string) => parseFrame({ body }, 'test');

describe('parseFrame', () => {
  it('reads what JSON.parse reads, where each key comes once', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })).filter((value) => !hasProto(value)),
        fc.constantFrom(undefined, 1, '\t'),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space);
          expect(read(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('refuses any object in which a key comes twice, however it is written and wherever it is', () => {
    const asIs = (key: string) => JSON.stringify(key);
    const escaped = (key: string) =>
      `"${[...key].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== '__proto__'),
        fc.constantFrom(asIs, escaped),
        fc.jsonValue({ maxDepth: 2 }).filter((value) => !hasProto(value)),
        fc.boolean(),
        (key, write, between, within) => {
          const twice = `{${asIs(key)}:1,"other-${key.length}-key":${JSON.stringify(between)},${write(key)}:2}`;
          expect(() => read(within ? `{"a":[${twice}]}` : twice)).toThrow('a key comes twice');
        },
      ),
    );
  });

  it('does not mistake the text of a string for structure', () => {
    const text = '{"a":"{\\"b\\":1,\\"b\\":2}","b":":\\\\","c":["a","a"],"d":{"a":1}}';
    expect(read(text)).toEqual(JSON.parse(text));
  });

  it('lets an object’s and its neighbour’s keys be the same', () => {
    expect(read('{"a":{"x":1},"b":{"x":1}}')).toEqual({ a: { x: 1 }, b: { x: 1 } });
  });
});

function hasProto(value: unknown): boolean {
  return JSON.stringify(value).includes('"__proto__"');
}

describe('callbackOf', () => {
  const request = { connectionId: 'c', domainName: 'abc.execute-api.eu-west-1.amazonaws.com', stage: 'prod' };

  it('is the configured address, where there is one', () => {
    expect(callbackOf({ callbackUrl: 'http://gateway:4566/x' }, request)).toBe('http://gateway:4566/x');
  });

  it('is the API that the client came through otherwise, and plain HTTP on this machine only', () => {
    const callback = (domainName: string) =>
      callbackOf({ callbackUrl: undefined }, { ...request, domainName });
    expect(callback(request.domainName)).toBe('https://abc.execute-api.eu-west-1.amazonaws.com/prod');
    expect(callback('localhost:3000')).toBe('http://localhost:3000/prod');
    expect(callback('127.0.0.1:41234')).toBe('http://127.0.0.1:41234/prod');
    expect(() => callback('')).toThrow('names no domain');
    expect(() => callback('a b')).toThrow('names no domain');
    expect(callback('127.0.0.1.example.com')).toBe('https://127.0.0.1.example.com/prod');
  });
});

describe('fitNewest', () => {
  it('keeps the newest that fit, in their order, and one at least', () => {
    const big = 'x'.repeat(60 * 1024);
    expect(fitNewest(['old', big, 'newer', 'new'])).toEqual(['old', big, 'newer', 'new']);
    expect(fitNewest(['old', big, big, 'new'])).toEqual([big, 'new']);
    expect(fitNewest(['a', 'x'.repeat(200 * 1024)])).toHaveLength(1);
    expect(fitNewest([])).toEqual([]);
  });
});
