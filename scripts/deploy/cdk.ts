/** Runs the ordinary CDK command against an emulator. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CommandError } from '../command-error.ts';
import { atExit } from './at-exit.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Account and region that emulators have for credentials that mean nothing. */
export const EMULATED = { account: '000000000000', region: 'us-east-1' };

/** Lines of a failed command that are told; the reason stands at the end. */
const TOLD_LINES = 40;

/**
 * Runs `cdk` with credentials that are good for nothing, so that a mistaken address can't touch an account.
 *
 * @param show whether its own output is worth the user's while.
 * @returns what it printed.
 * @throws {CommandError} with the last lines where it fails.
 */
export async function cdk(endpoint: string, args: readonly string[], show = false): Promise<string> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/aws-cdk/bin/cdk'), ...args, '--no-notices'],
    {
      cwd: ROOT,
      env: emulatedEnvironment(endpoint),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const withdraw = atExit(() => child.kill());
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (show) process.stderr.write(text);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  }).finally(withdraw);
  if (code === 0) return printed;
  throw new CommandError(
    `run cdk ${args[0]}`,
    `it ended with ${code}`,
    show ? 'What it said stands above.' : printed.trim().split('\n').slice(-TOLD_LINES).join('\n'),
  );
}

/** The environment of who deploys, without anything that could lead to a real account. */
export function emulatedEnvironment(endpoint: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name));
  return {
    ...Object.fromEntries(kept),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: EMULATED.region,
    // No profile of the user's is read, and no instance is asked for a role.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    // The library's warning about Node's version; what Parley needs is said in package.json.
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
    NODE_NO_WARNINGS: '1',
  };
}
