/** A table as the rest of the service sees it: plain JavaScript values in and out, expired items left out. */
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type DynamoCall, DynamoError } from './dynamodb.ts';
import { type Key, TTL_ATTRIBUTE } from './keys.ts';

export type Item = Readonly<Record<string, unknown>> & Key;

/** A condition was not met. `item` is the item as it stood then (ALL_OLD); undefined where there was none. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
  readonly item: Item | undefined;

  constructor(item: Item | undefined) {
    super('the condition was not met');
    this.item = item;
  }
}

/** An expression with its placeholders: `names` for `#x`, `values` for `:x`. */
export interface Expression {
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Condition extends Expression {
  readonly condition: string;
}

export interface Update extends Expression {
  readonly update: string;
  readonly condition?: string;
  /** What to give back; `NONE` by default. */
  readonly returns?: 'ALL_NEW' | 'ALL_OLD' | 'UPDATED_NEW' | 'NONE';
}

export interface Query extends Expression {
  /** Key condition, for example `pk = :pk AND begins_with(sk, :prefix)`. */
  readonly where: string;
  readonly index?: string;
  /** Whether only the keys of the items are given, where no more is wanted. */
  readonly keysOnly?: boolean;
  /** Items in one page, at most. */
  readonly limit?: number;
  readonly descending?: boolean;
  /** Strongly consistent: the default for the table itself, impossible for an index. */
  readonly consistent?: boolean;
  /** Whether items whose time is over, and that are there still, are wanted, too. */
  readonly expired?: boolean;
  /** Where to go on: a `next` of the page before. */
  readonly from?: Readonly<Record<string, unknown>>;
}

export interface Page {
  readonly items: readonly Item[];
  readonly next?: Readonly<Record<string, unknown>>;
}

/**
 * Every method may throw `DynamoUnavailable` (no answer in all attempts) and `DynamoError` (refused); conditional writes throw
 * `ConditionFailed`. A conditional write that was sent again after a lost answer can fail on its own first success: callers
 * treat "it is already so" as success.
 */
export interface Table {
  readonly name: string;
  get(key: Key, options?: { consistent?: boolean; expired?: boolean }): Promise<Item | undefined>;
  put(item: Item, condition?: Condition): Promise<void>;
  /** @returns the attributes that `returns` asks for. */
  update(key: Key, update: Update): Promise<Item | undefined>;
  /** @returns the deleted item, where there was one. */
  delete(key: Key, condition?: Condition): Promise<Item | undefined>;
  /** One page. */
  query(query: Query): Promise<Page>;
  /** All pages, one after another. */
  queryAll(query: Query): Promise<Item[]>;
  /** Any number of keys; items that are not there are left out; in no order. */
  batchGet(keys: readonly Key[], options?: { consistent?: boolean }): Promise<Item[]>;
  /** Any number of puts and deletes, unconditional, in no order. */
  batchWrite(writes: { readonly puts?: readonly Item[]; readonly deletes?: readonly Key[] }): Promise<void>;
}

const MARSHALL = { removeUndefinedValues: true } as const;
/** DynamoDB's limits of one BatchGetItem and one BatchWriteItem. */
const BATCH_GET_KEYS = 100;
const BATCH_WRITE_ITEMS = 25;
/** Rounds for what a batch left unprocessed, with doubling pauses from the first. */
const BATCH_ROUNDS = 8;
const BATCH_FIRST_PAUSE_MS = 25;

type Wire = Parameters<typeof unmarshall>[0];

/**
 * @param now epoch milliseconds; decides which items have expired (DynamoDB deletes them up to days later).
 */
export function createTable(options: {
  readonly name: string;
  readonly call: DynamoCall;
  readonly now: () => number;
}): Table {
  const { name, call, now } = options;

  function fromWire(wire: unknown): Item {
    return unmarshall(wire as Wire) as Item;
  }

  function live(item: Item): boolean {
    const expires = item[TTL_ATTRIBUTE];
    return typeof expires !== 'number' || expires * 1000 > now();
  }

  function placeholders(expression: Expression | undefined): object {
    return {
      ...(expression?.names ? { ExpressionAttributeNames: expression.names } : {}),
      ...(expression?.values ? { ExpressionAttributeValues: marshall(expression.values, MARSHALL) } : {}),
    };
  }

  async function conditional(operation: string, input: object): Promise<Record<string, unknown>> {
    try {
      return await call(operation, {
        TableName: name,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...input,
      });
    } catch (error) {
      if (error instanceof DynamoError && error.code === 'ConditionalCheckFailedException') {
        throw new ConditionFailed(error.body.Item ? fromWire(error.body.Item) : undefined);
      }
      throw error;
    }
  }

  async function query(query: Query): Promise<Page> {
    const output = await call('Query', {
      TableName: name,
      KeyConditionExpression: query.where,
      ...placeholders(query),
      ...(query.index ? { IndexName: query.index } : { ConsistentRead: query.consistent ?? true }),
      ...(query.keysOnly ? { ProjectionExpression: 'pk, sk' } : {}),
      ...(query.limit ? { Limit: query.limit } : {}),
      ...(query.descending ? { ScanIndexForward: false } : {}),
      ...(query.from ? { ExclusiveStartKey: marshall(query.from) } : {}),
    });
    const found = ((output.Items as unknown[]) ?? []).map(fromWire);
    const items = query.expired ? found : found.filter(live);
    return output.LastEvaluatedKey ? { items, next: fromWire(output.LastEvaluatedKey) } : { items };
  }

  /** Sends a batch until nothing of it is left unprocessed. */
  async function batch(
    operation: string,
    requests: readonly unknown[],
    input: (requests: readonly unknown[]) => object,
    read: (output: Record<string, unknown>) => readonly unknown[],
  ): Promise<void> {
    let left = requests;
    for (let round = 0; left.length > 0; round++) {
      if (round === BATCH_ROUNDS) throw new DynamoError('ThrottlingException', `${operation} left items`, {});
      if (round > 0) await pause(BATCH_FIRST_PAUSE_MS * 2 ** (round - 1));
      left = read(await call(operation, input(left)));
    }
  }

  return {
    name,

    async get(key, { consistent = true, expired = false } = {}) {
      const output = await call('GetItem', {
        TableName: name,
        Key: { pk: { S: key.pk }, sk: { S: key.sk } },
        ConsistentRead: consistent,
      });
      if (!output.Item) return undefined;
      const item = fromWire(output.Item);
      return expired || live(item) ? item : undefined;
    },

    async put(item, condition) {
      await conditional('PutItem', {
        Item: marshall(item, MARSHALL),
        ...(condition ? { ConditionExpression: condition.condition } : {}),
        ...placeholders(condition),
      });
    },

    async update(key, update) {
      const output = await conditional('UpdateItem', {
        Key: { pk: { S: key.pk }, sk: { S: key.sk } },
        UpdateExpression: update.update,
        ...(update.condition ? { ConditionExpression: update.condition } : {}),
        ...placeholders(update),
        ReturnValues: update.returns ?? 'NONE',
      });
      return output.Attributes ? fromWire(output.Attributes) : undefined;
    },

    async delete(key, condition) {
      const output = await conditional('DeleteItem', {
        Key: { pk: { S: key.pk }, sk: { S: key.sk } },
        ...(condition ? { ConditionExpression: condition.condition } : {}),
        ...placeholders(condition),
        ReturnValues: 'ALL_OLD',
      });
      return output.Attributes ? fromWire(output.Attributes) : undefined;
    },

    query,

    async queryAll(all) {
      const items: Item[] = [];
      let from = all.from;
      do {
        const page: Page = await query(from ? { ...all, from } : all);
        items.push(...page.items);
        from = page.next;
      } while (from);
      return items;
    },

    async batchGet(keys, { consistent = true } = {}) {
      const found: Item[] = [];
      await Promise.all(
        chunks(keys, BATCH_GET_KEYS).map((chunk) =>
          batch(
            'BatchGetItem',
            chunk.map((key) => ({ pk: { S: key.pk }, sk: { S: key.sk } })),
            (left) => ({ RequestItems: { [name]: { Keys: left, ConsistentRead: consistent } } }),
            (output) => {
              const items = (output.Responses as Record<string, unknown[]> | undefined)?.[name] ?? [];
              found.push(...items.map(fromWire).filter(live));
              const unprocessed = output.UnprocessedKeys as Record<string, { Keys: unknown[] }> | undefined;
              return unprocessed?.[name]?.Keys ?? [];
            },
          ),
        ),
      );
      return found;
    },

    async batchWrite({ puts = [], deletes = [] }) {
      const requests = [
        ...puts.map((item) => ({ PutRequest: { Item: marshall(item, MARSHALL) } })),
        ...deletes.map((key) => ({ DeleteRequest: { Key: { pk: { S: key.pk }, sk: { S: key.sk } } } })),
      ];
      await Promise.all(
        chunks(requests, BATCH_WRITE_ITEMS).map((chunk) =>
          batch(
            'BatchWriteItem',
            chunk,
            (left) => ({ RequestItems: { [name]: left } }),
            (output) => (output.UnprocessedItems as Record<string, unknown[]> | undefined)?.[name] ?? [],
          ),
        ),
      );
    },
  };
}

/** @returns undefined where the condition was not met: it is already so, or newer. */
export async function ignoreFailedCondition<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** Cuts a list into pieces of at most `size`. */
function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
