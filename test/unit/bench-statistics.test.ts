import { describe, expect, it } from 'vitest';
import { median, percentile, Samples } from '../../bench/statistics.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it('is the smallest sample that p percent do not exceed', () => {
    expect([50, 95, 99, 100].map((p) => percentile(hundred, p))).toEqual([50, 95, 99, 100]);
    expect(percentile([1, 2, 3], 50)).toBe(2);
    expect(percentile([7], 99)).toBe(7);
  });

  it('is 0 where nothing was measured', () => {
    expect(percentile([], 50)).toBe(0);
  });
});

describe('Samples', () => {
  it('keeps more samples than it first had room for', () => {
    const samples = new Samples();
    for (let i = 5000; i > 0; i--) samples.add(i);
    expect(samples.summary()).toEqual({ count: 5000, p50: 2500, p95: 4750, p99: 4950, max: 5000 });
  });

  it('leaves its order alone when summed up twice', () => {
    const samples = new Samples();
    for (const value of [3, 1, 2]) samples.add(value);
    expect(samples.summary()).toEqual(samples.summary());
    expect(new Samples().summary()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});

it('the median ignores the order of the runs', () => {
  expect(median([9, 1, 5])).toBe(5);
});
