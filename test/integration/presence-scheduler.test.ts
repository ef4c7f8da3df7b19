/**
 * Who is seen online, under a scheduler that decides, by seed, which database call or post happens next and which handler dies; and the
 * same with one part of the design taken away, to see that the checks notice.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { type PresenceMutation, runPresence } from '../helper/presence-run.ts';
import { runSeeds, SCHEDULER_TIMEOUT_MS, untilNoticed, withinBudget } from '../helper/seeded-runs.ts';

const BUDGET = { least: 10, most: 500, budgetMs: 12_000 };
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 100;

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

const run = (mutate?: PresenceMutation) => (seed: number) =>
  runPresence({ database, seed, ...(mutate ? { mutate } : {}) });

describe('whatever the interleaving', () => {
  it(
    'what each open connection was told is true when all is quiet',
    async () => {
      const { found, runs, sums } = await runSeeds(run(), withinBudget(BUDGET));
      const { calls, posts } = sums;
      console.info(
        `${runs} interleavings of ${Math.round(calls / runs)} turns and ${Math.round(posts / runs)} posts`,
      );
      expect(found).toEqual([]);
      expect(posts).toBeGreaterThan(runs);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});

interface Input {
  readonly Item?: Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;
}

/** Changes, or leaves out, what is put. */
const putting =
  (change: (item: NonNullable<Input['Item']>) => Input['Item']): PresenceMutation =>
  (call): DynamoCall =>
  (operation, input) => {
    const { Item } = input as Input;
    if (operation !== 'PutItem' || !Item) return call(operation, input);
    const changed = change(Item);
    return changed ? call(operation, { ...input, Item: changed }) : Promise.resolve({});
  };

const BROKEN: Readonly<Record<string, PresenceMutation>> = {
  'nothing notes who is online in a room': putting((item) =>
    item.pk?.S?.endsWith('#online') ? undefined : item,
  ),
  'a subscription does not say that it came by a join': putting(({ joined, ...item }) => item),
  'a change counts as told once it is stored': putting((item) =>
    item.sk?.S === 'PRESENCE' && item.version ? { ...item, told: item.version } : item,
  ),
};

describe('the checks notice', () => {
  it.each(Object.entries(BROKEN))(
    'where %s',
    async (_, mutate) => {
      const { found } = await runSeeds(run(mutate), untilNoticed(MUTATION_SEEDS));
      expect(found.length).toBeGreaterThan(0);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});
