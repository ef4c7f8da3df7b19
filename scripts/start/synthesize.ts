/** Synthesis without the CDK's command line: the app is a program, and two variables are all that it is told. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CommandError } from '../command-error.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Synthesizes the stack into `outputDirectory`, as `cdk synth` does; the handlers must be built.
 *
 * @param context CDK context by key, as `-c key=value` gives it.
 * @throws {CommandError} with the app's own words where the context is bad or the app fails.
 */
export async function synthesize(
  outputDirectory: string,
  context: Readonly<Record<string, string>>,
): Promise<void> {
  const app = spawn(process.execPath, ['--import', 'tsx', 'infra/app.ts'], {
    cwd: ROOT,
    env: { ...process.env, CDK_OUTDIR: outputDirectory, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  app.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    app.once('error', reject).once('close', resolve);
  });
  if (code === 0) return;
  const reason = /unable to synthesize; (.*)/.exec(told)?.[1];
  throw reason
    ? new CommandError('synthesize the stack', reason, 'Correct the context given with -c, and start again.')
    : new CommandError(
        'synthesize the stack',
        'the CDK app failed',
        `${told.trim()}\nCorrect it, and start again.`,
      );
}
