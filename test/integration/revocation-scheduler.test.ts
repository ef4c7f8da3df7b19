/**
 * Which sockets live on when a session ends, under a scheduler that decides, by seed, which database call happens next and which
 * handler dies; and the same with one part of the design taken away, to see that the checks notice.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { SESSION_PREFIX } from '../../shared/data/keys.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { type RevocationMutation, runRevocation } from '../helper/revocation-run.ts';
import { runSeeds, SCHEDULER_TIMEOUT_MS, untilNoticed, withinBudget } from '../helper/seeded-runs.ts';

const BUDGET = { least: 60, most: 1_000, budgetMs: 8_000 };
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 400;

let database: Database;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

const run = (mutation?: RevocationMutation) => (seed: number) =>
  runRevocation({ database, seed, ...(mutation ? { mutation } : {}) });

describe('whatever the interleaving', () => {
  it(
    'P9 revocation: no socket outlives its session',
    async () => {
      const { found, runs, sums } = await runSeeds(run(), withinBudget(BUDGET));
      const { calls, closed } = sums;
      console.info(`${runs} interleavings of ${Math.round(calls / runs)} steps, ${closed} sockets closed`);
      expect(found).toEqual([]);
      expect(closed).toBeGreaterThan(runs / 4);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});

/** A handshake that looks at the session before it has put its items, and never again. */
const readFirst: RevocationMutation = {
  call(part, call): DynamoCall {
    if (part !== 'connect') return call;
    const early = new Map<string, Record<string, unknown>>();
    return async (operation, input) => {
      const { Key, RequestItems } = input as {
        Key?: { pk: { S: string }; sk: { S: string } };
        RequestItems?: Record<string, { PutRequest?: { Item: Record<string, { S?: string }> } }[]>;
      };
      const connection = Object.values(RequestItems ?? {})
        .flat()
        .find(({ PutRequest }) => PutRequest?.Item.session)?.PutRequest?.Item;
      if (connection) {
        const pk = { S: `SESSIONS#${connection.user?.S}` };
        const sk = { S: `${SESSION_PREFIX}${connection.session?.S}` };
        const read = { TableName: CHAT_TABLE_NAME, Key: { pk, sk }, ConsistentRead: true };
        early.set(sk.S, await call('GetItem', read));
      }
      const before = operation === 'GetItem' ? early.get(Key?.sk.S ?? '') : undefined;
      return before ?? call(operation, input);
    };
  },
};

describe('the checks notice', () => {
  // Each begins a little before a seed that is known to meet it, and goes on where later changes moved that.
  it.each([
    ['a handshake that reads the session before it writes', 330, readFirst],
    ['a logout that nobody completes when its handler dies', 1, { without: ['settler'] }],
    ['sockets that nobody looks at again when they were just opening', 95, { without: ['queue'] }],
  ] as [string, number, RevocationMutation][])(
    '%s',
    async (_, first, mutation) => {
      const { found } = await runSeeds(run(mutation), untilNoticed(MUTATION_SEEDS), { first });
      expect(found.length).toBeGreaterThan(0);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});
