import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import type { Platform } from '../../client/platform.ts';

declare global {
  interface Window {
    /** What the client takes of a browser. */
    platform: Platform;
  }
}

const ROOT = join(import.meta.dirname, '../..');

/** Puts what the client takes of a browser into a page: its own code, in front of the browser's storage, locks and channels. */
export async function givePlatform(...pages: readonly Page[]): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: "import { defaultPlatform } from './client/browser.ts'; window.platform = defaultPlatform();",
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'iife',
    write: false,
    external: ['./put.ts'],
  });
  for (const page of pages) await page.evaluate(outputFiles[0]?.text ?? '');
}
