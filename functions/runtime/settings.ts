/** What the stack tells its functions through their environment, read once and checked. */
import { ENV } from '../../shared/environment.ts';
import { type FunctionLimits, readFunctionLimits } from './limits.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface FunctionSettings {
  /** Base address of `@connections`, no slash at its end; undefined: each connection's own request context says it. */
  readonly callbackUrl: string | undefined;
  /** Origins that may open a socket; `*`: any. */
  readonly allowedOrigins: ReadonlySet<string>;
  readonly limits: FunctionLimits;
  /** Name of the function that posts to one shard of a large room. */
  readonly fanOutShardFunction: string;
  /** Days that messages are kept in every room; 0: for ever. */
  readonly retentionDays: number;
  readonly stage: string;
  readonly version: string;
}

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
    limits: readFunctionLimits(environment),
    fanOutShardFunction: environment[ENV.fanOutShardFunction] ?? '',
    retentionDays: days(environment, ENV.retentionDays),
    stage: environment[ENV.stage] ?? '',
    version: environment[ENV.serviceVersion] ?? '',
  };
}

function days(environment: Environment, name: string): number {
  const number = Number(environment[name] || 0);
  if (!(Number.isInteger(number) && number >= 0))
    throw new Error(`unable to start; ${name} is no number of days`);
  return number;
}

function address(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.replace(/\/+$/, '');
  if (!text) return undefined;
  if (!URL.canParse(text)) throw new Error(`unable to start; ${name} is no address`);
  return text;
}
