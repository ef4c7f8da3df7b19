/** The web app, built to lie beside the function that publishes it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The page's own sources, and all that they import of the project. */
const SOURCES = ['web', 'client', 'shared/protocol', 'package-lock.json'];
const CONFIG = 'web/vite.config.ts';
/** Where the function finds the files, and what they were built from. */
const PLACE = 'dist/functions/operations/website/files';
const KEY = 'dist/web.key';

/**
 * Builds the page where its sources are others than the last time.
 *
 * @returns the folder of its files, and whether it was built; nothing where the repository has no page
 * @throws Vite's failure
 */
export async function buildWeb(
  root: string,
): Promise<{ readonly folder: string; readonly built: boolean } | undefined> {
  if (!existsSync(join(root, CONFIG))) return undefined;
  const folder = join(root, PLACE);
  const key = await keyOf(root);
  const before = await readFile(join(root, KEY), 'utf8').catch(() => '');
  if (key === before && existsSync(join(folder, 'index.html'))) return { folder, built: false };
  await mkdir(join(root, 'dist'), { recursive: true });
  // A folder of its own, as another build, or a synth of what was there, may be under way.
  const outDir = await mkdtemp(join(root, 'dist/web-'));
  try {
    await asInProduction(async () => {
      // Only where it is needed: loading it takes half as long as the build.
      const { build } = await import('vite');
      const configFile = join(root, CONFIG);
      await build({ configFile, logLevel: 'silent', build: { outDir, emptyOutDir: true } });
    });
    await moveFiles(outDir, folder);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
  await writeFile(join(root, KEY), key);
  return { folder, built: true };
}

/** Whoever builds it, a test among them, builds what people get: Vite goes by the environment, and React is larger in any other. */
async function asInProduction(work: () => Promise<void>): Promise<void> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

async function keyOf(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const path of await filesIn(join(root, source))) {
      hash.update(`${relative(root, path)}\n`).update(await readFile(path));
    }
  }
  return hash.digest('hex');
}

/** Itself, where it is a file; none where there is nothing. */
async function filesIn(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => undefined);
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Each file whole, the page last; what the build has no more goes after. */
async function moveFiles(from: string, to: string): Promise<void> {
  const names = (await filesIn(from)).map((path) => relative(from, path));
  const isPage = (name: string) => name === 'index.html';
  for (const name of [...names.filter((one) => !isPage(one)), ...names.filter(isPage)]) {
    await mkdir(join(to, name, '..'), { recursive: true });
    await rename(join(from, name), join(to, name));
  }
  for (const path of await filesIn(to))
    if (!names.includes(relative(to, path))) await rm(path, { force: true });
}
