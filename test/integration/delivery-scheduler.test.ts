/**
 * Who hears a room, under a scheduler that decides, by seed, which database call or post happens next and which handler dies; and the
 * same with one part of the design taken away, to see that the checks notice.
 *
 * `SCHEDULER_SEEDS` runs so many, however long it takes; without it as many as `BUDGET_MS` allows. `SCHEDULER_FIRST_SEED` sets
 * where they begin.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { type Mutation, runDelivery } from '../helper/delivery-run.ts';

const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
const FIRST_SEED = Number(process.env.SCHEDULER_FIRST_SEED ?? 1);
/** Without a number of seeds: at least and at most so many runs, and about so long, milliseconds. */
const LEAST_SEEDS = 60;
const MOST_SEEDS = 1_000;
const BUDGET_MS = 12_000;
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
  { first = FIRST_SEED, mutate }: { readonly first?: number; readonly mutate?: Mutation } = {},
) {
  const found: string[] = [];
  let runs = 0;
  let calls = 0;
  let posts = 0;
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = first + runs++;
      const result = await runDelivery({ database, seed, ...(mutate ? { mutate } : {}) });
      calls += result.calls;
      posts += result.posts;
      found.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { found, runs, calls, posts };
}

describe('whatever the interleaving', () => {
  it(
    'P4 delivered, P6 members only: sockets open and close while their user joins and leaves',
    async () => {
      const end = Date.now() + BUDGET_MS;
      const { found, runs, calls, posts } = await runSeeds((begun) =>
        SEEDS === undefined ? begun < LEAST_SEEDS || (begun < MOST_SEEDS && Date.now() < end) : begun < SEEDS,
      );
      console.info(
        `${runs} interleavings of ${Math.round(calls / runs)} calls and ${Math.round(posts / runs)} posts`,
      );
      expect(found).toEqual([]);
      expect(posts).toBeGreaterThan(runs * 5);
    },
    TIMEOUT_MS,
  );
});

type Input = Readonly<Record<string, unknown>> & {
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string }>>;
  readonly Item?: Readonly<Record<string, { readonly S?: string }>>;
  readonly Key?: Readonly<Record<string, { readonly S?: string }>>;
  readonly ConditionExpression?: string;
};

/** Nobody notes who left. */
const noNote: Mutation = (_, call) => (operation, input) =>
  operation === 'PutItem' && (input as Input).Item?.sk?.S?.startsWith('LEFT#')
    ? Promise.resolve({})
    : call(operation, input);

function withoutCondition(matching: string): Mutation {
  return (_, call): DynamoCall =>
    (operation, input) => {
      const { ConditionExpression, ...rest } = input as Input;
      if (!ConditionExpression?.includes(matching)) return call(operation, input);
      // What only the condition used must go too, or DynamoDB refuses.
      const { ExpressionAttributeValues: _values, ...bare } = rest;
      return call(operation, bare);
    };
}

/** A fan-out that leaves the memberships to others. */
const noApply: Mutation = (part, call) => (operation, input) => {
  const writes = operation === 'PutItem' || operation === 'UpdateItem' || operation === 'DeleteItem';
  return part === 'fan-out' && writes ? Promise.resolve({}) : call(operation, input);
};

describe('the checks notice', () => {
  // Each begins a little before a seed that is known to meet it, and goes on where later changes moved that.
  it.each([
    ['nobody noting who left', 128, noNote],
    ['a subscription that is put over a newer one', 865, withoutCondition('since <= :since')],
    [
      'a subscription that is deleted though a newer membership holds it',
      40,
      withoutCondition('since < :asOf'),
    ],
    ['a fan-out that does not apply the memberships of its batch', 11, noApply],
  ] as [string, number, Mutation][])(
    '%s',
    async (_, first, mutate) => {
      const goOn = (begun: number, wrong: readonly string[]) => begun < MUTATION_SEEDS && wrong.length === 0;
      const { found } = await runSeeds(goOn, { first, mutate });
      expect(found.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
