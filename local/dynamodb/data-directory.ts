import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineError, reasonOf } from '../errors.ts';

/** Where the engine keeps its state: the database, the secrets, the readers' checkpoints. */
export interface DataDirectory {
  readonly path: string;
  readonly databaseFile: string;
  /** Whether it outlives the engine. */
  readonly kept: boolean;
  /** Gives the folder up; a temporary one is removed. */
  release(): Promise<void>;
}

const DATABASE_FILE = 'dynamodb.sqlite';
const LOCK_FILE = 'engine.lock';
/** How each SQLite file begins: https://www.sqlite.org/fileformat.html#the_database_header */
const SQLITE_HEADER = 'SQLite format 3\0';
/** A file system in memory: the database loses the price of writing to a disk, with nothing else changed. */
const MEMORY_FILE_SYSTEM = '/dev/shm';

/**
 * Takes a folder for the engine's state.
 *
 * @param directory - one to keep, made if there is none; without it a temporary one
 * @throws EngineError `data_locked` if another engine runs on it, `database_foreign` if what lies there is not ours;
 *   nothing is changed then
 */
export async function takeDataDirectory(directory?: string): Promise<DataDirectory> {
  if (directory === undefined) return temporary();
  const folder = path.resolve(directory);
  const found = await stat(folder).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw new EngineError('database_foreign', `unable to keep data in ${folder}; it is a file, not a folder`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const databaseFile = path.join(folder, DATABASE_FILE);
  if (existsSync(databaseFile)) await checkHeader(databaseFile);
  const lock = path.join(folder, LOCK_FILE);
  await takeLock(lock, folder);
  return { path: folder, databaseFile, kept: true, release: () => rm(lock, { force: true }) };
}

async function temporary(): Promise<DataDirectory> {
  const parent = existsSync(MEMORY_FILE_SYSTEM) ? MEMORY_FILE_SYSTEM : tmpdir();
  const folder = await mkdtemp(path.join(parent, 'local-engine-'));
  return {
    path: folder,
    databaseFile: path.join(folder, DATABASE_FILE),
    kept: false,
    release: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function checkHeader(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(SQLITE_HEADER.length);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > 0 && buffer.toString('latin1', 0, bytesRead) !== SQLITE_HEADER) {
      throw new EngineError(
        'database_foreign',
        `unable to open ${file}; it is not a database of this engine`,
      );
    }
  } finally {
    await handle.close();
  }
}

async function takeLock(lock: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw new EngineError('data_locked', `unable to keep data in ${folder}; ${reasonOf(error)}`);
      }
    }
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (isAlive(holder)) {
      throw new EngineError(
        'data_locked',
        `unable to keep data in ${folder}; the engine with process id ${holder} uses it`,
      );
    }
    // Left by an engine that was killed.
    await rm(lock, { force: true });
  }
  throw new EngineError(
    'data_locked',
    `unable to keep data in ${folder}; another engine takes it at this moment`,
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
