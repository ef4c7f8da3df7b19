/** What one caller, one address and one room may take, as the stack says. */
import type { CallLimits } from '../../shared/chat/call-gate.ts';
import type { RateLimit } from '../../shared/chat/rate.ts';
import type { SpamLimits } from '../../shared/chat/spam.ts';
import { ENV } from '../../shared/environment.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface FunctionLimits {
  /** Connections that a user may have open at once; 0: any number. */
  readonly connectionsPerUser: number;
  /** Commands of one connection. */
  readonly commands: RateLimit;
  /** HTTP calls of one user, and of one address. */
  readonly calls: CallLimits;
  readonly spam: SpamLimits;
  /** Messages and joins that one room takes within a second; 0: any number. */
  readonly messagesPerSecondPerRoom: number;
}

/** protocol.md's limit of a connection where the stack sets none: 100 commands a minute with bursts of 30. The others are off then. */
const PER_MINUTE = 100;
const BURST = 30;
const CONNECTIONS_PER_USER = 20;

/** @throws {Error} for what is no number: a function must not start with a limit that was misread. */
export function readFunctionLimits(environment: Environment): FunctionLimits {
  const number = (name: string, least: number, otherwise: number) => {
    const value = Number(environment[name] || otherwise);
    if (value >= least && Number.isFinite(value)) return value;
    throw new Error(`unable to start; ${name} is no number from ${least}`);
  };
  const rate = (perMinute: string, burst: string, least: number, otherwise: number): RateLimit => ({
    perMinute: number(perMinute, least, otherwise),
    burst: number(burst, 1, BURST),
  });
  return {
    connectionsPerUser: number(ENV.connectionsPerUser, 0, CONNECTIONS_PER_USER),
    commands: rate(ENV.commandsPerMinute, ENV.commandBurst, 1, PER_MINUTE),
    calls: {
      user: rate(ENV.httpCallsPerMinute, ENV.httpCallBurst, 0, 0),
      address: rate(ENV.addressCallsPerMinute, ENV.addressCallBurst, 0, 0),
    },
    spam: {
      sameTextPerMinute: number(ENV.sameTextPerMinute, 0, 0),
      linksPerMinute: number(ENV.linksPerMinute, 0, 0),
      joinsPerMinute: number(ENV.joinsPerMinute, 0, 0),
    },
    messagesPerSecondPerRoom: number(ENV.messagesPerSecondPerRoom, 0, 0),
  };
}
