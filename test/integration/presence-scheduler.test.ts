/**
 * Who is seen online, under a scheduler that decides, by seed, which database call or post happens next and which handler dies; and the
 * same with one part of the design taken away, to see that the checks notice.
 *
 * `SCHEDULER_SEEDS` runs so many, however long it takes; without it as many as `BUDGET_MS` allows. `SCHEDULER_FIRST_SEED` sets
 * where they begin.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { type PresenceMutation, runPresence } from '../helper/presence-run.ts';

const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
const FIRST_SEED = Number(process.env.SCHEDULER_FIRST_SEED ?? 1);
/** Without a number of seeds: at least and at most so many runs, and about so long, milliseconds. */
const LEAST_SEEDS = 10;
const MOST_SEEDS = 500;
const BUDGET_MS = 12_000;
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 100;
const TIMEOUT_MS = 3_600_000;

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

async function runSeeds(
  goOn: (begun: number, found: readonly string[]) => boolean,
  mutate?: PresenceMutation,
) {
  const found: string[] = [];
  let [runs, calls, posts] = [0, 0, 0];
  while (goOn(runs, found)) {
    const seed = FIRST_SEED + runs++;
    const result = await runPresence({ database, seed, ...(mutate ? { mutate } : {}) });
    calls += result.calls;
    posts += result.posts;
    found.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
  }
  return { found, runs, calls, posts };
}

describe('whatever the interleaving', () => {
  it(
    'what each open connection was told is true when all is quiet',
    async () => {
      const end = Date.now() + BUDGET_MS;
      const { found, runs, calls, posts } = await runSeeds((begun) =>
        SEEDS === undefined ? begun < LEAST_SEEDS || (begun < MOST_SEEDS && Date.now() < end) : begun < SEEDS,
      );
      console.info(
        `${runs} interleavings of ${Math.round(calls / runs)} turns and ${Math.round(posts / runs)} posts`,
      );
      expect(found).toEqual([]);
      expect(posts).toBeGreaterThan(runs);
    },
    TIMEOUT_MS,
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
      const { found } = await runSeeds((begun, seen) => seen.length === 0 && begun < MUTATION_SEEDS, mutate);
      expect(found.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
