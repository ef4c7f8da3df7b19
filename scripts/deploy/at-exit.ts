/** What a command cleans up however it ends: by itself, by an error, or by Ctrl-C. */

const cleanups = new Set<() => void>();
let listening = false;

/**
 * @param cleanup must be synchronous: a process that exits waits for nothing.
 * @returns what withdraws it, to be called when it is done or has become pointless.
 */
export function atExit(cleanup: () => void): () => void {
  if (!listening) {
    listening = true;
    process.on('exit', () => {
      for (const one of cleanups) one();
    });
    // A signal ends a process without `exit` unless somebody listens to it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
  }
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}
