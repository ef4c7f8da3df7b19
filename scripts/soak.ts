/** `npm run soak`: many clients talk while things go wrong, for as long as one likes; every promise is checked on every event. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { CommandError, printFailure } from './command-error.ts';

const USAGE = `Usage: npm run soak -- [options]

Runs the simulation under fault plans, one seed after the other, and checks every promise on every event.
Ends with 1 where one was broken. Ctrl-C ends it after the seed at hand.

  --minutes N      how long, 10 by default; parts of a minute too
  --seed N         the first seed, 1 by default
  --help           this text
`;

/** A year: more is a mistake. */
const MOST_MINUTES = 525_600;

interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

/** What the runner tells of one seed. */
interface SeedResult {
  readonly seed: number;
  readonly events: number;
  readonly violations: number;
  readonly told: readonly string[];
  /** How often what went wrong so far, by kind. */
  readonly counts: Readonly<Record<string, number>>;
  readonly file?: string;
}

/**
 * @param args the words after `npm run soak --`.
 * @throws {CommandError} naming the word that is not understood.
 */
export function parseSoakOptions(args: readonly string[]): SoakOptions | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  const minutes = /^\d+(\.\d+)?$/.test(values.minutes) ? Number(values.minutes) : 0;
  if (minutes <= 0 || minutes > MOST_MINUTES) {
    throw new CommandError(
      'soak',
      `--minutes ${values.minutes} is not a time`,
      `Give a number up to ${MOST_MINUTES}.`,
    );
  }
  if (/^\d{1,9}$/.test(values.seed)) return { minutes, seed: Number(values.seed) };
  throw new CommandError('soak', `--seed ${values.seed} is not a seed`, 'Give a whole number.');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new CommandError('soak', reason, 'npm run soak -- --help lists the options.');
  }
}

async function main(): Promise<number> {
  const options = parseSoakOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  return soak(options);
}

/** Nothing here imports the tests: the runner is a process of its own. */
async function soak({ minutes, seed }: SoakOptions): Promise<number> {
  const began = Date.now();
  const runner = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/simulation/soak.ts', String(seed), String(minutes * 60_000)],
    // A process group of its own: on Ctrl-C it is told once, and ends in good order.
    { cwd: join(import.meta.dirname, '..'), stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => runner.kill('SIGTERM'));
  }
  const totals = { seeds: 0, events: 0, violations: 0, faults: 0 };
  const show = (end = '') => {
    const time = `${((Date.now() - began) / 60_000).toFixed(1)} of ${minutes} min`;
    const { seeds, events, faults, violations } = totals;
    const line = `${time}: ${seeds} seeds, ${events} events, ${faults} faults, ${violations} violations`;
    // One line that is written over on a terminal; elsewhere each stands.
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K${line}${end}` : `${line}\n`);
  };
  console.error('Starting the service …');
  createInterface({ input: runner.stdout }).on('line', (text) => {
    const result: SeedResult | { readonly ready: true } = JSON.parse(text);
    if ('seed' in result) {
      totals.seeds++;
      totals.events += result.events;
      totals.violations += result.violations;
      totals.faults = Object.values(result.counts).reduce((sum, count) => sum + count, 0);
      if (result.violations > 0) report(result);
    }
    show();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    runner.once('error', reject);
    runner.once('close', resolve);
  });
  show('\n');
  return totals.violations > 0 || totals.seeds === 0 || code !== 0 ? 1 : 0;
}

function report({ seed, told, file }: SeedResult): void {
  const lines = told.map((violation) => `  ${violation}`).join('\n');
  const where = file === undefined ? '' : `\n  what happened is in ${file}`;
  console.error(
    `\nseed ${seed} broke a promise; again: SEED=${seed} npm run simulate:faults\n${lines}${where}`,
  );
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    printFailure(error);
    process.exit(1);
  },
);
