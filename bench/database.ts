import { takeDataDirectory } from '../local/dynamodb/data-directory.ts';
import { startDatabase } from '../local/dynamodb/process.ts';
import { openStreamStore } from '../local/dynamodb/stream-store.ts';
import { createAwsSend } from '../shared/aws/client.ts';
import { createDynamoCall, type DynamoCall } from '../shared/data/dynamodb.ts';
import { BY_OWNER, BY_OWNER_KEYS } from '../shared/data/keys.ts';
import { createTable, type Table } from '../shared/data/table.ts';
import type { StreamEvent } from '../shared/delivery/stream-records.ts';
import { followStream } from './follow-stream.ts';

export const CHAT_TABLE = 'Chat';
export const CONNECTIONS_TABLE = 'Connections';

/** A database for a measurement: the one that `npm start` runs, with both tables, their index and their streams. */
export interface BenchDatabase {
  readonly endpoint: string;
  /** What a handler has to find in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Both tables, over connections of their own: as an execution environment has them. */
  open(): { readonly call: DynamoCall; readonly chat: Table; readonly connections: Table };
  /**
   * Follows the Chat table's stream until the database is closed: gives each batch that holds commits to `onCommits`, one
   * after another, and drops what was read, as records that stay make every further write slower.
   */
  follow(onCommits?: (event: StreamEvent) => Promise<void>): void;
  close(): Promise<void>;
}

/** Starts the database on a temporary file. */
export async function openDatabase(): Promise<BenchDatabase> {
  const data = await takeDataDirectory();
  const database = await startDatabase(data);
  const environment = {
    AWS_ENDPOINT_URL: database.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  };
  const open: BenchDatabase['open'] = () => {
    const call = createDynamoCall({ send: createAwsSend(environment), origin: database.endpoint });
    const table = (name: string): Table => createTable({ name, call, now: Date.now });
    return { call, chat: table(CHAT_TABLE), connections: table(CONNECTIONS_TABLE) };
  };
  await createTables(open().call);
  const streams = openStreamStore(data.databaseFile);
  let closing = false;
  let following: Promise<void> | undefined;
  return {
    endpoint: database.endpoint,
    environment,
    open,
    follow: (onCommits) => {
      following = followStream(database.endpoint, CHAT_TABLE, streams, () => !closing, onCommits);
    },
    async close() {
      // The database's process is not what keeps a program alive: without this, the program could end before it.
      const alive = setInterval(() => {}, 1_000);
      closing = true;
      await following;
      streams.close();
      await database.close();
      await data.release();
      clearInterval(alive);
    },
  };
}

async function createTables(call: DynamoCall): Promise<void> {
  const text = (name: string) => ({ AttributeName: name, AttributeType: 'S' });
  const keys = (partition: string, sort: string) => [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
  const common = {
    KeySchema: keys('pk', 'sk'),
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  };
  const { partition, sort } = BY_OWNER_KEYS;
  await call('CreateTable', {
    ...common,
    TableName: CHAT_TABLE,
    AttributeDefinitions: ['pk', 'sk', partition, sort].map(text),
    GlobalSecondaryIndexes: [
      { IndexName: BY_OWNER, KeySchema: keys(partition, sort), Projection: { ProjectionType: 'ALL' } },
    ],
  });
  await call('CreateTable', {
    ...common,
    TableName: CONNECTIONS_TABLE,
    AttributeDefinitions: ['pk', 'sk'].map(text),
  });
}
