import { describe, expect, it } from 'vitest';
import { roundsOf } from '../../bench/counting-proxy.ts';
import type { ScenarioResult } from '../../bench/load.ts';
import { broken, limitLines, resultTable } from '../../bench/report.ts';
import { table } from '../../bench/table.ts';

function result(changed: Partial<ScenarioResult>): ScenarioResult {
  return {
    scenario: 'S1',
    server: 'parley',
    seconds: 20,
    latency: { count: 100, p50: 9, p95: 20, p99: 39, max: 50 },
    messages: 2200,
    owed: 22_000,
    lost: 0,
    doubled: 0,
    outOfOrder: 0,
    overtaken: 0,
    unknown: 0,
    refused: 0,
    messagesPerSecond: 100,
    deliveriesPerSecond: 1000,
    memory: { peakMiB: 200.4, processes: [], cpuSeconds: 7 },
    connectionsLost: 0,
    lag: { count: 100, p50: 0.5, p95: 1, p99: 1, max: 2 },
    generatorCores: 0.2,
    refusals: {},
    ...changed,
  };
}

describe('the report', () => {
  it('shows a line a result', () => {
    const lines = resultTable([result({}), result({ server: 'ws' })]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^S1 +parley +9\.0 +20\.0 +39\.0 +50\.0 +100 +1,000 +22,000 +0 +0 +0 +0 +200$/);
  });

  it('holds Parley, and Parley alone, to its limits', () => {
    const slow = { latency: { count: 1, p50: 11, p95: 20, p99: 40, max: 50 } };
    expect(limitLines([result(slow), result({ ...slow, server: 'ws' })])).toEqual([
      'S1 p50: 11.0 ms, at most 10 ms: MISSED',
      'S1 p99: 40.0 ms, at most 40 ms: kept',
    ]);
  });

  it.each(['lost', 'doubled', 'outOfOrder', 'unknown'] as const)(
    'P4 delivered: %s is a broken promise',
    (count) => {
      expect(broken([result({})])).toEqual([]);
      expect(broken([result({ [count]: 1 })])).toHaveLength(1);
      expect(broken([result({ [count]: 1, server: 'socket.io' })])).toEqual([]);
    },
  );
});

it('a table is as wide as its widest cells', () => {
  expect(
    table(
      ['a', 'bb'],
      [
        ['long', '1'],
        ['x', '200'],
      ],
    ),
  ).toBe('a      bb\n----  ---\nlong    1\nx     200');
});

describe('rounds', () => {
  const call = (from: number, to: number) => ({ operation: 'GetItem', from, to });

  it('are as many as calls that waited for one another', () => {
    expect(roundsOf([call(0, 10), call(10, 20), call(20, 30)])).toBe(3);
  });

  it('count calls made at once as one', () => {
    expect(roundsOf([call(0, 10), call(1, 11), call(2, 12)])).toBe(1);
    expect(roundsOf([call(0, 10), call(1, 15), call(11, 21), call(22, 30)])).toBe(3);
  });

  it('are none without calls', () => {
    expect(roundsOf([])).toBe(0);
  });
});
