/** A real DynamoDB engine for a test: dynoxide in memory on a free port, with the tables as docs/data-model.md has them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createAwsSend } from '../../shared/aws/client.ts';
import { createDynamoCall, type DynamoCall } from '../../shared/data/dynamodb.ts';
import { BY_OWNER, BY_OWNER_KEYS, TTL_ATTRIBUTE } from '../../shared/data/keys.ts';
import { createTable, type Table } from '../../shared/data/table.ts';

export interface Database {
  /** For example `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** What an AWS client needs to reach it: endpoint, region and made-up credentials. */
  readonly environment: Readonly<Record<string, string>>;
  readonly call: DynamoCall;
  /** The tables through the service's own client; `now` in epoch milliseconds decides what has expired. */
  tables(now?: () => number): { readonly chat: Table; readonly connections: Table; readonly search: Table };
  stop(): Promise<void>;
}

export const CHAT_TABLE_NAME = 'Chat';
export const CONNECTIONS_TABLE_NAME = 'Connections';
export const SEARCH_TABLE_NAME = 'Search';

/** Attempts at a free port: between finding one and listening on it another process may take it. */
const PORT_ATTEMPTS = 5;
/** Milliseconds until the engine must answer; it starts in a few. */
const START_TIMEOUT_MS = 10_000;

/**
 * @param options.streams whether those tables have their streams that should. Every write to a streamed table gets slower with each record
 *   that its stream holds, so a test of very many writes that reads no stream does better without.
 */
export async function startDatabase(options: { readonly streams?: boolean } = {}): Promise<Database> {
  const binary = findBinary();
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
      stdio: 'ignore',
    });
    child.once('error', (error) => {
      throw new Error(
        `unable to start dynoxide; ${error.message}: install @dynoxide for this platform or put it on the PATH`,
      );
    });
    const database = describe(child, `http://127.0.0.1:${port}`);
    if (await answers(child, database.call)) {
      await createTables(database.call, options.streams ?? true);
      return database;
    }
    await database.stop();
    if (attempt === PORT_ATTEMPTS) throw new Error('unable to start dynoxide; it does not answer');
  }
}

/** Creates the tables, empty, as the stack declares them. */
export async function createTables(call: DynamoCall, streams: boolean): Promise<void> {
  const keys = [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ];
  const text = (name: string) => ({ AttributeName: name, AttributeType: 'S' });
  const plain = { KeySchema: keys, BillingMode: 'PAY_PER_REQUEST' };
  const common = {
    ...plain,
    ...(streams
      ? { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }
      : {}),
  };
  await call('CreateTable', {
    ...common,
    TableName: CHAT_TABLE_NAME,
    AttributeDefinitions: [text('pk'), text('sk'), text(BY_OWNER_KEYS.partition), text(BY_OWNER_KEYS.sort)],
    GlobalSecondaryIndexes: [
      {
        IndexName: BY_OWNER,
        KeySchema: [
          { AttributeName: BY_OWNER_KEYS.partition, KeyType: 'HASH' },
          { AttributeName: BY_OWNER_KEYS.sort, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  await call('CreateTable', {
    ...common,
    TableName: CONNECTIONS_TABLE_NAME,
    AttributeDefinitions: [text('pk'), text('sk')],
  });
  await call('CreateTable', {
    ...plain,
    TableName: SEARCH_TABLE_NAME,
    AttributeDefinitions: [text('pk'), text('sk')],
  });
  for (const TableName of [CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, SEARCH_TABLE_NAME]) {
    await call('UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: TTL_ATTRIBUTE },
    });
  }
}

function describe(child: ChildProcess, endpoint: string): Database {
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const call = createDynamoCall({ send: createAwsSend(environment), origin: endpoint });
  // A test that ends without `stop` leaves no database behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    endpoint,
    environment,
    call,
    tables: (now = Date.now) => ({
      chat: createTable({ name: CHAT_TABLE_NAME, call, now }),
      connections: createTable({ name: CONNECTIONS_TABLE_NAME, call, now }),
      search: createTable({ name: SEARCH_TABLE_NAME, call, now }),
    }),
    async stop() {
      process.off('exit', kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function answers(child: ChildProcess, call: DynamoCall): Promise<boolean> {
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end && child.exitCode === null; ) {
    try {
      await call('ListTables', {});
      // Another process on that port would answer too: ours must still be there.
      return child.exitCode === null;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return false;
}

/** The binary of this platform's package, else the one on the `PATH`. */
function findBinary(): string {
  const require = createRequire(import.meta.url);
  try {
    const folder = require.resolve(`@dynoxide/${process.platform}-${process.arch}/package.json`);
    const binary = join(folder, '..', 'dynoxide');
    if (existsSync(binary)) return binary;
  } catch {
    // Not installed for this platform: the one on the PATH is the next best.
  }
  return 'dynoxide';
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string')
    throw new Error('unable to find a free port; no address');
  return address.port;
}
