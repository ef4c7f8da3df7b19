import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLane } from '../../shared/delivery/lane.ts';

/** A task that notes its start and ends when told. */
function task(started: number[], id: number) {
  let end = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = () => {
    started.push(id);
    return done;
  };
  return { run, end };
}

const soon = () => vi.advanceTimersByTimeAsync(5);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a lane', () => {
  it('runs so many at once and the others as room is made, in the order of their coming', async () => {
    const lane = createLane(2, 60_000);
    const started: number[] = [];
    const tasks = [0, 1, 2, 3].map((id) => task(started, id));
    const all = Promise.all(tasks.map(({ run }) => lane(run)));
    await soon();
    expect(started).toEqual([0, 1]);
    tasks[1]?.end();
    await soon();
    expect(started).toEqual([0, 1, 2]);
    for (const { end } of tasks) end();
    await all;
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('starts the next beside a task that takes longer than its patience, and counts it once only', async () => {
    const lane = createLane(1, 20);
    const started: number[] = [];
    const tasks = [0, 1, 2].map((id) => task(started, id));
    const all = Promise.all(tasks.map(({ run }) => lane(run)));
    await soon();
    expect(started).toEqual([0]);
    await vi.advanceTimersByTimeAsync(20);
    expect(started).toEqual([0, 1]);
    // The first one ends late: it gave its place away already, so no second place is made.
    tasks[0]?.end();
    await soon();
    expect(started).toEqual([0, 1]);
    for (const { end } of tasks) end();
    await all;
  });

  it('hands on what a task gives or throws, and goes on', async () => {
    const lane = createLane(1, 60_000);
    await expect(lane(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(
      lane(() => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    expect(await lane(async () => 7)).toBe(7);
  });
});
