/**
 * Which sockets live on when a session ends, under a scheduler that decides, by seed, which database call happens next and which
 * handler dies; and the same with one part of the design taken away, to see that the checks notice.
 *
 * `SCHEDULER_SEEDS` runs so many, however long it takes; without it as many as `BUDGET_MS` allows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { SESSION_PREFIX } from '../../shared/data/keys.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { type RevocationMutation, runRevocation } from '../helper/revocation-run.ts';

const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
/** Without a number of seeds: at least and at most so many runs, and about so long, milliseconds. */
const LEAST_SEEDS = 60;
const MOST_SEEDS = 1_000;
const BUDGET_MS = 8_000;
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 400;
const LANES = 4;
const TIMEOUT_MS = 3_600_000;

let database: Database;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

async function runSeeds(
  goOn: (begun: number, found: readonly string[]) => boolean,
  mutation?: RevocationMutation,
) {
  const found: string[] = [];
  let [runs, calls, closed] = [0, 0, 0];
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = ++runs;
      const result = await runRevocation({ database, seed, ...(mutation ? { mutation } : {}) });
      calls += result.calls;
      closed += result.closed;
      found.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { found, runs, calls, closed };
}

describe('whatever the interleaving', () => {
  it(
    'P9 revocation: no socket outlives its session',
    async () => {
      const end = Date.now() + BUDGET_MS;
      const { found, runs, calls, closed } = await runSeeds((begun) =>
        SEEDS === undefined ? begun < LEAST_SEEDS || (begun < MOST_SEEDS && Date.now() < end) : begun < SEEDS,
      );
      console.info(`${runs} interleavings of ${Math.round(calls / runs)} steps, ${closed} sockets closed`);
      expect(found).toEqual([]);
      expect(closed).toBeGreaterThan(runs / 4);
    },
    TIMEOUT_MS,
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
  it.each([
    ['a handshake that reads the session before it writes', readFirst],
    ['a logout that nobody completes when its handler dies', { without: ['settler'] }],
    ['sockets that nobody looks at again when they were just opening', { without: ['queue'] }],
  ] as [string, RevocationMutation][])(
    '%s',
    async (_, mutation) => {
      const goOn = (begun: number, wrong: readonly string[]) => begun < MUTATION_SEEDS && wrong.length === 0;
      const { found } = await runSeeds(goOn, mutation);
      expect(found.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
