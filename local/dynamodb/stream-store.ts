import Database from 'libsql';
import { EngineError, reasonOf } from '../errors.ts';

/**
 * Keeps the database's table of stream records short and indexed.
 *
 * dynoxide (1.2) numbers each record by a scan over all records so far and never drops one: a write costs 3 ms after
 * 10,000 records. With two expression indexes and without the records that every reader has taken it stays at 0.4 ms.
 * Its HTTP interface can do neither, so a second SQLite client does, on the same file, while the database runs.
 */
export interface StreamStore {
  /**
   * Drops the records of a table up to and including a sequence number. The newest record stays whatever its number, as
   * the database derives the next number from it.
   */
  trim(tableName: string, upTo: number): void;
  /** The records of a table after one of this number, in order. */
  read(tableName: string, after: number, limit: number): readonly StoredRecord[];
  /** Number of a table's newest record, 0 if there is none. */
  newest(tableName: string): number;
  close(): void;
}

/** A row of the database's table of stream records; the names are its own. */
export interface StoredRecord {
  readonly event_name: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys_json: string;
  readonly new_image: string | null;
  readonly old_image: string | null;
  readonly sequence_number: string;
  /** Seconds since the epoch. */
  readonly created_at: number;
}

/** How long the engine's thread may wait for the database to finish a write of its own. */
const BUSY_TIMEOUT_MS = 2_000;
/** Deleted in one statement, two milliseconds of work, during which the engine's thread stands still; and so often in a row. */
const TRIM_CHUNK = 1_000;
const TRIM_CHUNKS = 4;
const TABLES = ['_config', '_tables', '_stream_records'];

/**
 * Looks into a kept file before the database opens it, and changes nothing.
 *
 * @throws EngineError `database_foreign` if it holds tables, and not those of dynoxide
 */
export function checkDatabaseFile(file: string): void {
  let names: Set<string>;
  try {
    const database = new Database(file);
    try {
      const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      names = new Set(rows.map((row) => String((row as { name: unknown }).name)));
    } finally {
      database.close();
    }
  } catch (error) {
    throw new EngineError('database_foreign', `unable to open ${file}; ${reasonOf(error)}`);
  }
  if (names.size > 0 && !TABLES.every((name) => names.has(name))) {
    throw new EngineError('database_foreign', `unable to open ${file}; it is a database of another program`);
  }
}

/** @throws EngineError `database_failed` where the database's own tables are not as expected */
export function openStreamStore(file: string): StreamStore {
  const database = new Database(file);
  try {
    database.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
       CREATE INDEX IF NOT EXISTS engine_stream_by_table
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
       CREATE INDEX IF NOT EXISTS engine_stream_by_shard
         ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));`,
    );
  } catch (error) {
    database.close();
    throw new EngineError('database_failed', `unable to index the stream records; ${reasonOf(error)}`);
  }
  // Word for word as in the index: SQLite does not take `cast(… as integer)` for the same expression.
  const select = database.prepare(
    `SELECT event_name, keys_json, new_image, old_image, sequence_number, created_at FROM _stream_records
     WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2
     ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3`,
  );
  const newest = database.prepare(
    'SELECT MAX(CAST(sequence_number AS INTEGER)) AS newest FROM _stream_records WHERE table_name = ?1',
  );
  const remove = database.prepare(
    `DELETE FROM _stream_records WHERE id IN (
       SELECT id FROM _stream_records
       WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2
         AND CAST(sequence_number AS INTEGER) < (
           SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1)
       ORDER BY CAST(sequence_number AS INTEGER) LIMIT ${TRIM_CHUNK})`,
  );
  return {
    trim(tableName, upTo) {
      for (let chunk = 0; chunk < TRIM_CHUNKS; chunk += 1) {
        if (remove.run(tableName, upTo).changes < TRIM_CHUNK) return;
      }
    },
    read: (tableName, after, limit) => select.all(tableName, after, limit) as StoredRecord[],
    newest: (tableName) => Number((newest.get(tableName) as { newest: unknown }).newest ?? 0),
    close: () => database.close(),
  };
}
