/**
 * Structured logs: one JSON object a line, as CloudWatch's Logs Insights reads them. Never a token, a secret or a message's text:
 * callers log ids, numbers and codes.
 */

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  /** `error` is logged by its name, message and stack: for the operator's eyes only. */
  error(message: string, error: unknown, fields?: Fields): void;
  /** A logger whose every line carries these fields too, for example the correlation id. */
  with(fields: Fields): Logger;
}

/**
 * @param options.level lines below it are dropped; an unknown text counts as `info`.
 * @param options.write takes one line without its end.
 */
export function createLogger(options: {
  readonly level: string | undefined;
  readonly fields?: Fields;
  readonly write?: (line: string) => void;
}): Logger {
  const threshold = levelIndex(options.level);
  const write = options.write ?? ((line) => process.stdout.write(`${line}\n`));

  function line(level: Level, message: string, fields: Fields | undefined): void {
    if (LEVELS.indexOf(level) < threshold) return;
    write(JSON.stringify({ level, message, ...options.fields, ...fields, time: new Date().toISOString() }));
  }

  return {
    debug: (message, fields) => line('debug', message, fields),
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, error, fields) => line('error', message, { ...fields, ...describe(error) }),
    with: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

function levelIndex(level: string | undefined): number {
  const names: readonly string[] = LEVELS;
  const index = names.indexOf(level?.toLowerCase() ?? 'info');
  return index === -1 ? LEVELS.indexOf('info') : index;
}

function describe(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  return { error: error.name, reason: error.message, ...(error.stack ? { stack: error.stack } : {}) };
}
