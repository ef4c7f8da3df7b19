/** Builds functions again and again, each time only those that a changed file is part of. */
import { createHash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { type BuildContext, type BuildResult, context, type Metafile } from 'esbuild';
import { type Entry, findEntries, functionOptions } from '../build.ts';

/** Up to so many functions are bundled one by one; for more it is faster to bundle all at once. */
const FEW = 4;

export interface IncrementalBuild {
  /**
   * Bundles all functions, or those that one of the files is part of, and what failed the last time.
   *
   * @param files paths below the root
   * @returns the entries whose bundle is another one now, with its text
   * @throws esbuild's failure
   */
  update(files?: ReadonlySet<string>): Promise<ReadonlyMap<string, Uint8Array>>;
  /** The entry whose newest bundle is this, byte for byte. */
  entryOf(contents: Uint8Array): string | undefined;
  /** Absolute folders of all that is in the bundles and belongs to the project. */
  folders(): ReadonlySet<string>;
  close(): Promise<void>;
}

export async function createIncrementalBuild(root: string): Promise<IncrementalBuild> {
  const entries = new Map((await findEntries(root)).map((entry) => [entry.name, entry]));
  const contextOf = (some: Iterable<Entry>) =>
    context({ ...functionOptions(root, [...some]), sourcemap: false });
  const whole = await contextOf(entries.values());
  /** Made when a function is first built alone: what esbuild has parsed stays with its context. */
  const single = new Map<string, Promise<BuildContext>>();
  const hashes = new Map<string, string>();
  /** Files of each entry, relative to the root. */
  const inputs = new Map<string, ReadonlySet<string>>();
  /** Entries whose bundle is older than their source. */
  const pending = new Set(entries.keys());

  async function bundle(): Promise<readonly BuildResult[]> {
    if (pending.size > FEW) return [await whole.rebuild()];
    return Promise.all(
      [...pending].map(async (name) => {
        const entry = entries.get(name);
        const made = single.get(name) ?? contextOf(entry ? [entry] : []);
        single.set(name, made);
        return (await made).rebuild();
      }),
    );
  }

  function take({ outputFiles = [], metafile }: BuildResult, changed: Map<string, Uint8Array>): void {
    for (const { path, contents } of outputFiles) {
      const output = relative(root, path);
      const entry = /^dist\/functions\/(.+)\/index\.js$/.exec(output)?.[1];
      if (entry === undefined) continue;
      if (metafile) inputs.set(entry, filesBehind(metafile, entries.get(entry)?.source ?? ''));
      const hash = hashOf(contents);
      if (hashes.get(entry) === hash) continue;
      hashes.set(entry, hash);
      changed.set(entry, contents);
    }
  }

  return {
    async update(files) {
      for (const [entry, own] of inputs) if (intersects(own, files)) pending.add(entry);
      const changed = new Map<string, Uint8Array>();
      if (pending.size === 0) return changed;
      for (const result of await bundle()) take(result, changed);
      pending.clear();
      return changed;
    },
    entryOf(contents) {
      const hash = hashOf(contents);
      for (const [entry, known] of hashes) if (known === hash) return entry;
      return undefined;
    },
    folders() {
      const own = [...inputs.values()].flatMap((files) => [...files]).filter(isOwn);
      return new Set(own.map((file) => dirname(join(root, file))));
    },
    async close() {
      const contexts = await Promise.all([whole, ...single.values()]);
      await Promise.all(contexts.map((made) => made.dispose()));
    },
  };
}

/**
 * All files that a source imports, by whatever way. What esbuild lists for an output are those with bytes in it: a constant that
 * was put in place of its name has none.
 */
function filesBehind(metafile: Metafile, source: string): ReadonlySet<string> {
  const found = new Set([source]);
  for (const file of found)
    for (const { path, external } of metafile.inputs[file]?.imports ?? []) if (!external) found.add(path);
  return found;
}

/** Not a package's, and not one that a plugin made up. */
const isOwn = (file: string): boolean => !file.includes('node_modules/') && !file.includes(':');

function intersects(own: ReadonlySet<string>, files: ReadonlySet<string> = own): boolean {
  for (const file of files) if (own.has(file)) return true;
  return false;
}

function hashOf(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}
