import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildResult, build, findEntries } from '../../scripts/build.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What a cold start may have to read and compile. */
const MAX_BUNDLE_BYTES = 400 * 1024;

let result: BuildResult;
let metafile: Metafile;
beforeAll(async () => {
  result = await build();
  metafile = JSON.parse(await readFile(join(ROOT, 'dist/functions/meta.json'), 'utf8'));
});

const bundle = (name: string, root = ROOT) => join(root, 'dist/functions', name, 'index.js');
const hash = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/** Packages and modules that went into a bundle. */
const inputs = (name: string) =>
  Object.keys(metafile.outputs[`dist/functions/${name}/index.js`]?.inputs ?? {});

describe('bundles', () => {
  it('are of 400 KB at most', () => {
    expect(Object.keys(result.sizes).length).toBeGreaterThan(10);
    for (const [name, bytes] of Object.entries(result.sizes)) {
      expect(bytes, name).toBeLessThanOrEqual(MAX_BUNDLE_BYTES);
    }
  });

  it('of the fan-out hold no API Gateway client of the SDK, nor any other', () => {
    for (const name of ['streams/fan-out', 'streams/fan-out-shard']) {
      expect(inputs(name).length).toBeGreaterThan(10);
      expect(inputs(name).filter((path) => /@aws-sdk\/client-|@smithy\//.test(path))).toEqual([]);
    }
  });

  it('hold nothing of the engine, the tests or the stack', () => {
    for (const { name } of result.entries) {
      expect(
        inputs(name).filter((path) => /^(local|test|infra|bench|scripts)\//.test(path)),
        name,
      ).toEqual([]);
    }
  });

  it('are the same bytes wherever they are built, so that a deployment changes only what was changed', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'parley-elsewhere-'));
    try {
      for (const part of ['functions', 'shared', 'docs', 'package.json', 'tsconfig.json']) {
        await cp(join(ROOT, part), join(elsewhere, part), { recursive: true });
      }
      await symlink(join(ROOT, 'node_modules'), join(elsewhere, 'node_modules'));
      await build(elsewhere);
      for (const { name } of result.entries) {
        expect(await hash(bundle(name, elsewhere)), name).toBe(await hash(bundle(name)));
      }
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it('name no path of the machine that built them', async () => {
    for (const { name } of result.entries) expect(await readFile(bundle(name), 'utf8')).not.toContain(ROOT);
  });
});

describe('entries', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'parley-build-'));
    await mkdir(join(root, 'functions/group/helpers'), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('are the files of a group that export a handler', async () => {
    const write = (path: string, text: string) => writeFile(join(root, 'functions', path), text);
    await write('group/one.ts', 'export const handler = async () => 1;\n');
    await write('group/two.ts', 'export async function handler() {}\n');
    await write('group/three.ts', 'const handler = 3;\nexport { handler };\n');
    await write(
      'group/helper.ts',
      '// the handler\nexport const handlers = [];\nexport const help = () => "handler";\n',
    );
    await write('group/helpers/deep.ts', 'export const handler = 4;\n');
    await write('group/types.d.ts', 'export declare const handler: string;\n');
    expect((await findEntries(root)).map(({ name }) => name)).toEqual([
      'group/one',
      'group/three',
      'group/two',
    ]);
  });

  it('that exist no more leave no bundle behind', async () => {
    await build(root);
    await rm(join(root, 'functions/group/two.ts'));
    await build(root);
    const load = createRequire(import.meta.url);
    expect(await load(join(root, 'dist/functions/group/one/index.js')).handler()).toBe(1);
    await expect(readFile(join(root, 'dist/functions/group/two/index.js'))).rejects.toThrow('ENOENT');
  });

  it('that do not compile are refused with their place', async () => {
    await writeFile(join(root, 'functions/group/broken.ts'), 'export const handler = ;\n');
    await expect(build(root)).rejects.toThrow(/functions\/group\/broken\.ts:1:23/);
    await rm(join(root, 'functions/group/broken.ts'));
  });
});
