/**
 * The append and the settler under a scheduler that decides, by seed, which database call happens next and which handler dies; and the
 * same with one part of the design taken away, to see that these checks notice. Every run is an interleaving of about a hundred calls.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, startDatabase } from '../helper/database.ts';
import { type Mutation, runLog } from '../helper/log-run.ts';
import { claimBeforeHead, withoutChanges, withoutCondition } from '../helper/mutations.ts';
import { runSeeds, SCHEDULER_TIMEOUT_MS, untilNoticed, withinBudget } from '../helper/seeded-runs.ts';

/** For each promise. */
const BUDGET = { least: 100, most: 2_000, budgetMs: 20_000 };
/** Seeds within which a broken design has to be noticed. Each takes a few dozen at most. */
const MUTATION_SEEDS = 500;

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

const run = (options: { readonly moves: boolean; readonly mutate?: Mutation }) => (seed: number) =>
  runLog({ ...options, database, seed });

async function expectNoViolation(moves: boolean): Promise<void> {
  const { found, runs, sums } = await runSeeds(run({ moves }), withinBudget(BUDGET));
  console.info(`${runs} interleavings of ${Math.round(sums.calls / runs)} calls on average`);
  expect(found).toEqual([]);
  expect(sums.calls).toBeGreaterThan(runs * 50);
}

describe('whatever the interleaving', () => {
  it(
    'P1 one order, P2 durable, P3 once: senders that repeat ids, lose answers and die',
    () => expectNoViolation(false),
    SCHEDULER_TIMEOUT_MS,
  );

  it(
    'P6 members only: members that leave, are invited, muted, removed and banned while they send',
    () => expectNoViolation(true),
    SCHEDULER_TIMEOUT_MS,
  );
});

describe('the same notices', () => {
  /** `first`: a little before a seed that is known to meet it; it goes on where later changes moved that. */
  interface Broken {
    readonly moves: boolean;
    readonly mutate: Mutation;
    readonly promise: string;
    readonly first?: number;
  }
  const broken: readonly [string, Broken][] = [
    [
      'a commit without `settled = :s`',
      {
        moves: false,
        mutate: withoutCondition(
          '(#settled = :settled OR (#before = :settled AND NOT contains(#recent, :keyText))) AND ',
        ),
        promise: 'P3',
      },
    ],
    [
      'a commit that does not look at `pending`',
      { moves: false, mutate: withoutCondition('NOT contains(#pending, :key) AND '), promise: 'P3' },
    ],
    [
      'a commit that does not look at `recent`',
      {
        moves: false,
        mutate: withoutCondition(' AND NOT contains(#recent, :keyText)'),
        promise: 'P3',
        first: 120,
      },
    ],
    [
      'a claim that is read before the head',
      { moves: false, mutate: claimBeforeHead, promise: 'P3', first: 100 },
    ],
    [
      'a commit without `guard = :g`',
      { moves: true, mutate: withoutCondition(' AND #guard = :guard'), promise: 'P6' },
    ],
    [
      'an invitation or a join that does not look at `moves`',
      {
        moves: true,
        mutate: withoutCondition(
          ' AND (size(#moves) = :moves OR (NOT contains(#moves, :member) AND NOT contains(#moves, :wholeRoom)))',
        ),
        promise: 'P6',
      },
    ],
    [
      'rights that leave out what is not settled',
      { moves: true, mutate: withoutChanges, promise: 'P6', first: 110 },
    ],
  ];

  it.each(broken)(
    '%s',
    async (_, { promise, first = 1, ...options }) => {
      const brokenPromise = (found: readonly string[]) => found.some((one) => one.includes(promise));
      const { found } = await runSeeds(run(options), untilNoticed(MUTATION_SEEDS, brokenPromise), { first });
      expect(brokenPromise(found)).toBe(true);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});
