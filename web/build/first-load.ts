import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

/** Script that the page needs before it shows the rooms, gzipped: some two seconds on a slow phone's 3G. */
export const MAX_FIRST_LOAD_BYTES = 150 * 1024;

/** Fails the build where the first load outgrows its bound; says how large it is otherwise. */
export function firstLoad(): Plugin {
  return {
    name: 'parley-first-load',
    apply: 'build',
    writeBundle(_, bundle) {
      const bytes = firstChunks(bundle).reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
      const size = `${(bytes / 1024).toFixed(1)} KB of script, gzipped`;
      if (bytes > MAX_FIRST_LOAD_BYTES) {
        this.error(
          `unable to build the page; its first load is ${size}: ${MAX_FIRST_LOAD_BYTES / 1024} at most`,
        );
      }
      this.info(`first load: ${size}`);
    },
  };
}

/** What is loaded only when it is asked for, and is asked for at once: the rooms, by who is logged in. */
const AT_ONCE = /\/web\/chat\/chat\.tsx$/;

/** The entry, the rooms, and all that they import statically. */
function firstChunks(bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
  const needed = new Set(
    chunks.filter(({ isEntry, facadeModuleId }) => isEntry || AT_ONCE.test(facadeModuleId ?? '')),
  );
  for (const chunk of needed) {
    for (const name of chunk.imports) {
      const imported = bundle[name];
      if (imported?.type === 'chunk') needed.add(imported);
    }
  }
  return [...needed];
}
