import { parseArgs } from 'node:util';
import type { Each } from './scenarios.ts';
import type { ServerName } from './servers/server.ts';

export interface BenchOptions {
  /** Scenario names; empty: all. */
  readonly only: readonly string[];
  readonly servers: readonly ServerName[];
  /** Measured seconds of every scenario; undefined: each scenario's own. */
  readonly seconds: number | undefined;
  readonly warmUp: number;
  readonly each: Each;
  readonly json: string;
  /** Folder for Parley's processor profiles. */
  readonly profile: string | undefined;
  /** What follows `--`: more arguments for `npm start`. */
  readonly startArguments: readonly string[];
  readonly help: boolean;
}

export const HELP = `npm run bench -- [options] [-- arguments for npm start]

  --only S1,S2          scenarios to run (all: S1 S2 S3a S3b S4 S5)
  --servers parley,ws   servers to drive (all: parley, socket.io, ws)
  --seconds N           measure for N seconds instead of each scenario's own time
  --warm-up N           let the load rise for N seconds before the figures count (10)
  --each member|room    who sends "1 message a second each" in S1 and S4 (room)
  --json FILE           where the figures go (bench/results/latest.json)
  --profile DIR         write processor profiles of Parley, one a thread (it is slower then)
  --help
`;

const SERVERS: readonly ServerName[] = ['parley', 'socket.io', 'ws'];

/** @throws Error `unable to run; …` for a value that makes no sense */
export function parseOptions(args: readonly string[]): BenchOptions {
  const split = args.indexOf('--');
  const own = split < 0 ? args : args.slice(0, split);
  const { values } = parseArgs({
    args: [...own],
    options: {
      only: { type: 'string' },
      servers: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string', default: '10' },
      each: { type: 'string', default: 'room' },
      json: { type: 'string', default: 'bench/results/latest.json' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    only: list(values.only),
    servers: values.servers === undefined ? SERVERS : list(values.servers).map(serverName),
    seconds: values.seconds === undefined ? undefined : positive('--seconds', values.seconds),
    warmUp: positive('--warm-up', values['warm-up']),
    each: each(values.each),
    json: values.json,
    profile: values.profile,
    startArguments: split < 0 ? [] : args.slice(split + 1),
    help: values.help,
  };
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').filter((part) => part !== '');
}

function serverName(value: string): ServerName {
  const name = SERVERS.find((server) => server === value);
  if (name === undefined)
    throw new Error(`unable to run; there is no server ${value}, but ${SERVERS.join(', ')}`);
  return name;
}

function each(value: string): Each {
  if (value !== 'member' && value !== 'room') throw new Error('unable to run; --each is member or room');
  return value;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0)
    throw new Error(`unable to run; ${option} needs a number above 0`);
  return number;
}
