/** Rebuilds functions when their source is saved, and swaps the code of those whose bundle changed. */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type BuildContext, type BuildFailure, context, formatMessages, type OutputFile } from 'esbuild';
import { findEntries, functionOptions } from '../build.ts';

/** Folders whose files go into functions. */
const SOURCES = ['functions', 'shared'];
/** An editor writes a file in several steps: this long after the last, the build begins, milliseconds. */
const SETTLE_MS = 25;

/** A function of the running stack. */
export interface RunningFunction {
  readonly name: string;
  /** Folder of the code that it runs. */
  readonly codeDirectory: string;
}

export interface WatchOptions {
  /** Root of the sources. */
  readonly root: string;
  readonly functions: readonly RunningFunction[];
  /** Where new code is written, a folder each time. */
  readonly directory: string;
  readonly replace: (functionName: string, codeDirectory: string) => void;
  /** Told what was swapped, or why nothing was. */
  readonly tell: (text: string) => void;
}

export interface Watching {
  close(): Promise<void>;
}

/** @returns when the first build is done: what is saved from then on is swapped in a moment */
export async function watchFunctions(options: WatchOptions): Promise<Watching> {
  const { root, functions, tell } = options;
  const entries = await findEntries(root);
  const build: BuildContext = await context({ ...functionOptions(root, entries), sourcemap: false });
  const built = new Bundles(root);
  built.update(await rebuild(build));
  const running = await matchFunctions(functions, built);
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> | undefined;
  let again = false;
  let savedAt = 0;
  let generation = 0;

  async function swap(): Promise<void> {
    const started = savedAt;
    const changed = built.update(await rebuild(build));
    const swapped: string[] = [];
    for (const [entry, contents] of changed) {
      const directory = join(options.directory, `${++generation}-${entry.replace('/', '-')}`);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'index.js'), contents);
      for (const name of running.get(entry) ?? []) options.replace(name, directory);
      swapped.push(entry);
    }
    if (swapped.length === 0) return;
    tell(`swapped ${swapped.join(', ')} in ${Math.round(performance.now() - started)} ms`);
  }

  /** One at a time; what is saved meanwhile is built after. */
  async function run(): Promise<void> {
    do {
      again = false;
      try {
        await swap();
      } catch (error) {
        tell(`${await reasonOf(error)}\nThe old code stays.`);
      }
    } while (again);
    busy = undefined;
  }

  function saved(): void {
    savedAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (busy) again = true;
      else busy = run();
    }, SETTLE_MS);
  }

  /** A folder at a time: a rename over a file, as editors save, is seen by its folder and not by the file. */
  async function watchFolder(folder: string): Promise<void> {
    if (watchers.has(folder)) return;
    const watcher = watch(folder, () => {
      saved();
      void watchBelow(folder);
    });
    watcher.on('error', () => forget(folder));
    watchers.set(folder, watcher);
    await watchBelow(folder);
  }

  async function watchBelow(folder: string): Promise<void> {
    const below = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
    if (!below) return forget(folder);
    for (const entry of below) if (entry.isDirectory()) await watchFolder(join(folder, entry.name));
  }

  function forget(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  for (const source of SOURCES) await watchFolder(join(root, source));
  return {
    async close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      await busy;
      await build.dispose();
    },
  };
}

async function rebuild(build: BuildContext): Promise<readonly OutputFile[]> {
  return (await build.rebuild()).outputFiles ?? [];
}

/** The newest bundle of each entry. */
class Bundles {
  readonly #root: string;
  readonly #hashes = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @returns the entries whose bundle changed, with its new text */
  update(outputs: readonly OutputFile[]): Map<string, Uint8Array> {
    const changed = new Map<string, Uint8Array>();
    for (const { path, contents } of outputs) {
      const entry = /^dist\/functions\/(.+)\/index\.js$/.exec(relative(this.#root, path))?.[1];
      const hash = hashOf(contents);
      if (entry === undefined || this.#hashes.get(entry) === hash) continue;
      this.#hashes.set(entry, hash);
      changed.set(entry, contents);
    }
    return changed;
  }

  entryOf(contents: Uint8Array): string | undefined {
    const hash = hashOf(contents);
    for (const [entry, known] of this.#hashes) if (known === hash) return entry;
    return undefined;
  }
}

/** Which functions run an entry: those whose code is the same, byte for byte. */
async function matchFunctions(
  functions: readonly RunningFunction[],
  built: Bundles,
): Promise<Map<string, string[]>> {
  const running = new Map<string, string[]>();
  for (const { name, codeDirectory } of functions) {
    const code = await readFile(join(codeDirectory, 'index.js')).catch(() => undefined);
    const entry = code && built.entryOf(code);
    if (entry !== undefined) running.set(entry, [...(running.get(entry) ?? []), name]);
  }
  return running;
}

function hashOf(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

/** A compile error as esbuild shows it, with file, line and the text there. */
async function reasonOf(error: unknown): Promise<string> {
  const { errors } = error as Partial<BuildFailure>;
  if (!errors) return `unable to rebuild; ${error instanceof Error ? error.message : String(error)}`;
  const texts = await formatMessages(errors, { kind: 'error', color: process.stderr.isTTY ?? false });
  return `unable to rebuild\n${texts.join('').trimEnd()}`;
}
