/** What the packages carry into every bundle and need not: an esbuild plugin that leaves it out, or packs it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'esbuild';

/** WebAssembly in base64, as packages carry it; what is shorter is not worth a call. */
const WASM = /(['"])(AGFzbQ[A-Za-z0-9+/=]{2000,})\1/g;

/** Packed at the first build of the process: the highest quality takes its time. */
const packed = new Map<string, string>();

export const SMALLER_PACKAGES: Plugin = {
  name: 'smaller-packages',
  setup({ onResolve, onLoad }) {
    // undici's parser without SIMD, which every processor of Lambda has (70 KB): its name leads to the other one.
    onResolve({ filter: /\/llhttp-wasm\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace('llhttp-wasm', 'llhttp_simd-wasm')),
    }));
    // HTTP/2, which a signed call never asks for, and the bodies of `fetch` (50 KB): they throw.
    onResolve({ filter: /\/(client-h2|web\/fetch\/body)\.js$/ }, ({ path, importer }) =>
      importer.includes('/undici/lib/') ? { path, namespace: 'not-bundled' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'not-bundled' }, ({ path }) => {
      const refuse = `() => { throw new Error(${JSON.stringify(`unable to send; ${path} is not bundled`)}) }`;
      return {
        contents: `const refuse = ${refuse}; module.exports = Object.assign(refuse, { extractBody: refuse });`,
      };
    });
    // Of the parser's tables of constants (10 KB) the client reads two.
    onLoad({ filter: /\/undici\/lib\/llhttp\/constants\.js$/ }, ({ path }) => {
      const { TYPE, ERROR } = createRequire(import.meta.url)(path) as Record<string, unknown>;
      return { contents: `module.exports = ${JSON.stringify({ TYPE, ERROR })};` };
    });
    // WebAssembly is a quarter of its size when packed, for half a millisecond of unpacking.
    onLoad({ filter: /\/undici\/lib\/llhttp\/llhttp_simd-wasm\.js$/ }, pack);
    // A bundle has no file beside it to read at its start (4 KB).
    onLoad({ filter: /\/shared\/auth\/argon2-module\.ts$/ }, async ({ path }) => {
      const wasm = createRequire(path).resolve('argon2id/dist/simd.wasm');
      const base64 = await readFile(wasm, 'base64');
      return { contents: `export const ARGON2_MODULE = Buffer.from('${base64}', 'base64');` };
    });
  },
};

async function pack({ path }: { readonly path: string }): Promise<{ contents: string }> {
  const text = await readFile(path, 'utf8');
  return {
    contents: text.replaceAll(WASM, (_, quote: string, base64: string) => {
      const small = packed.get(base64) ?? brotli(base64);
      packed.set(base64, small);
      // Marked pure, so that what nobody uses is dropped as before.
      return `/* @__PURE__ */ ((packed) => require('node:zlib').brotliDecompressSync(Buffer.from(packed, 'base64')).toString('base64'))(${quote}${small}${quote})`;
    }),
  };
}

function brotli(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).toString('base64');
}
