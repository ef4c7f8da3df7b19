/** Storage for Node.js that outlives the process: a folder with a file for each key. */
import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '../platform.ts';

/** What was being written for so long never will be whole: whoever wrote it has ended. Milliseconds. */
const HALF_WRITTEN_LASTS = 60_000;

let writes = 0;

/**
 * Keeps a session, the outbox and the cache in a folder, for one process at a time. The folder holds a token that logs its user in: it is
 * made readable to its owner alone.
 *
 * @example
 * import { fileStorage } from './client/node/file-storage.ts';
 *
 * connect({ url, platform: { openStorage: () => fileStorage('/var/lib/bot') } });
 */
export async function fileStorage(folder: string): Promise<Storage> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (key: string): string => join(folder, encodeURIComponent(key));
  await sweep(folder);
  const read = async (key: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(path(key), 'utf8'));
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
        return undefined;
      throw error;
    }
  };
  return {
    get: read,
    async set(key, value) {
      // Whole or not at all, also where the process or the machine ends meanwhile. No key holds a space.
      const half = `${path(key)} ${process.pid}-${++writes}`;
      try {
        await writeFile(half, JSON.stringify(value), { mode: 0o600, flush: true });
        await rename(half, path(key));
      } catch (error) {
        // It would take room where there is none.
        await rm(half, { force: true });
        throw error;
      }
    },
    delete: (key) => rm(path(key), { force: true }),
    async list(prefix) {
      const keys = (await readdir(folder))
        .filter((name) => !name.includes(' '))
        .map(decodeURIComponent)
        .filter((key) => key.startsWith(prefix))
        .sort();
      return Promise.all(keys.map(async (key) => [key, await read(key)] as const));
    },
  };
}

/** Removes what was half written when a process ended. */
async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((each) => each.includes(' '))) {
    const half = join(folder, name);
    // Another process may have been faster.
    const writtenAt = statSync(half, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - writtenAt > HALF_WRITTEN_LASTS) await rm(half, { force: true });
  }
}
