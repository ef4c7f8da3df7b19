/** What the web app consists of, and what browsers are told about each file. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { PublishedFile } from '../../shared/aws/publish-files.ts';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/vnd.microsoft.icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff2: 'font/woff2',
};

/** What a page is told of the place that it is served from. */
export interface PageConfig {
  /** Where sockets are opened; without it beside the page, at `/ws`. */
  readonly webSocketUrl?: string;
  /** Accounts to try it with. */
  readonly demo?: { readonly users: readonly string[]; readonly password: string };
}

/** The page that names the others. */
const PAGE = 'index.html';
/** What the build puts a hash of the content into the name of. */
const HASHED = /^assets\//;
const FOR_EVER = 'public, max-age=31536000, immutable';
/** Kept, and asked for again each time: 304 where nothing changed. */
const ASK_AGAIN = 'no-cache';

/**
 * @param folder the build's
 * @param config what the page reads from `config.json`
 * @returns the page last, as it must not be there before what it names
 * @throws {Error} for a file of a kind that has no type here, or where there is no page
 */
export async function websiteFiles(folder: string, config: PageConfig): Promise<PublishedFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => described(relative(folder, path).split(sep).join('/'), await readFile(path))),
  );
  const page = files.find(({ key }) => key === PAGE);
  if (!page) throw new Error(`unable to publish; the build has no ${PAGE}`);
  return [...files.filter((file) => file !== page), configFile(config), page];
}

export function configFile(config: PageConfig): PublishedFile {
  return described('config.json', Buffer.from(JSON.stringify(config)));
}

function described(key: string, bytes: Buffer): PublishedFile {
  const contentType = TYPES[extname(key).slice(1)];
  if (contentType === undefined) throw new Error(`unable to publish; ${key} has no known type`);
  return { key, bytes, contentType, cacheControl: HASHED.test(key) ? FOR_EVER : ASK_AGAIN };
}
