/** `npm run check`: everything that must hold and needs no run of the service, all of it even when one part fails. */
import { spawnSync } from 'node:child_process';

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

const failed: string[] = [];
for (const [what, command] of CHECKS) {
  const started = performance.now();
  const [program = '', ...args] = command.split(' ');
  const run = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${what} (${seconds} s)`);
  if (run.status === 0) continue;
  failed.push(what);
  console.log(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`.trim());
}
if (failed.length > 0) {
  console.error(`\n${failed.length} of ${CHECKS.length} checks failed: ${failed.join('; ')}`);
  process.exit(1);
}
