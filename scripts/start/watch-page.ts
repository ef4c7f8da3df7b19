/** Builds the page again when one of its sources is saved. */
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Page } from './page.ts';

/** What the page is made of; node's watcher looks below on Linux too. */
const SOURCES = ['web', 'client', 'shared/protocol'];
/** As for functions: an editor writes a file in several steps, ms. */
const SETTLE_MS = 25;

export interface PageWatchOptions {
  readonly root: string;
  readonly page: Page;
  /** Told what was done, or why nothing was. */
  readonly tell: (text: string) => void;
}

/** @returns what ends it, when a build that is under way is done */
export function watchPage({ root, page, tell }: PageWatchOptions): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();

  async function update(since: number): Promise<void> {
    try {
      if (await page.update(root))
        tell(`built the page in ${Math.round(performance.now() - since)} ms: load it again`);
    } catch (error) {
      tell(
        `unable to build the page; ${error instanceof Error ? error.message : String(error)}\nThe old one stays.`,
      );
    }
  }

  const saved = (): void => {
    clearTimeout(timer);
    const since = performance.now();
    timer = setTimeout(() => {
      // One at a time; where nothing changed since the one before, nothing is built.
      last = last.then(() => update(since));
    }, SETTLE_MS);
  };
  const watchers: FSWatcher[] = SOURCES.map((source) =>
    watch(join(root, source), { recursive: true }, saved),
  );
  return async () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    await last;
  };
}
