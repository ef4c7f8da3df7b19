/** Files that a function finds beside its bundle. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** By entry: where each file comes from, by its name there. */
const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'http/documents': {
    'openapi.json': 'docs/api/openapi.json',
    'asyncapi.json': 'docs/api/asyncapi.json',
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
      contents: gzipSync(await readFile(join(root, source)), { level: 9 }),
    })),
  );
}
