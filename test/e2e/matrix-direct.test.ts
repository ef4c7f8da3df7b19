import { beforeAll, describe, expect, it } from 'vitest';
import { deviates } from './deviations.ts';
import { Pairs } from './matrix-direct.ts';
import { readDirectPermissions, readPermissions } from './permissions.ts';

/** Pairs that are walked with at the same time: each has its own share of the rate limits. */
const SETS = 4;

const rows = readDirectPermissions();
const title = ({ call, what }: { readonly call: string; readonly what: string }) =>
  what === '' ? call : `${call}, ${what}`;

describe('docs/permissions.md, of direct rooms', () => {
  it('has a row for each call about one room that the tables of other rooms have', () => {
    const others = readPermissions().filter(({ call }) => call.includes('{room}'));
    const told = new Set(rows.map(({ call }) => call));
    expect(others.map(({ call }) => call).filter((call) => !told.has(call))).toEqual([]);
    expect(new Set(rows.map(title)).size).toBe(rows.length);
  });
});

describe.skipIf(deviates('crowd'))('in a direct room', () => {
  let pairs: Pairs[];
  beforeAll(async () => {
    pairs = await Promise.all(Array.from({ length: SETS }, () => Pairs.gather()));
  });

  it.concurrent.each(rows.map((row, index) => [title(row), row, index] as const))(
    'P6 members only, P8 clean refusals: %s',
    async (_, row, index) => {
      expect(await pairs[index % SETS]?.walk(row)).toEqual(row.outcomes);
    },
  );
});
