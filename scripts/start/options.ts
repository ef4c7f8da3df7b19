/** The command line of `npm start`. */
import { parseArgs } from 'node:util';
import { CommandError } from '../command-error.ts';

export interface StartOptions {
  /** Port of everything a client needs; 0 picks a free one. */
  readonly port: number;
  /** Folder that keeps the data over restarts; in memory without it. */
  readonly data?: string;
  /** CDK context, as `-c key=value` gives it. */
  readonly context: Readonly<Record<string, string>>;
  /** Whether to create the demo users and their room. */
  readonly demo: boolean;
  /** Whether to print one line of JSON on standard output when ready, and all else on standard error. */
  readonly json: boolean;
}

export const USAGE = `Usage: npm start -- [options]

Builds the handlers, synthesizes the stack and runs it on this machine.

  --port N         port of everything, 3000 by default; 0 picks a free one
  --data DIR       keep the data in DIR over restarts; in memory without it
  -c KEY=VALUE     CDK context, as with the CDK; may be repeated
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
    ...(values.data === undefined ? {} : { data: values.data }),
    context: Object.fromEntries((values.context ?? []).map(parseContext)),
    demo: !values['no-demo'],
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '3000' },
        data: { type: 'string' },
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

function parseContext(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandError('start', `-c ${text} is not a context value`, 'Write it as -c key=value.');
}
