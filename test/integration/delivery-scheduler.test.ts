/**
 * Who hears a room, under a scheduler that decides, by seed, which database call or post happens next and which handler dies; and the
 * same with one part of the design taken away, to see that the checks notice.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { type Mutation, runDelivery } from '../helper/delivery-run.ts';
import { runSeeds, SCHEDULER_TIMEOUT_MS, untilNoticed, withinBudget } from '../helper/seeded-runs.ts';

const BUDGET = { least: 60, most: 1_000, budgetMs: 12_000 };
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 400;

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

const run = (mutate?: Mutation) => (seed: number) =>
  runDelivery({ database, seed, ...(mutate ? { mutate } : {}) });

describe('whatever the interleaving', () => {
  it(
    'P4 delivered, P6 members only: sockets open and close while their user joins and leaves',
    async () => {
      const { found, runs, sums } = await runSeeds(run(), withinBudget(BUDGET));
      const { calls, posts } = sums;
      console.info(
        `${runs} interleavings of ${Math.round(calls / runs)} calls and ${Math.round(posts / runs)} posts`,
      );
      expect(found).toEqual([]);
      expect(posts).toBeGreaterThan(runs * 5);
    },
    SCHEDULER_TIMEOUT_MS,
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
  operation === 'PutItem' && (input as Input).Item?.sk?.S?.startsWith('#LEFT#')
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
    ['nobody noting who left', 500, noNote],
    ['a subscription that is put over a newer one', 380, withoutCondition('since <= :since')],
    [
      'a subscription that is deleted though a newer membership holds it',
      285,
      withoutCondition('since < :asOf'),
    ],
    ['a fan-out that does not apply the memberships of its batch', 11, noApply],
  ] as [string, number, Mutation][])(
    '%s',
    async (_, first, mutate) => {
      const { found } = await runSeeds(run(mutate), untilNoticed(MUTATION_SEEDS), { first });
      expect(found.length).toBeGreaterThan(0);
    },
    SCHEDULER_TIMEOUT_MS,
  );
});
