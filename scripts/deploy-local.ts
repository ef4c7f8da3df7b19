/** `npm run deploy:local`: deploys the stack with the ordinary CDK command to LocalStack or MiniStack. */
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.ts';
import { CommandError, printFailure } from './command-error.ts';
import { atExit } from './deploy/at-exit.ts';
import { cdk, EMULATED } from './deploy/cdk.ts';
import {
  type Addresses,
  type Emulator,
  emulatorAddresses,
  emulatorContext,
  findEmulator,
} from './deploy/emulator.ts';
import { wscatLine } from './start/banner.ts';
import { createDemo, DEMO_ROOM } from './start/demo.ts';
import { synthesize } from './start/synthesize.ts';

const USAGE = `Usage: npm run deploy:local -- [options]

Deploys the stack to the LocalStack-compatible endpoint at AWS_ENDPOINT_URL, http://localhost:4566 by default.

  -c KEY=VALUE     CDK context, as with the CDK; may be repeated
  --no-demo        no demo users alice and bob, no room "general"
  --destroy        remove the stack instead
  --help           this text
`;

/** Stage of the stack where the context names none; must be the default of infra/settings.ts. */
const DEFAULT_STAGE = 'dev';

type Context = Readonly<Record<string, string>>;

export interface Deployed extends Addresses {
  readonly stackName: string;
  /** Whether anything was different from what was deployed before. */
  readonly changed: boolean;
}

/**
 * Builds, synthesizes, bootstraps and deploys. A second deploy of the same code and context changes nothing.
 *
 * @throws {CommandError} with the reason and what to do about it.
 */
export async function deployLocal(emulator: Emulator, context: Context = {}): Promise<Deployed> {
  return withAssembly(emulator, context, async (assembly, stackName, stage) => {
    const { endpoint } = emulator;
    await cdk(endpoint, ['bootstrap', `aws://${EMULATED.account}/${EMULATED.region}`, '--app', assembly]);
    const outputsFile = join(assembly, 'outputs.json');
    const deploy = ['deploy', stackName, '--app', assembly, '--require-approval', 'never'];
    const printed = await cdk(endpoint, [...deploy, '--outputs-file', outputsFile]);
    const outputs = JSON.parse(await readFile(outputsFile, 'utf8'))[stackName];
    const changed = !printed.includes('(no changes)');
    return { ...emulatorAddresses(emulator, outputs, stage), stackName, changed };
  });
}

/** Removes the stack and all that it made. */
export async function destroyLocal(emulator: Emulator, context: Context = {}): Promise<void> {
  await withAssembly(emulator, context, (assembly, stackName) =>
    cdk(emulator.endpoint, ['destroy', stackName, '--app', assembly, '--force']),
  );
}

/** Synthesizes into a folder that lives as long as the work on it. */
async function withAssembly<T>(
  emulator: Emulator,
  context: Context,
  work: (assembly: string, stackName: string, stage: string) => Promise<T>,
): Promise<T> {
  const assembly = await mkdtemp(join(tmpdir(), 'parley-deploy-'));
  const remove = () => rmSync(assembly, { recursive: true, force: true });
  const withdraw = atExit(remove);
  try {
    await build();
    await synthesize(assembly, { ...emulatorContext(emulator), ...context });
    const stage = context.stage ?? DEFAULT_STAGE;
    return await work(assembly, `Parley-${stage}`, stage);
  } finally {
    remove();
    withdraw();
  }
}

function parseOptions(args: readonly string[]) {
  const options = {
    context: { type: 'string', short: 'c', multiple: true },
    'no-demo': { type: 'boolean', default: false },
    destroy: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new CommandError('deploy', reason, 'npm run deploy:local -- --help lists the options.');
  }
}

function parseContext(texts: readonly string[]): Context {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new CommandError('deploy', `-c ${text} is not a context value`, 'Write it as -c key=value.');
    }),
  );
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const context = parseContext(options.context ?? []);
  const emulator = await findEmulator();
  if (options.destroy) {
    await destroyLocal(emulator, context);
    return console.log(`Removed from ${emulator.kind} at ${emulator.endpoint}.`);
  }
  console.error(`Deploying to ${emulator.kind} at ${emulator.endpoint} …`);
  const { http, websocket, stackName, changed } = await deployLocal(emulator, context);
  console.log(
    [
      changed ? `${stackName} is deployed.` : `${stackName} was up to date: nothing changed.`,
      '',
      `  HTTP       ${http}/api`,
      `  WebSocket  ${websocket}`,
      '',
    ].join('\n'),
  );
  if (options['no-demo']) return;
  const users = await createDemo(http);
  const lines = users.flatMap((user) => [`# ${user.user}`, wscatLine(websocket, user), '']);
  const say = `{"action":"sendMessage","room":"${DEMO_ROOM}","text":"hello"}`;
  console.log(
    ['Paste each into a terminal of its own:', '', ...lines, 'and say something:', '', say].join('\n'),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    printFailure(error);
    process.exitCode = 1;
  });
}
