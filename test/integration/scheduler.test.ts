/**
 * The append and the settler under a scheduler that decides, by seed, which database call happens next and which handler dies; and the
 * same with one part of the design taken away, to see that these checks notice. Every run is an interleaving of about a hundred calls.
 *
 * `SCHEDULER_SEEDS` runs so many for each promise, however long it takes; without it as many as `BUDGET_MS` allows.
 * `SCHEDULER_FIRST_SEED` sets where they begin.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, startDatabase } from '../helper/database.ts';
import { type Mutation, runLog } from '../helper/log-run.ts';
import { claimBeforeHead, withoutChanges, withoutCondition } from '../helper/mutations.ts';

const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
const FIRST_SEED = Number(process.env.SCHEDULER_FIRST_SEED ?? 1);
/** Without a number of seeds: at least and at most so many runs for each promise, and about so long, milliseconds. */
const LEAST_SEEDS = 100;
const MOST_SEEDS = 2_000;
const BUDGET_MS = 20_000;
/** Seeds within which a broken design has to be noticed. Each takes a few dozen at most. */
const MUTATION_SEEDS = 500;
/** Runs at once, each in a room of its own, so that neither this process nor the database waits for the other. */
const LANES = 4;
const TIMEOUT_MS = 3_600_000;

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

interface Runs {
  readonly moves: boolean;
  readonly mutate?: Mutation;
  /** Whether another run may begin, after so many. */
  readonly goOn: (begun: number, found: readonly string[]) => boolean;
}

async function runSeeds({
  goOn,
  ...options
}: Runs): Promise<{ found: string[]; runs: number; calls: number }> {
  const found: string[] = [];
  let runs = 0;
  let calls = 0;
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = FIRST_SEED + runs++;
      const result = await runLog({ ...options, database, seed });
      calls += result.calls;
      found.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { found, runs, calls };
}

async function expectNoViolation(moves: boolean): Promise<void> {
  const end = Date.now() + BUDGET_MS;
  const goOn = (begun: number) =>
    SEEDS === undefined ? begun < LEAST_SEEDS || (begun < MOST_SEEDS && Date.now() < end) : begun < SEEDS;
  const { found, runs, calls } = await runSeeds({ moves, goOn });
  console.info(`${runs} interleavings of ${Math.round(calls / runs)} calls on average`);
  expect(found).toEqual([]);
  expect(calls).toBeGreaterThan(runs * 50);
}

describe('whatever the interleaving', () => {
  it(
    'P1 one order, P2 durable, P3 once: senders that repeat ids, lose answers and die',
    () => expectNoViolation(false),
    TIMEOUT_MS,
  );

  it(
    'P6 members only: members that leave, are invited, muted, removed and banned while they send',
    () => expectNoViolation(true),
    TIMEOUT_MS,
  );
});

describe('the same notices', () => {
  const broken: readonly [string, { moves: boolean; mutate: Mutation; promise: string }][] = [
    [
      'a commit without `settled = :s`',
      {
        moves: false,
        mutate: withoutCondition(
          '(#settled = :settled OR (#before = :settled AND NOT contains(#recent, :key))) AND ',
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
      { moves: false, mutate: withoutCondition(' AND NOT contains(#recent, :key)'), promise: 'P3' },
    ],
    ['a claim that is read before the head', { moves: false, mutate: claimBeforeHead, promise: 'P3' }],
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
    ['rights that leave out what is not settled', { moves: true, mutate: withoutChanges, promise: 'P6' }],
  ];

  it.each(broken)(
    '%s',
    async (_, { promise, ...options }) => {
      const brokenPromise = (found: readonly string[]) => found.some((one) => one.includes(promise));
      const { found } = await runSeeds({
        ...options,
        goOn: (begun, soFar) => begun < MUTATION_SEEDS && !brokenPromise(soFar),
      });
      expect(brokenPromise(found)).toBe(true);
    },
    TIMEOUT_MS,
  );
});
