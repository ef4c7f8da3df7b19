import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** What a page loads for the client, minified: without the parts that come when they are first needed. */
async function bundle(
  source: string,
): Promise<{ readonly code: Uint8Array; readonly inputs: Metafile['inputs'] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    plugins: [
      {
        name: 'leave out what is loaded later',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ kind, path }) =>
            kind === 'dynamic-import' ? { path, external: true } : undefined,
          );
        },
      },
    ],
  });
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), inputs: metafile.inputs };
}

describe('the client in a browser', () => {
  it('is 15 KB or less, minified and packed', async () => {
    const { code } = await bundle("export * from './client/index.ts'");
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(15 * 1024);
  });

  it('brings nothing but itself', async () => {
    const { inputs } = await bundle("export * from './client/index.ts'");
    expect(Object.keys(inputs).filter((path) => !/^(client\/|<stdin>)/.test(path))).toEqual([]);
  });

  it('costs nothing where nothing of it is used: its modules do nothing by being loaded', async () => {
    const { code } = await bundle(
      "import './client/index.ts'; import { ParleyError } from './client/index.ts'; export { ParleyError };",
    );
    expect(code.length).toBeLessThan(1_500);
  });
});
