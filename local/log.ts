import type { AccessLogEntry } from './gateway/access-log.ts';
import type { GatewayLogEntry } from './gateway/log.ts';
import type { FunctionLogEntry } from './lambda/service.ts';
import type { EngineLogEntry, LogLevel } from './log-entry.ts';
import { jsonLine, terminalLine } from './log-format.ts';

export type { EngineLogEntry, LogLevel } from './log-entry.ts';

export type EngineLog = (entry: EngineLogEntry) => void;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** Lets through what is at least of this level. */
export function filterLog(level: LogLevel, log: EngineLog): EngineLog {
  return (entry) => {
    if (shows(level, entry.level)) log(entry);
  };
}

/** Whether a log of this level shows an entry of that one. */
export function shows(level: LogLevel, entry: EngineLogEntry['level']): boolean {
  return RANK[entry] >= RANK[level];
}

/** Writes to standard error: for eyes where that is a terminal, a JSON object a line elsewhere. */
export const writeLog: EngineLog = (entry) => {
  const { isTTY } = process.stderr;
  process.stderr.write(
    `${isTTY ? terminalLine(entry, process.env.NO_COLOR === undefined) : jsonLine(entry)}\n`,
  );
};

const FUNCTION_LEVELS = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'error',
} as const;

/** A line that is a JSON object with a `level` and a `message`, as Lambda's JSON log format has it, says its own level. */
export function functionEntry(entry: FunctionLogEntry): EngineLogEntry {
  const plain = entry.source === 'stderr' ? 'warn' : entry.source === 'platform' ? 'error' : 'info';
  const common = { at: entry.at, source: entry.functionName };
  const structured = entry.source === 'platform' ? undefined : parseLine(entry.text);
  if (structured) {
    const { requestId = entry.requestId } = structured.fields;
    return {
      ...common,
      ...structured,
      ...(typeof requestId === 'string' && { requestId }),
    };
  }
  return {
    ...common,
    level: entry.level ? FUNCTION_LEVELS[entry.level] : plain,
    text: entry.text,
    ...(entry.requestId !== undefined && { requestId: entry.requestId }),
  };
}

function parseLine(line: string): Pick<Required<EngineLogEntry>, 'level' | 'text' | 'fields'> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, message, time: _, timestamp: __, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const known = FUNCTION_LEVELS[String(level).toUpperCase() as keyof typeof FUNCTION_LEVELS];
    return known && typeof message === 'string' ? { level: known, text: message, fields } : undefined;
  } catch {
    return undefined;
  }
}

export function gatewayEntry(entry: GatewayLogEntry): EngineLogEntry {
  const { at, routeKey, connectionId, requestId, problem } = entry;
  return {
    at,
    level: 'warn',
    source: 'gateway',
    text: `${routeKey}: ${problem}`,
    ...(requestId !== undefined && { requestId }),
    ...(connectionId !== undefined && { fields: { connectionId } }),
  };
}

/** A line in JSON is taken apart; another is shown as it is. */
export function accessEntry({ at, requestId, line }: AccessLogEntry): EngineLogEntry {
  const common = { at, level: 'info', source: 'access', requestId } as const;
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields === 'object' && fields !== null)
      return { ...common, text: '', fields: withoutAbsent(fields) };
  } catch {
    // Another format: `$context.requestId $context.status` and the like.
  }
  return { ...common, text: line };
}

/** API Gateway writes `-` for what has no value. */
function withoutAbsent(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '-'));
}
