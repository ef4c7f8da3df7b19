/**
 * `npm run test:emulator`: starts MiniStack, deploys the stack there with the ordinary CDK command, deploys it again to see
 * that nothing changes, runs the end-to-end suite against it, and removes everything.
 */
import { printFailure } from './command-error.ts';
import { findEmulator } from './deploy/emulator.ts';
import { installMiniStack, startMiniStack } from './deploy/ministack.ts';
import { runSuite } from './deploy/suite.ts';
import { deployLocal, destroyLocal } from './deploy-local.ts';

/** @returns the suite's exit code. */
async function main(suiteArguments: readonly string[]): Promise<number> {
  const timer = stopwatch();
  const command = await installMiniStack();
  timer.say('MiniStack is installed');
  const ministack = await startMiniStack(command);
  try {
    const emulator = await findEmulator(ministack.endpoint);
    timer.say(`MiniStack answers at ${ministack.endpoint}`);
    const { http, websocket, stackName } = await deployLocal(emulator);
    timer.say(`${stackName} is deployed`);
    if ((await deployLocal(emulator)).changed) {
      throw new Error('unable to trust the deployment; a second one of the same stack changed something');
    }
    timer.say('a second deployment changed nothing');
    const code = await runSuite({ http, websocket }, 'ministack', suiteArguments);
    timer.say(`the end-to-end suite ended with ${code}`);
    if (code !== 0) console.error(await ministack.log());
    await destroyLocal(emulator);
    timer.say(`${stackName} is removed`);
    return code;
  } catch (error) {
    console.error(await ministack.log());
    throw error;
  } finally {
    await ministack.stop();
  }
}

function stopwatch(): { say(text: string): void } {
  const started = performance.now();
  return {
    say: (text) =>
      console.error(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${text}`),
  };
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    printFailure(error);
    process.exit(1);
  },
);
