export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** One line of the engine's log. Never a secret, a token, or what people said. */
export interface EngineLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: Exclude<LogLevel, 'silent'>;
  /** A function's name, `gateway`, `access`, or `engine`. */
  readonly source: string;
  readonly text: string;
  /** Leads from one line to the others about the same request. */
  readonly requestId?: string;
  /** What a function said beside its text, where it writes JSON. */
  readonly fields?: Readonly<Record<string, unknown>>;
}
