/** `npm run check`: everything that must hold and needs no run of the service, all of it even when one part fails. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Each check by what it holds, and the command that tells. */
const CHECKS: readonly (readonly [what: string, command: string])[] = [
  ['format and lint', 'biome check --error-on-warnings .'],
  ['types, tests included', 'node node_modules/typescript7/bin/tsc --noEmit -p .'],
  [
    'who imports whom, no circles',
    'depcruise --output-type err infra functions shared client web local scripts test bench',
  ],
  ['every promise has a test', 'tsx scripts/check-promises.ts'],
  ['generated documents are up to date', 'tsx scripts/docs.ts --check'],
];

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

function run(command: string): Promise<Outcome> {
  const [program = '', ...args] = command.split(' ');
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

const failed: string[] = [];
const left = [...CHECKS];

/** Runs what is left, one after the other; several at once share it. */
async function work(): Promise<void> {
  for (let check = left.shift(); check !== undefined; check = left.shift()) {
    const [what, command] = check;
    const started = performance.now();
    const { ok, output } = await run(command);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${what} (${seconds} s)`);
    if (ok) continue;
    failed.push(what);
    console.log(output.trim());
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
if (failed.length > 0) {
  console.error(`\n${failed.length} of ${CHECKS.length} checks failed: ${failed.join('; ')}`);
  process.exit(1);
}
