/**
 * What `npm run soak` runs: one seed after the other under its fault plan, until it is told to end. A line of JSON for each on
 * standard output: `{"seed", "events", "milliseconds", "violations", "told", "counts", "file"}`.
 */
import { NoisyRuns } from './noisy-run.ts';

const [firstSeed = '1', milliseconds = '60000', most = 'Infinity'] = process.argv.slice(2);
/** Violations of one run that are told in words. */
const TOLD = 10;

const runs = await NoisyRuns.start();
const deadline = Date.now() + Number(milliseconds);
let ending = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    ending = true;
  });
}
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
const last = Number(firstSeed) + Number(most);
for (let seed = Number(firstSeed); seed < last && Date.now() < deadline && !ending; seed++) {
  const began = Date.now();
  const result = await runs.run(seed).catch((error: unknown) => ({
    violations: [{ promise: 'P8', what: `a client could not go on: ${String(error)}` }],
    events: 0,
  }));
  const told = result.violations.slice(0, TOLD).map(({ promise, what }) => `${promise}: ${what}`);
  const line = {
    seed,
    events: result.events,
    milliseconds: Date.now() - began,
    violations: result.violations.length,
    told,
    counts: runs.service.counts,
    ...('file' in result && { file: result.file }),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
await runs.close();
process.exit(0);
