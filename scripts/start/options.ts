/** The command line of `npm start`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FaultPlan, FaultPlanError, parseFaultPlan } from '../../local/faults/plan.ts';
import { CommandError } from '../command-error.ts';

export interface StartOptions {
  /** Port of everything a client needs; further gateways take the ports after it. 0 picks free ones. */
  readonly port: number;
  /** How many gateways serve the stack, each on a port of its own; more than one run in processes of their own. */
  readonly gateways: number;
  /** Folder that keeps the data over restarts; in memory without it. */
  readonly data?: string;
  /** CDK context, as `-c key=value` gives it. */
  readonly context: Readonly<Record<string, string>>;
  /** Whether to create the demo users and their room. */
  readonly demo: boolean;
  /** Whether to print one line of JSON on standard output when ready, and all else on standard error. */
  readonly json: boolean;
  /** Whether a function is rebuilt and swapped when its source is saved. */
  readonly watch: boolean;
  /** Whether the engine holds to AWS's limits on an account and on a partition. */
  readonly limits: boolean;
  /** What shall go wrong. */
  readonly faults?: FaultPlan;
  /** What is shown of the log at least. */
  readonly log: LogLevel;
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Each is a process with environments of its own: more than this help nobody on one machine. */
const MAX_GATEWAYS = 8;

export const USAGE = `Usage: npm start -- [options]

Builds the handlers, synthesizes the stack and runs it on this machine.

  --port N         port of everything, 3000 by default; 0 picks a free one
  --gateways N     serve the stack from N processes on the ports from --port on; each may be killed at any time
  --data DIR       keep the data in DIR over restarts; in memory without it
  -c KEY=VALUE     CDK context, as with the CDK; may be repeated
  --watch          rebuild and swap a function when its source is saved; connections stay
  --faults PLAN    let go wrong what a fault plan says: a JSON file, or the JSON itself; see docs/faults.md
  --limits         hold to AWS's limits on an account and on a partition; see docs/engine.md
  --log LEVEL      debug, info, warn or error: what is shown of the log; warn by default
  --no-demo        no demo users alice and bob, no room "general"
  --json           when ready, one line of JSON on standard output, all else on standard error
  --help           this text
`;

/**
 * @param args the words after `npm start --`.
 * @returns the options, or `help` where the usage was asked for.
 * @throws {CommandError} naming the word that is not understood.
 */
export function parseOptions(args: readonly string[]): StartOptions | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  return {
    port: parsePort(values.port),
    gateways: parseGateways(values.gateways, parsePort(values.port)),
    ...(values.data === undefined ? {} : { data: values.data }),
    context: Object.fromEntries((values.context ?? []).map(parseContext)),
    demo: !values['no-demo'],
    json: values.json,
    watch: values.watch,
    limits: values.limits,
    ...(values.faults === undefined ? {} : { faults: parseFaults(values.faults) }),
    log: parseLevel(values.log),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '3000' },
        gateways: { type: 'string', default: '1' },
        data: { type: 'string' },
        watch: { type: 'boolean', default: false },
        limits: { type: 'boolean', default: false },
        log: { type: 'string', default: 'warn' },
        faults: { type: 'string' },
        context: { type: 'string', short: 'c', multiple: true },
        'no-demo': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new CommandError(
      'start',
      error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error),
      'npm start -- --help lists the options.',
    );
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new CommandError('start', `--port ${text} is not a port`, 'Give a number from 0 to 65535.');
}

function parseGateways(text: string, port: number): number {
  const count = /^\d$/.test(text) ? Number(text) : 0;
  const remedy = `Give a number from 1 to ${MAX_GATEWAYS}.`;
  if (count < 1 || count > MAX_GATEWAYS) {
    throw new CommandError('start', `--gateways ${text} is not a number of gateways`, remedy);
  }
  if (port === 0 || port + count - 1 <= 65_535) return count;
  throw new CommandError('start', `there are no ${count} ports from ${port} on`, 'Choose a lower --port.');
}

function parseLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level) return level;
  throw new CommandError('start', `--log ${text} is not a level`, `Give one of ${LOG_LEVELS.join(', ')}.`);
}

/** @param given the name of a file, or the plan itself, which begins with a brace. */
function parseFaults(given: string): FaultPlan {
  const inline = given.trimStart().startsWith('{');
  const remedy = 'docs/faults.md tells what a plan may hold.';
  try {
    return parseFaultPlan(inline ? given : readFileSync(given, 'utf8'));
  } catch (error) {
    const name = inline ? 'the fault plan' : `the fault plan ${given}`;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      error instanceof FaultPlanError ? error.reason : code === 'ENOENT' ? 'there is no such file' : message;
    throw new CommandError(`read ${name}`, reason, remedy, { cause: error });
  }
}

function parseContext(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandError('start', `-c ${text} is not a context value`, 'Write it as -c key=value.');
}
