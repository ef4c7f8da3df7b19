import { existsSync } from 'node:fs';
import type { AssemblyModel } from '../assembly/model.ts';
import { DatabaseClient } from './client.ts';
import { type DataDirectory, takeDataDirectory } from './data-directory.ts';
import { type DatabaseProcess, startDatabase } from './process.ts';
import { checkDatabaseFile, openStreamStore, type StreamStore } from './stream-store.ts';
import { prepareTables, type ReadyTable } from './tables.ts';

export interface DatabaseOptions {
  readonly dataDirectory?: string;
  /** A DynamoDB to use instead of starting one. */
  readonly dynamodbEndpoint?: string;
}

/** The database with the tables of a stack. */
export interface OpenDatabase {
  readonly data: DataDirectory;
  readonly client: DatabaseClient;
  readonly tables: readonly ReadyTable[];
  /** Absent where the database is not ours. */
  readonly store: StreamStore | undefined;
  /** Absent where the database is not ours. */
  readonly process: DatabaseProcess | undefined;
  close(): Promise<void>;
}

/**
 * Starts the database and makes the tables.
 *
 * @throws EngineError `database_missing`, `database_failed`, `database_foreign`, `data_locked`, `schema_changed`;
 *   nothing is left running then
 */
export async function openDatabase(
  model: AssemblyModel,
  options: DatabaseOptions,
  log: (text: string) => void,
): Promise<OpenDatabase> {
  const data = await takeDataDirectory(options.dataDirectory);
  const closers: (() => Promise<void> | void)[] = [() => data.release()];
  const close = async () => {
    for (let next = closers.pop(); next; next = closers.pop()) await next();
  };
  try {
    const started = options.dynamodbEndpoint === undefined ? await startOwn(data, log) : undefined;
    if (started) {
      closers.push(() => started.close());
      started.failed.then((reason) => log(`the database is gone; ${reason}`));
    }
    const client = new DatabaseClient(options.dynamodbEndpoint ?? started?.endpoint ?? '', model.region);
    closers.push(() => client.close());
    const tables = await prepareTables(client, model.tables);
    const store = started && openStreamStore(data.databaseFile);
    if (store) closers.push(() => store.close());
    return { data, client, tables, store, process: started, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startOwn(data: DataDirectory, log: (text: string) => void): Promise<DatabaseProcess> {
  if (existsSync(data.databaseFile)) checkDatabaseFile(data.databaseFile);
  return startDatabase(data, log);
}
