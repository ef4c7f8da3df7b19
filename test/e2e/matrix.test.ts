import { beforeAll, describe, expect, it } from 'vitest';
import { endpoint } from '../helper/endpoint.ts';
import { deviates } from './deviations.ts';
import { Cast, servedCalls } from './matrix.ts';
import { WAYS, wayOf } from './matrix-calls.ts';
import { type Row, readPermissions } from './permissions.ts';

/** Casts that walk at the same time: each has its own share of the rate limits. */
const CASTS = 8;

const rows = readPermissions();
const title = ({ call, what }: Row) => (what === '' ? call : `${call}, ${what}`);

describe('docs/permissions.md', () => {
  it('has a row for every command and every call that the service serves, and each row is walked', async () => {
    const rowsOf = new Set(rows.map(({ call }) => call));
    const served = await servedCalls(endpoint());
    expect(served.filter((call) => !rowsOf.has(call))).toEqual([]);
    const calls = [...rowsOf].filter((call) => call.includes(' '));
    expect(calls.filter((call) => !served.includes(call))).toEqual([]);
    const walked = new Set(rows.map((row) => wayOf(row.call, row.what)));
    expect(Object.entries(WAYS).filter(([, way]) => !walked.has(way))).toEqual([]);
    expect(new Set(rows.map(title)).size).toBe(rows.length);
  });
});

describe.skipIf(deviates('crowd')).each(['public', 'private'] as const)('in a %s room', (kind) => {
  let casts: Cast[];
  beforeAll(async () => {
    casts = await Promise.all(Array.from({ length: CASTS }, () => Cast.gather()));
  });

  it.concurrent.each(rows.map((row, index) => [title(row), row, index] as const))(
    'P6 members only, P8 clean refusals: %s',
    async (_, row, index) => {
      const { spends } = wayOf(row.call, row.what);
      const cast = spends ? await Cast.gather() : casts[index % CASTS];
      const expected = kind === 'public' ? row.inPublic : row.inPrivate;
      expect(await cast?.walk(row, kind)).toEqual(expected);
    },
  );
});
