/** Puts files of the stack's assets into a bucket, as the CDK's `BucketDeployment` does. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BucketContent } from '../assembly/bucket-model.ts';
import type { BucketStore } from './bucket-store.ts';
import type { BucketEvent } from './notifications.ts';
import type { OpenBucket } from './operation.ts';

/** As Python's `mimetypes`, which the AWS CLI guesses with, knows them. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  gif: 'image/gif',
  html: 'text/html',
  ico: 'image/vnd.microsoft.icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  map: 'application/json',
  md: 'text/markdown',
  mjs: 'text/javascript',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'text/xml',
};
const DEFAULT_TYPE = 'binary/octet-stream';

/** Files that are there already, with the same bytes and the same headers, stay as they are. */
export async function putContents(
  { model, store }: OpenBucket,
  notify: (event: BucketEvent) => void,
  now: () => number,
): Promise<void> {
  for (const content of model.contents) {
    const wanted = new Set<string>();
    for (const directory of content.directories) {
      for (const file of await filesIn(directory)) {
        const key = content.prefix + path.relative(directory, file).split(path.sep).join('/');
        wanted.add(key);
        if (await putFile(store, content, { file, key, modified: now() })) {
          notify({ bucket: model, name: 'ObjectCreated:Put', key, ...pick(store, key) });
        }
      }
    }
    if (!content.prune) continue;
    for (const key of store.keys()) {
      if (!key.startsWith(content.prefix) || wanted.has(key)) continue;
      await store.delete(key);
      notify({ bucket: model, name: 'ObjectRemoved:Delete', key });
    }
  }
}

function pick(store: BucketStore, key: string) {
  const object = store.get(key);
  return object ? { object } : {};
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** @returns whether anything changed */
async function putFile(
  store: BucketStore,
  { headers, metadata }: BucketContent,
  { file, key, modified }: { readonly file: string; readonly key: string; readonly modified: number },
): Promise<boolean> {
  const bytes = await readFile(file);
  const etag = createHash('md5').update(bytes).digest('hex');
  const type = TYPES[path.extname(file).slice(1).toLowerCase()] ?? DEFAULT_TYPE;
  const stated = { 'content-type': type, ...headers };
  const before = store.get(key);
  if (before?.etag === etag && JSON.stringify(before.headers) === JSON.stringify(stated)) return false;
  const name = store.newBlob();
  await writeFile(store.placeOf(name), bytes, { mode: 0o600 });
  const blobs = [{ name, size: bytes.length }];
  await store.put({ key, size: bytes.length, etag, modified, headers: stated, metadata, tags: {}, blobs });
  return true;
}
