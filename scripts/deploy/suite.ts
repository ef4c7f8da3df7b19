/** Runs the end-to-end suite against a deployed stack. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';
import type { Addresses } from './emulator.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * @param target what stands behind the addresses, for the suite's list of deviations.
 * @param args more arguments for vitest, such as a file's name.
 * @returns the suite's exit code.
 */
export async function runSuite(
  { http, websocket }: Addresses,
  target: 'ministack' | 'aws',
  args: readonly string[] = [],
): Promise<number> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'e2e', ...args],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, PARLEY_HTTP: http, PARLEY_WS: websocket, PARLEY_TARGET: target },
    },
  );
  const withdraw = atExit(() => child.kill());
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  }).finally(withdraw);
}
