import { expect, it } from 'vitest';
import { each, Gate } from '../../scripts/replay/gate.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('a gate lets in no more than it holds, first come first served', async () => {
  const gate = new Gate(2);
  const inside: number[] = [];
  for (const n of [1, 2, 3, 4]) void gate.enter().then(() => inside.push(n));
  await turn();
  expect(inside).toEqual([1, 2]);
  gate.leave();
  await turn();
  expect(inside).toEqual([1, 2, 3]);
  gate.leave();
  gate.leave();
  await turn();
  expect(inside).toEqual([1, 2, 3, 4]);
});

it('each runs its task on every item, a few at a time', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await each([5, 6, 7, 8, 9], 2, async (item, index) => {
    most = Math.max(most, ++running);
    await turn();
    running -= 1;
    done[index] = item;
  });
  expect(done).toEqual([5, 6, 7, 8, 9]);
  expect(most).toBe(2);
});

it('each ends with the first failure and begins nothing after it', async () => {
  const begun: number[] = [];
  const task = async (item: number) => {
    begun.push(item);
    await turn();
    if (item === 2) throw new Error('two');
  };
  await expect(each([1, 2, 3, 4, 5, 6], 1, task)).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
