import type { TableModel } from '../assembly/model.ts';
import type { NeededPermission } from './call.ts';

type Item = Readonly<Record<string, unknown>>;

function parse(text: string): Item {
  try {
    const value: unknown = JSON.parse(text);
    return objectOf(value);
  } catch {
    // The database refuses it in its own words.
    return {};
  }
}

function objectOf(value: unknown): Item {
  return typeof value === 'object' && value !== null ? (value as Item) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text of a key's value, as IAM compares it. */
function keyText(value: unknown): string | undefined {
  const [text] = Object.values(objectOf(value));
  return typeof text === 'string' ? text : undefined;
}

function partitionKeyOf(table: TableModel | undefined, index?: string): string | undefined {
  const {
    GlobalSecondaryIndexes = [],
    LocalSecondaryIndexes = [],
    KeySchema = [],
  } = table?.createTable ?? {};
  const found = [...GlobalSecondaryIndexes, ...LocalSecondaryIndexes].find((i) => i.IndexName === index);
  return (found?.KeySchema ?? KeySchema).find(({ KeyType }) => KeyType === 'HASH')?.AttributeName;
}

function defined(values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined);
}

/**
 * The partition keys that a call names, the value of the condition key `dynamodb:LeadingKeys`.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function leadingKeysOf(
  operation: string,
  text: string,
  table: TableModel | undefined,
  index?: string,
): string[] {
  const name = partitionKeyOf(table, index);
  if (name === undefined) return [];
  const input = parse(text);
  if (operation === 'Query') return defined([queriedKey(input, name)]);
  const source = operation === 'PutItem' ? input.Item : input.Key;
  return defined([keyText(objectOf(source)[name])]);
}

/** The value that a key condition `name = :value` gives the partition key, by whatever placeholders. */
function queriedKey(input: Item, name: string): string | undefined {
  const names = objectOf(input.ExpressionAttributeNames);
  const values = objectOf(input.ExpressionAttributeValues);
  const expression = String(input.KeyConditionExpression ?? '');
  for (const [, left = '', right = ''] of expression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)) {
    if ((names[left] ?? left) === name) return keyText(values[right]);
  }
  const legacy = objectOf(objectOf(input.KeyConditions)[name]);
  return keyText(listOf(legacy.AttributeValueList)[0]);
}

/** Rights of the operations on several tables: one for each table, or for each kind of item in a transaction. */
export function multiTablePermissions(
  operation: string,
  text: string,
  arnOf: (table: string) => string,
  tables: ReadonlyMap<string, TableModel>,
): NeededPermission[] {
  const input = parse(text);
  const needed = new Map<string, { action: string; table: string; keys: string[] }>();
  const add = (action: string, table: string, key: unknown) => {
    const name = partitionKeyOf(tables.get(table));
    const entry = needed.get(`${action} ${table}`) ?? { action, table, keys: [] };
    if (name !== undefined) entry.keys.push(...defined([keyText(objectOf(key)[name])]));
    needed.set(`${action} ${table}`, entry);
  };
  if (operation === 'BatchGetItem') {
    for (const [table, request] of Object.entries(objectOf(input.RequestItems))) {
      for (const key of listOf(objectOf(request).Keys)) add('BatchGetItem', table, key);
    }
  } else if (operation === 'BatchWriteItem') {
    for (const [table, requests] of Object.entries(objectOf(input.RequestItems))) {
      for (const request of listOf(requests)) {
        const { PutRequest: put, DeleteRequest: remove } = objectOf(request);
        add('BatchWriteItem', table, put ? objectOf(put).Item : objectOf(remove).Key);
      }
    }
  } else {
    for (const item of listOf(input.TransactItems)) {
      for (const [kind, inner] of Object.entries(objectOf(item))) {
        const { TableName: table, Key: key, Item: whole } = objectOf(inner);
        add(TRANSACTION_ACTIONS[kind] ?? `${kind}Item`, String(table), whole ?? key);
      }
    }
  }
  return [...needed.values()].map(({ action, table, keys }) => ({
    action: `dynamodb:${action}`,
    resource: arnOf(table),
    context: () => ({ 'dynamodb:LeadingKeys': keys }),
  }));
}

const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
};
