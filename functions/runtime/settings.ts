/** What the stack tells its functions through their environment, read once and checked. */
import { ENV } from '../../shared/environment.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface FunctionSettings {
  /** Base address of `@connections`, no slash at its end; undefined: each connection's own request context says it. */
  readonly callbackUrl: string | undefined;
  /** Origins that may open a socket; `*`: any. */
  readonly allowedOrigins: ReadonlySet<string>;
  readonly commandsPerMinute: number;
  readonly commandBurst: number;
  /** Name of the function that posts to one shard of a large room. */
  readonly fanOutShardFunction: string;
  readonly stage: string;
  readonly version: string;
}

/** protocol.md's limit for a connection where the stack sets none: 100 commands a minute with bursts of 30. */
const COMMANDS_PER_MINUTE = 100;
const COMMAND_BURST = 30;

/**
 * @throws {Error} for a number or an address that is none: a function must not start with a setting that was misread.
 */
export function readFunctionSettings(environment: Environment): FunctionSettings {
  return {
    callbackUrl: address(environment, ENV.callbackUrl),
    allowedOrigins: new Set(
      (environment[ENV.allowedOrigins] ?? '')
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    ),
    commandsPerMinute: positive(environment, ENV.commandsPerMinute, COMMANDS_PER_MINUTE),
    commandBurst: positive(environment, ENV.commandBurst, COMMAND_BURST),
    fanOutShardFunction: environment[ENV.fanOutShardFunction] ?? '',
    stage: environment[ENV.stage] ?? '',
    version: environment[ENV.serviceVersion] ?? '',
  };
}

function address(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.replace(/\/+$/, '');
  if (!text) return undefined;
  if (!URL.canParse(text)) throw new Error(`unable to start; ${name} is no address`);
  return text;
}

function positive(environment: Environment, name: string, otherwise: number): number {
  const text = environment[name];
  if (!text) return otherwise;
  const value = Number(text);
  if (!(value >= 1 && Number.isFinite(value)))
    throw new Error(`unable to start; ${name} is no number from 1`);
  return value;
}
