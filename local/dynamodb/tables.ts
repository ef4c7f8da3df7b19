import type { KeyElement, TableDefinition, TableModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import { DatabaseCallError, type DatabaseClient } from './client.ts';

interface TableDescription extends Omit<TableDefinition, 'TableName' | 'BillingMode'> {
  readonly LatestStreamArn?: string;
}

/** A table that exists, with the database's own address of its stream. */
export interface ReadyTable {
  readonly model: TableModel;
  /** The stream in the database, which is another ARN than the one that functions see. */
  readonly databaseStreamArn?: string;
  readonly created: boolean;
}

/**
 * Makes the tables that are not there yet, with TTL and stream; those that are there keep their items.
 *
 * @throws EngineError `schema_changed` where a kept table has other keys, indexes or another stream than declared
 */
export async function prepareTables(
  client: DatabaseClient,
  models: readonly TableModel[],
): Promise<ReadyTable[]> {
  const ready: ReadyTable[] = [];
  for (const model of models) {
    const existing = await describe(client, model.name);
    if (existing) requireSameSchema(model, existing);
    const description = existing ?? (await create(client, model));
    if (!existing && model.ttlAttribute !== undefined) {
      await client.call('UpdateTimeToLive', {
        TableName: model.name,
        TimeToLiveSpecification: { AttributeName: model.ttlAttribute, Enabled: true },
      });
    }
    const stream = model.streamViewType === undefined ? undefined : description.LatestStreamArn;
    ready.push({ model, created: !existing, ...(stream !== undefined && { databaseStreamArn: stream }) });
  }
  return ready;
}

async function describe(client: DatabaseClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.call<{ Table: TableDescription }>('DescribeTable', { TableName: name })).Table;
  } catch (error) {
    if (error instanceof DatabaseCallError && error.type === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

async function create(client: DatabaseClient, model: TableModel): Promise<TableDescription> {
  const output = await client.call<{ TableDescription: TableDescription }>('CreateTable', model.createTable);
  return output.TableDescription;
}

function requireSameSchema(model: TableModel, existing: TableDescription): void {
  const declared = shapeOf(model.createTable);
  const found = shapeOf(existing);
  for (const part of ['keys', 'indexes', 'stream'] as const) {
    if (declared[part] === found[part]) continue;
    throw new EngineError(
      'schema_changed',
      `unable to use the kept table ${model.name} (${model.constructPath}); its ${part} are ${found[part] || 'none'}, ` +
        `the stack declares ${declared[part] || 'none'}. Start with another data directory, or move the data`,
    );
  }
}

/** What can't be changed about a table without making it anew, as texts that can be compared. */
function shapeOf(table: TableDescription) {
  const typeOf = (name: string) =>
    table.AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType ?? '?';
  const keys = (schema: readonly KeyElement[]) =>
    schema
      .map(({ AttributeName, KeyType }) => `${AttributeName} ${typeOf(AttributeName)} ${KeyType}`)
      .join(', ');
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  return {
    keys: keys(table.KeySchema),
    indexes: indexes
      .map(({ IndexName, KeySchema }) => `${IndexName} (${keys(KeySchema)})`)
      .sort()
      .join('; '),
    stream: table.StreamSpecification?.StreamEnabled ? table.StreamSpecification.StreamViewType : '',
  };
}
