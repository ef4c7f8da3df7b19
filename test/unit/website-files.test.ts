import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { websiteFiles } from '../../functions/operations/website-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'website-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
  }
}

describe('the files of the web app', () => {
  it('are kept for ever where their names have a hash, and asked for again where not', async () => {
    await write('index.html', 'icon.svg', 'assets/app-1a2b.js', 'assets/app-1a2b.css');
    const files = await websiteFiles(folder, { webSocketUrl: 'wss://ws.example.com' });
    const said = Object.fromEntries(files.map((file) => [file.key, [file.contentType, file.cacheControl]]));
    const forEver = 'public, max-age=31536000, immutable';
    expect(said).toEqual({
      'assets/app-1a2b.css': ['text/css; charset=utf-8', forEver],
      'assets/app-1a2b.js': ['text/javascript; charset=utf-8', forEver],
      'config.json': ['application/json', 'no-cache'],
      'icon.svg': ['image/svg+xml', 'no-cache'],
      'index.html': ['text/html; charset=utf-8', 'no-cache'],
    });
  });

  it('tell the page where the sockets are, and come before it', async () => {
    await write('index.html', 'zebra.svg');
    const files = await websiteFiles(folder, { webSocketUrl: 'wss://ws.example.com' });
    expect(files.at(-1)?.key).toBe('index.html');
    const config = files.find(({ key }) => key === 'config.json');
    expect(JSON.parse(String(config?.bytes))).toEqual({ webSocketUrl: 'wss://ws.example.com' });
  });

  it('have a page, and kinds that browsers are told of', async () => {
    await write('icon.svg');
    await expect(websiteFiles(folder, {})).rejects.toThrow('unable to publish; the build has no index.html');
    await write('index.html', 'notes.docx');
    await expect(websiteFiles(folder, {})).rejects.toThrow('unable to publish; notes.docx has no known type');
  });
});
