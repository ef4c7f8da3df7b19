/** Sends what a function prints to the engine's log, tagged with the request that printed it. */
import { format } from 'node:util';
import type { EnvironmentMessage } from './messages.ts';

/** The levels that Lambda's runtime gives to the methods of `console`. */
const CONSOLE_LEVELS = {
  trace: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
} as const;

/**
 * Replaces `console`'s methods and the `write` of both standard streams. Posting from here is synchronous: a line printed
 * just before a timeout or an exit is not lost.
 */
export function captureOutput(
  post: (message: EnvironmentMessage) => void,
  currentRequest: () => string | undefined,
): void {
  const send = (
    source: 'stdout' | 'stderr',
    text: string,
    level?: (typeof CONSOLE_LEVELS)[keyof typeof CONSOLE_LEVELS],
  ) => {
    const requestId = currentRequest();
    post({
      kind: 'log',
      source,
      text,
      ...(requestId !== undefined && { requestId }),
      ...(level !== undefined && { level }),
    });
  };
  for (const method of Object.keys(CONSOLE_LEVELS) as (keyof typeof CONSOLE_LEVELS)[]) {
    const level = CONSOLE_LEVELS[method];
    console[method] = (...values: unknown[]) =>
      send(level === 'ERROR' || level === 'WARN' ? 'stderr' : 'stdout', format(...values), level);
  }
  for (const source of ['stdout', 'stderr'] as const) {
    const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      send(source, text.endsWith('\n') ? text.slice(0, -1) : text);
      const done = rest.at(-1);
      if (typeof done === 'function') process.nextTick(done as () => void);
      return true;
    };
    process[source].write = write;
  }
}
