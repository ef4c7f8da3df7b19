import { readFile, rename, writeFile } from 'node:fs/promises';
import { EngineError } from '../errors.ts';

/** Where each reader of a stream stands: the database's sequence number of the last record that it is done with. */
export interface Checkpoints {
  /** 0: nothing yet. Undefined: this reader is new. */
  get(reader: string): number | undefined;
  /** What would be found after a crash at this moment. */
  saved(reader: string): number;
  set(reader: string, sequence: number): void;
  close(): Promise<void>;
}

/** How much is read again at most after the engine was killed; readers repeat then, as on AWS. */
const SAVE_EVERY_MS = 250;

/**
 * @param file - where to keep them; without it they are gone with the engine
 * @throws EngineError `database_foreign` for a file that is none of ours
 */
export async function openCheckpoints(file?: string): Promise<Checkpoints> {
  const current = new Map(file === undefined ? [] : await load(file));
  if (file === undefined) {
    return {
      get: (reader) => current.get(reader),
      saved: (reader) => current.get(reader) ?? 0,
      set: (reader, sequence) => current.set(reader, sequence),
      close: async () => {},
    };
  }
  const saved = new Map(current);
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const save = () => {
    timer = undefined;
    const snapshot = [...current];
    writing = writing.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify({ checkpoints: Object.fromEntries(snapshot) }));
      await rename(`${file}.new`, file);
      for (const [reader, sequence] of snapshot) saved.set(reader, sequence);
    });
    return writing;
  };
  return {
    get: (reader) => current.get(reader),
    saved: (reader) => saved.get(reader) ?? 0,
    set(reader, sequence) {
      current.set(reader, sequence);
      timer ??= setTimeout(save, SAVE_EVERY_MS);
    },
    async close() {
      clearTimeout(timer);
      await save();
    },
  };
}

async function load(file: string): Promise<[string, number][]> {
  try {
    const { checkpoints } = JSON.parse(await readFile(file, 'utf8'));
    return Object.entries(checkpoints).map(([reader, sequence]) => [reader, Number(sequence)]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new EngineError(
      'database_foreign',
      `unable to read ${file}; it does not hold this engine's checkpoints`,
    );
  }
}
