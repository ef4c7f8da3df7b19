/** Files that a function finds beside its bundle: the documents, and the page to try them on; a thread's program. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

/** Where a file comes from: its text, several texts one after another, its bytes, or a browser's or Node's script to be bundled. */
type Source =
  | string
  | readonly string[]
  | { readonly bytes: string }
  | { readonly script: string; readonly platform: 'browser' | 'node' };

const PAGE = 'functions/http/documents';
const SWAGGER_UI = 'node_modules/swagger-ui-dist';
const ASYNC_API = 'node_modules/@asyncapi/react-component';

/** By entry, by the file's name there. */
const FILES: Readonly<Record<string, Readonly<Record<string, Source>>>> = {
  'http/documents': {
    'openapi.json': 'docs/api/openapi.json',
    'asyncapi.json': 'docs/api/asyncapi.json',
    'asyncapi.parsed.json': 'docs/api/asyncapi.parsed.json',
    'page.html': `${PAGE}/page.html`,
    'page.css': `${PAGE}/page.css`,
    'page.js': { script: `${PAGE}/page.ts`, platform: 'browser' },
    'asyncapi.js': { script: `${PAGE}/asyncapi.ts`, platform: 'browser' },
    'asyncapi.css': `${ASYNC_API}/styles/default.min.css`,
    'swagger-ui.js': `${SWAGGER_UI}/swagger-ui-bundle.js`,
    'swagger-ui.css': `${SWAGGER_UI}/swagger-ui.css`,
    'licenses.txt': [
      `${SWAGGER_UI}/NOTICE`,
      `${SWAGGER_UI}/LICENSE`,
      `${SWAGGER_UI}/swagger-ui-bundle.js.LICENSE.txt`,
      `${ASYNC_API}/browser/standalone/without-parser.js.LICENSE.txt`,
      `${ASYNC_API}/LICENSE`,
    ],
  },
  'queues/keep-files': {
    'thumbnails.js': { script: 'functions/queues/thumbnails/worker.ts', platform: 'node' },
    'photon.wasm': { bytes: 'node_modules/@cf-wasm/photon/dist/lib/photon_rs_bg.wasm' },
  },
};

export interface FileBeside {
  /** Below `dist/functions`. */
  readonly path: string;
  readonly contents: Uint8Array;
}

/** @returns the files of the entries that there are, packed: `<entry>/files/<name>.gz`. */
export async function filesBeside(root: string, entries: Iterable<string>): Promise<FileBeside[]> {
  const wanted = [...entries].flatMap((entry) =>
    Object.entries(FILES[entry] ?? {}).map(([name, source]) => ({ entry, name, source })),
  );
  return Promise.all(
    wanted.map(async ({ entry, name, source }) => ({
      path: `${entry}/files/${name}.gz`,
      contents: await promisify(gzip)(await read(root, source), { level: 9 }),
    })),
  );
}

async function read(root: string, source: Source): Promise<Uint8Array | string> {
  if (typeof source === 'string') return withoutMap(await readFile(join(root, source), 'utf8'));
  if ('bytes' in source) return readFile(join(root, source.bytes));
  if ('script' in source) return bundle(root, source.script, source.platform);
  const texts = await Promise.all(source.map((path) => readFile(join(root, path), 'utf8')));
  return texts.join('\n\n');
}

/** A package's map is not served. */
function withoutMap(text: string): string {
  return text.replace(/(\/\/|\/\*)# sourceMappingURL=\S+( ?\*\/)?\s*$/, '');
}

async function bundle(root: string, script: string, platform: 'browser' | 'node'): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [script],
    bundle: true,
    write: false,
    minify: true,
    platform,
    target: 'es2022',
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [VIEWER_WITHOUT_PARSER],
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** What of AsyncAPI's parser shows a document that was parsed already. */
const SHOWING_PARTS = `
export { isAsyncAPIDocument, isOldAsyncAPIDocument, isStringifiedDocument, toAsyncAPIDocument } from '@asyncapi/parser/esm/document.js';
export { unstringify } from '@asyncapi/parser/esm/stringify.js';
export { SchemaV2 } from '@asyncapi/parser/esm/models/index.js';
`;

/**
 * The viewer imports AsyncAPI's parser whole, with its validators (2 MB), which compile their rules by `eval`: no strict content
 * security policy lets them. Here it gets the classes that show a document, and for the rest what is never called.
 */
const VIEWER_WITHOUT_PARSER: Plugin = {
  name: 'viewer-without-parser',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@asyncapi\/parser(\/cjs\/document)?$/ }, ({ resolveDir }) => ({
      path: 'showing-parts',
      namespace: 'viewer',
      pluginData: resolveDir,
    }));
    onResolve({ filter: /^@stoplight\/|^@asyncapi\/specs$/ }, ({ path }) => ({ path, namespace: 'viewer' }));
    onLoad({ filter: /\/react-component\/lib\/esm\/helpers\/parser\.js$/ }, () => ({
      contents: 'export const Parser = {};',
    }));
    onLoad({ filter: /.*/, namespace: 'viewer' }, ({ path, pluginData }) => {
      if (path === 'showing-parts') return { contents: SHOWING_PARTS, resolveDir: pluginData as string };
      if (path === '@asyncapi/specs') return { contents: 'export default { schemas: {} };' };
      return { contents: 'export class Document {}\nexport const DiagnosticSeverity = {};' };
    });
  },
};
