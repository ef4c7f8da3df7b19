/**
 * The words of a room after edits, deletions and repeats, with settlers that overlap and die at any call, are those of its log; and the same
 * with one part taken away, to see that this notices.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, SEARCH_TABLE_NAME, startDatabase } from '../helper/database.ts';
import { runSearch, type SearchRun } from '../helper/search-run.ts';
import { runSeeds, SCHEDULER_TIMEOUT_MS, untilNoticed, withinBudget } from '../helper/seeded-runs.ts';

const BUDGET = { least: 30, budgetMs: 5_000 };
/** Seeds within which what is broken has to be noticed. */
const MUTATION_SEEDS = 200;

let database: Database;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

const run = (mutate?: SearchRun['mutate']) => async (seed: number) => {
  const { missing, left, words } = await runSearch({ database, seed, ...(mutate ? { mutate } : {}) });
  const violations = [
    ...(missing.length > 0 ? [`${missing} is not in the index`] : []),
    ...(left.length > 0 ? [`${left} is left in the index`] : []),
  ];
  return { violations, words };
};

type Requests = readonly { readonly DeleteRequest?: object }[];

/** The writes of words, as `change` has them. */
const words =
  (change: (requests: Requests) => Requests): SearchRun['mutate'] =>
  (call: DynamoCall) =>
  async (operation, input) => {
    const requests = (input as { RequestItems?: Record<string, Requests> }).RequestItems?.[SEARCH_TABLE_NAME];
    if (operation !== 'BatchWriteItem' || !requests) return call(operation, input);
    const changed = change(requests);
    return changed.length === 0 ? {} : call(operation, { RequestItems: { [SEARCH_TABLE_NAME]: changed } });
  };

/** Reads the messages first and writes their words then. */
const readFirst: SearchRun['mutate'] = (call) => {
  let held: (() => Promise<unknown>) | undefined;
  return async (operation, input) => {
    const isWords =
      operation === 'BatchWriteItem' && SEARCH_TABLE_NAME in (input as { RequestItems: object }).RequestItems;
    if (isWords && !held) {
      held = () => call(operation, input);
      return {};
    }
    const output = await call(operation, input);
    const late = held;
    held = undefined;
    await late?.();
    return output;
  };
};

describe('the words of a room', () => {
  it('are those of its log, whatever the interleaving', { timeout: SCHEDULER_TIMEOUT_MS }, async () => {
    const { found, runs, sums } = await runSeeds(run(), withinBudget(BUDGET));
    expect(found).toEqual([]);
    expect(sums.words).toBeGreaterThan(runs);
  });

  it.each<[string, SearchRun['mutate'], number]>([
    ['an edit that takes no word back', words((all) => all.filter(({ DeleteRequest }) => !DeleteRequest)), 1],
    [
      'a deletion that leaves its words',
      words((all) => (all.every(({ DeleteRequest }) => DeleteRequest) ? [] : all)),
      1,
    ],
    [
      'a message without words',
      words((all) => (all.some(({ DeleteRequest }) => DeleteRequest) ? all : [])),
      1,
    ],
    // One run in two hundred meets it.
    ['a settler that looks before it writes', readFirst, 179],
  ])('the same notices %s', { timeout: SCHEDULER_TIMEOUT_MS }, async (_, mutate, first) => {
    const { found } = await runSeeds(run(mutate), untilNoticed(MUTATION_SEEDS), { first });
    expect(found).not.toEqual([]);
  });
});
