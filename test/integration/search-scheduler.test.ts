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
  { mutate, first = 1 }: { readonly mutate?: SearchRun['mutate']; readonly first?: number } = {},
): Promise<{ found: string[]; runs: number; words: number }> {
  const found: string[] = [];
  let runs = 0;
  let words = 0;
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = first + runs++;
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
  it('are those of its log, whatever the interleaving', { timeout: TIMEOUT_MS }, async () => {
    const end = Date.now() + BUDGET_MS;
    const goOn = (begun: number) =>
      SEEDS === undefined ? begun < LEAST_SEEDS || Date.now() < end : begun < SEEDS;
    const { found, runs, words } = await runSeeds(goOn);
    expect(found).toEqual([]);
    expect(words).toBeGreaterThan(runs);
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
  ])('the same notices %s', { timeout: TIMEOUT_MS }, async (_, mutate, first) => {
    const goOn = (begun: number, soFar: readonly string[]) => begun < MUTATION_SEEDS && soFar.length === 0;
    const { found } = await runSeeds(goOn, { ...(mutate ? { mutate } : {}), first });
    expect(found).not.toEqual([]);
  });
});
