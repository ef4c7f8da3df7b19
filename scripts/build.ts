import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build as bundle, type Metafile, type OutputFile } from 'esbuild';
import { filesBeside } from './build/files.ts';
import { SMALLER_PACKAGES } from './build/smaller-packages.ts';
import { buildWeb } from './build/web.ts';

/** Root of the repository. */
const ROOT = join(import.meta.dirname, '..');

/** Where a bundle's source map goes: beside the assets, not in them, so that it costs no cold start. */
const MAPS = 'dist/maps';

/** A Lambda function that the build found: its source and the folder that becomes its code asset. */
export interface Entry {
  /** `<group>/<name>`, for example `websocket/send-message`. */
  readonly name: string;
  readonly source: string;
}

/** What a build made, paths relative to the repository. */
export interface BuildResult {
  readonly entries: readonly Entry[];
  /** Size of each function's bundle, bytes, by `<group>/<name>`. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly milliseconds: number;
}

/**
 * Finds the Lambda entries: a file directly in a folder of `functions/` that exports `handler`. What lies beside an
 * entry or in a subfolder without exporting one is a helper module.
 */
export async function findEntries(root = ROOT): Promise<Entry[]> {
  const folder = join(root, 'functions');
  if (!existsSync(folder)) return [];
  const groups = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const found = await Promise.all(
    groups.map(async ({ name: group }) => {
      const files = (await readdir(join(folder, group))).filter((file) => /^[a-z0-9-]+\.ts$/.test(file));
      const texts = await Promise.all(files.map((file) => readFile(join(folder, group, file), 'utf8')));
      return files
        .filter((_, index) => exportsHandler(texts[index] ?? ''))
        .map((file) => ({ name: `${group}/${file.slice(0, -3)}`, source: `functions/${group}/${file}` }));
    }),
  );
  return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Bundles every Lambda function into `dist/functions/<group>/<name>/index.js`, with the files that it serves beside it, the web app
 * among them, and the local engine into `dist/local/`, and writes esbuild's account of the bundles to `dist/functions/meta.json`. The same source gives the same bytes, and
 * a file whose bytes did not change is not touched, so that asset hashes and watchers see changes of code alone.
 *
 * @throws esbuild's failure, or Vite's, with file and line, if a source does not compile.
 */
export async function build(root = ROOT): Promise<BuildResult> {
  const started = performance.now();
  const entries = await findEntries(root);
  const [functions, local, files] = await Promise.all([
    bundle(functionOptions(root, entries)),
    Promise.all(localOptions(root).map((options) => bundle(options))),
    filesBeside(
      root,
      entries.map(({ name }) => name),
    ),
    buildWeb(root),
  ]);
  const outputs = [functions, ...local].flatMap((result) => result.outputFiles ?? []);
  await Promise.all(outputs.map((output) => writeChanged(place(root, output), output.contents)));
  await Promise.all(
    files.map(({ path, contents }) => writeChanged(join(root, 'dist/functions', path), contents)),
  );
  await writeChanged(join(root, 'dist/functions/meta.json'), Buffer.from(JSON.stringify(functions.metafile)));
  await removeStale(root, entries);
  return {
    entries,
    sizes: bundleSizes(functions.metafile ?? { inputs: {}, outputs: {} }),
    milliseconds: Math.round(performance.now() - started),
  };
}

/** Size of each function's bundle in bytes, by `<group>/<name>`, from esbuild's metafile. */
export function bundleSizes(metafile: Metafile): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metafile.outputs).flatMap(([path, { bytes }]) => {
      const name = /^dist\/functions\/(.+)\/index\.js$/.exec(path)?.[1];
      return name === undefined ? [] : [[name, bytes]];
    }),
  );
}

function exportsHandler(text: string): boolean {
  return (
    /^export (?:const|(?:async )?function) handler\b/m.test(text) ||
    /^export \{[^}]*\bhandler\b[^}]*\}/m.test(text)
  );
}

/**
 * How esbuild bundles the functions, without writing them. CommonJS loads faster than ESM in a cold start; `module` first lets
 * esbuild drop what the SDK's CommonJS would keep.
 */
export function functionOptions(root: string, entries: readonly Entry[]) {
  return {
    absWorkingDir: root,
    entryPoints: entries.map(({ name, source }) => ({ in: source, out: `${name}/index` })),
    outdir: 'dist/functions',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    define: { 'process.env.NODE_ENV': '"production"' },
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [SMALLER_PACKAGES],
  } satisfies BuildOptions;
}

/** The engine loads its packages from `node_modules`; a Lambda environment's worker thread loads nothing but itself. */
function localOptions(root: string): BuildOptions[] {
  const common = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'inline',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
  } satisfies BuildOptions;
  const engine = { entryPoints: ['local/engine.ts'], outfile: 'dist/local/engine.js' };
  const gateway = { entryPoints: ['local/gateway/process.ts'], outfile: 'dist/local/gateway.js' };
  const environment = { entryPoints: ['local/lambda/environment.ts'], outfile: 'dist/local/environment.js' };
  return [
    { ...common, ...engine, packages: 'external' as const },
    { ...common, ...gateway, packages: 'external' as const },
    { ...common, ...environment },
  ].filter(({ entryPoints }) => entryPoints.every((source) => existsSync(join(root, source))));
}

function place(root: string, output: OutputFile): string {
  const path = relative(root, output.path);
  if (!path.endsWith('.map')) return output.path;
  return join(root, path.replace(/^dist\/functions\/(.+)\/index\.js\.map$/, `${MAPS}/$1.js.map`));
}

/** Writes through a rename, as another build, a synth or a watching engine may be reading. */
async function writeChanged(path: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/** Removes the bundles of functions that exist no more, so that no stack can name one. */
async function removeStale(root: string, entries: readonly Entry[]): Promise<void> {
  const folder = join(root, 'dist/functions');
  const names = new Set(entries.map(({ name }) => name));
  const groups = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const { name: group } of groups) {
    for (const name of await readdir(join(folder, group))) {
      if (!names.has(`${group}/${name}`))
        await rm(join(folder, group, name), { recursive: true, force: true });
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { sizes, milliseconds } = await build();
    const largest = Math.max(0, ...Object.values(sizes));
    console.error(
      `built ${Object.keys(sizes).length} functions in ${milliseconds} ms, the largest ${Math.ceil(largest / 1024)} KB`,
    );
  } catch (error) {
    console.error(
      `unable to build; ${error instanceof Error ? error.message : String(error)}\nFix the source and run the command again.`,
    );
    process.exit(1);
  }
}
