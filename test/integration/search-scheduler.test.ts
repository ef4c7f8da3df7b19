/**
 * The words of a room after edits, deletions and repeats, with settlers that overlap and die at any call, are those of its log; and the same
 * with one part taken away, to see that this notices. `SCHEDULER_SEEDS` runs so many; without it as many as `BUDGET_MS` allows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, SEARCH_TABLE_NAME, startDatabase } from '../helper/database.ts';
import { runSearch, type SearchRun } from '../helper/search-run.ts';

const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
const LEAST_SEEDS = 30;
const BUDGET_MS = 5_000;
/** Seeds within which what is broken has to be noticed. */
const MUTATION_SEEDS = 200;
const LANES = 4;
const TIMEOUT_MS = 600_000;

let database: Database;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

async function runSeeds(
  goOn: (begun: number, found: readonly string[]) => boolean,
  mutate?: SearchRun['mutate'],
): Promise<{ found: string[]; runs: number; words: number }> {
  const found: string[] = [];
  let runs = 0;
  let words = 0;
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = ++runs;
      const run = await runSearch({ database, seed, ...(mutate ? { mutate } : {}) });
      words += run.words;
      if (run.missing.length > 0) found.push(`seed ${seed}: ${run.missing} is not in the index`);
      if (run.left.length > 0) found.push(`seed ${seed}: ${run.left} is left in the index`);
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { found, runs, words };
}

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

describe('the words of a room', () => {
  it('are those of its log, whatever the interleaving', { timeout: TIMEOUT_MS }, async () => {
    const end = Date.now() + BUDGET_MS;
    const goOn = (begun: number) =>
      SEEDS === undefined ? begun < LEAST_SEEDS || Date.now() < end : begun < SEEDS;
    const { found, runs, words } = await runSeeds(goOn);
    expect(found).toEqual([]);
    expect(words).toBeGreaterThan(runs);
  });

  it.each([
    ['an edit that takes no word back', words((all) => all.filter(({ DeleteRequest }) => !DeleteRequest))],
    [
      'a deletion that leaves its words',
      words((all) => (all.every(({ DeleteRequest }) => DeleteRequest) ? [] : all)),
    ],
    ['a message without words', words((all) => (all.some(({ DeleteRequest }) => DeleteRequest) ? all : []))],
  ])('the same notices %s', { timeout: TIMEOUT_MS }, async (_, mutate) => {
    const { found } = await runSeeds((begun, soFar) => begun < MUTATION_SEEDS && soFar.length === 0, mutate);
    expect(found).not.toEqual([]);
  });
});
