/** Rebuilds functions when their source is saved, and swaps the code of those whose bundle changed. */
import { type FSWatcher, watch } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type BuildFailure, formatMessages } from 'esbuild';
import { createIncrementalBuild, type IncrementalBuild } from './incremental-build.ts';

/** Folders whose files go into functions, new ones too; others are known by the files that are bundled. */
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
  const build = await createIncrementalBuild(root);
  await build.update();
  const running = await matchFunctions(functions, build);
  let saved = new Set<string>();
  let savedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> | undefined;
  let generation = 0;

  async function swap(files: ReadonlySet<string>, since: number): Promise<void> {
    const changed = await build.update(files);
    for (const [entry, contents] of changed) {
      const directory = join(options.directory, `${++generation}-${entry.replace('/', '-')}`);
      const names = running.get(entry) ?? [];
      const before = functions.find(({ name }) => names.includes(name));
      // With what lies beside its bundle.
      if (before) await cp(before.codeDirectory, directory, { recursive: true });
      else await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'index.js'), contents);
      for (const name of names) options.replace(name, directory);
    }
    for (const folder of build.folders()) folders.add(folder);
    if (changed.size === 0) return;
    tell(`swapped ${[...changed.keys()].join(', ')} in ${Math.round(performance.now() - since)} ms`);
  }

  /** One at a time; what is saved meanwhile is built after. */
  function next(): void {
    if (busy || saved.size === 0) return;
    const files = saved;
    saved = new Set();
    busy = swap(files, savedAt)
      .catch(async (error: unknown) => tell(`${await reasonOf(error)}\nThe old code stays.`))
      .then(() => {
        busy = undefined;
        next();
      });
  }

  const folders = new Folders((path) => {
    saved.add(relative(root, path));
    savedAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(next, SETTLE_MS);
  });
  for (const source of SOURCES) await folders.addWhole(join(root, source));
  for (const folder of build.folders()) folders.add(folder);
  return {
    async close() {
      clearTimeout(timer);
      folders.close();
      await busy;
      await build.close();
    },
  };
}

/** Watches folders, as a rename over a file, by which most editors save, is seen by its folder and not by the file. */
class Folders {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #saved: (path: string) => void;

  /** @param saved told of each path in a folder that changed */
  constructor(saved: (path: string) => void) {
    this.#saved = saved;
  }

  add(folder: string, also: () => void = () => {}): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      if (name !== null) this.#saved(join(folder, name));
      also();
    });
    watcher.on('error', () => this.#forget(folder));
    this.#watchers.set(folder, watcher);
  }

  /** The folder with all below it, also what comes later. */
  async addWhole(folder: string): Promise<void> {
    if (this.#watchers.has(folder)) return;
    this.add(folder, () => void this.#addBelow(folder));
    await this.#addBelow(folder);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  async #addBelow(folder: string): Promise<void> {
    const below = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
    if (!below) return this.#forget(folder);
    for (const entry of below) if (entry.isDirectory()) await this.addWhole(join(folder, entry.name));
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

/** Which functions run an entry: those whose code is the same, byte for byte. */
async function matchFunctions(
  functions: readonly RunningFunction[],
  build: IncrementalBuild,
): Promise<Map<string, string[]>> {
  const running = new Map<string, string[]>();
  for (const { name, codeDirectory } of functions) {
    const code = await readFile(join(codeDirectory, 'index.js')).catch(() => undefined);
    const entry = code && build.entryOf(code);
    if (entry !== undefined) running.set(entry, [...(running.get(entry) ?? []), name]);
  }
  return running;
}

/** A compile error as esbuild shows it, with file, line and the text there. */
async function reasonOf(error: unknown): Promise<string> {
  const { errors } = error as Partial<BuildFailure>;
  if (!errors) return `unable to rebuild; ${error instanceof Error ? error.message : String(error)}`;
  const texts = await formatMessages(errors, { kind: 'error', color: process.stderr.isTTY ?? false });
  return `unable to rebuild\n${texts.join('').trimEnd()}`;
}
