import type { GatewayLogEntry } from './gateway/log.ts';
import type { FunctionLogEntry } from './lambda/service.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** One line of the engine's log. Never a secret, a token, or what people said. */
export interface EngineLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: Exclude<LogLevel, 'silent'>;
  /** A function's name, `gateway`, or `engine`. */
  readonly source: string;
  readonly text: string;
  readonly requestId?: string;
}

export type EngineLog = (entry: EngineLogEntry) => void;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** Lets through what is at least of this level. */
export function filterLog(level: LogLevel, log: EngineLog): EngineLog {
  return (entry) => {
    if (RANK[entry.level] >= RANK[level]) log(entry);
  };
}

/** A line each on standard error. */
export const writeLog: EngineLog = ({ at, level, source, text, requestId }) => {
  const time = new Date(at).toISOString().slice(11, 23);
  const request = requestId === undefined ? '' : ` ${requestId}`;
  process.stderr.write(`${time} ${level.padEnd(5)} ${source}${request} ${text.trimEnd()}\n`);
};

const FUNCTION_LEVELS = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'error',
} as const;

export function functionEntry(entry: FunctionLogEntry): EngineLogEntry {
  const plain = entry.source === 'stderr' ? 'warn' : entry.source === 'platform' ? 'error' : 'info';
  return {
    at: entry.at,
    level: entry.level ? FUNCTION_LEVELS[entry.level] : plain,
    source: entry.functionName,
    text: entry.text,
    ...(entry.requestId !== undefined && { requestId: entry.requestId }),
  };
}

export function gatewayEntry({
  at,
  routeKey,
  connectionId,
  requestId,
  problem,
}: GatewayLogEntry): EngineLogEntry {
  const connection = connectionId === undefined ? '' : ` connection ${connectionId}`;
  return {
    at,
    level: 'warn',
    source: 'gateway',
    text: `${routeKey}${connection}: ${problem}`,
    ...(requestId !== undefined && { requestId }),
  };
}
