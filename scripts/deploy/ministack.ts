/** Installs MiniStack from PyPI into a virtual environment, and runs it for as long as somebody needs it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CommandError } from '../command-error.ts';
import { atExit } from './at-exit.ts';

const run = promisify(execFile);

/** The version that the stack was tried on; what another one does may differ. Must be that of docker-compose.yml. */
export const MINISTACK_VERSION = '1.5.33';

const CACHE = join(import.meta.dirname, '../../.cache');

/** It is ready in three seconds on an idle machine. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 200;
/** Time to end by itself before it is made to. */
const STOP_TIMEOUT_MS = 5_000;
const TOLD_LINES = 30;

export interface RunningMiniStack {
  readonly endpoint: string;
  /** The last lines that it and the functions printed. */
  log(): Promise<string>;
  /** Ends it with all that it started, and removes what it kept. */
  stop(): Promise<void>;
}

/**
 * Installs the pinned version, unless that was done before.
 *
 * @returns the command that starts it.
 * @throws {CommandError} where there is no Python or no package to be had.
 */
export async function installMiniStack(): Promise<string> {
  const home = join(CACHE, `ministack-${MINISTACK_VERSION}`);
  // Written last, so that an installation that was cut off is made anew.
  const done = join(home, 'installed');
  if (!existsSync(done)) {
    await rm(home, { recursive: true, force: true });
    await mkdir(CACHE, { recursive: true });
    try {
      await run('python3', ['-m', 'venv', home]);
      await run(join(home, 'bin/pip'), ['install', '--quiet', `ministack==${MINISTACK_VERSION}`]);
    } catch (error) {
      throw new CommandError(
        'install MiniStack',
        error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error),
        'It takes Python 3.10 or newer with venv (python3-venv on Debian), and access to PyPI.',
        { cause: error },
      );
    }
    await writeFile(done, MINISTACK_VERSION);
  }
  return join(home, 'bin/ministack');
}

/**
 * Starts it on a free port of 127.0.0.1 and waits until it answers.
 *
 * @param command from `installMiniStack`.
 * @throws {CommandError} with its last lines where it does not.
 */
export async function startMiniStack(command: string): Promise<RunningMiniStack> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-ministack-'));
  const logFile = join(folder, 'log');
  const output = await open(logFile, 'w');
  const port = await freePort();
  const child = spawn(command, [], {
    cwd: folder,
    // A group of its own: it runs each function in a process, and all of them have to end with it.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    env: environment(folder, port),
  });
  await output.close();
  const endpoint = `http://127.0.0.1:${port}`;
  const log = async () =>
    (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-TOLD_LINES).join('\n');
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const withdraw = atExit(() => {
    signalGroup(child.pid, 'SIGKILL');
    remove();
  });
  const stop = async () => {
    await end(child);
    remove();
    withdraw();
  };
  try {
    await ready(child, `${endpoint}/_ministack/health`);
    return { endpoint, log, stop };
  } catch (error) {
    const told = await log();
    await stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('start MiniStack', reason, told, { cause: error });
  }
}

/**
 * Nothing of this process's but where programs are: it hands its own environment to the functions. Docker is not used;
 * the functions run on the Node.js that runs this.
 */
function environment(folder: string, port: number): NodeJS.ProcessEnv {
  return {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: folder,
    TMPDIR: folder,
    STATE_DIR: join(folder, 'state'),
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    LAMBDA_EXECUTOR: 'local',
    // Listeners on fixed ports that nothing here needs.
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address === 'object' && address) return address.port;
  throw new Error('unable to find a free port; the system gave none');
}

async function ready(child: ChildProcess, health: string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(health, { signal: AbortSignal.timeout(POLL_MS * 5) }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`it was not ready after ${START_TIMEOUT_MS / 1000} s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
  // Functions that did not heed the first signal.
  signalGroup(child.pid, 'SIGKILL');
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // Nobody of the group is left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
