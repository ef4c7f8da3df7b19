/**
 * Notifications under a scheduler that decides, by seed, which database call happens next and which notifier dies; and the same with a
 * part of the design taken away, to see that the checks notice. `SCHEDULER_SEEDS` runs so many.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { runNotify, type Trouble } from '../helper/notify-run.ts';

const SEEDS = Number(process.env.SCHEDULER_SEEDS ?? 6);
/** Seeds within which a broken design has to be noticed. */
const MUTATION_SEEDS = 60;
const TIMEOUT_MS = 3_600_000;

const DEADLY: Trouble = { death: 0.02, refusal: 0.1, doubt: 0.1 };
const HARMLESS: Trouble = { death: 0, refusal: 0.2, doubt: 0 };

let database: Database;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

describe('whatever the interleaving', () => {
  it(
    'everyone who is to be is notified, whoever dies and whatever is in doubt; and once more only for one of these',
    async () => {
      const faults: string[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const run = await runNotify({ database, seed, trouble: DEADLY });
        faults.push(...run.faults.map((fault) => `seed ${seed}: ${fault}`));
      }
      expect(faults).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'everyone who is to be is notified, exactly once, where nobody dies and all that fails is refused',
    async () => {
      const faults: string[] = [];
      let published = 0;
      for (let seed = 1001; seed <= 1000 + SEEDS; seed++) {
        const run = await runNotify({ database, seed, trouble: HARMLESS });
        published += run.published.size;
        faults.push(...run.faults.map((fault) => `seed ${seed}: ${fault}`));
      }
      expect(faults).toEqual([]);
      expect(published).toBeGreaterThan(SEEDS);
    },
    TIMEOUT_MS,
  );
});

interface Input {
  readonly ConditionExpression?: string;
  readonly Item?: Readonly<Record<string, { readonly S?: string }>>;
}

/** Leaves out the condition of some calls. */
const unconditional =
  (which: (operation: string, input: Input) => boolean) =>
  (call: DynamoCall): DynamoCall =>
  (operation, input) => {
    if (!which(operation, input as Input)) return call(operation, input);
    const {
      ConditionExpression: _,
      ExpressionAttributeNames: __,
      ExpressionAttributeValues: ___,
      ...rest
    } = input as Record<string, unknown>;
    return call(operation, rest);
  };

const isClaim = (operation: string, { Item }: Input): boolean =>
  operation === 'PutItem' && Boolean(Item?.sk?.S?.startsWith('NOTIFIED#'));

interface Broken {
  readonly trouble: Trouble;
  readonly mutate: (call: DynamoCall) => DynamoCall;
}

const BROKEN: Readonly<Record<string, Broken>> = {
  'a claim is anybody’s': { trouble: HARMLESS, mutate: unconditional(isClaim) },
  'a claim that was not made good on is never over': {
    trouble: DEADLY,
    mutate: (call) => (operation, input) => {
      const { Item, ...rest } = input as Input & { readonly Item?: { readonly until?: unknown } };
      if (!isClaim(operation, input as Input) || Item?.until === undefined) return call(operation, input);
      return call(operation, { ...rest, Item: { ...Item, until: { N: String(Number.MAX_SAFE_INTEGER) } } });
    },
  },
  'nobody notes that somebody was notified': {
    trouble: HARMLESS,
    mutate: (call) => (operation, input) => {
      const { Item } = input as { readonly Item?: { readonly until?: unknown } };
      const isNote = isClaim(operation, input as Input) && Item?.until === undefined;
      return isNote ? Promise.resolve({}) : call(operation, input);
    },
  },
};

describe('the checks notice', () => {
  it.each(Object.entries(BROKEN))(
    'where %s',
    async (_, broken) => {
      let found = 0;
      for (let seed = 2001; found === 0 && seed <= 2000 + MUTATION_SEEDS; seed++) {
        found = (await runNotify({ database, seed, ...broken })).faults.length;
      }
      expect(found).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
