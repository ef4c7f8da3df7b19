import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Time to print the line that says a server is ready, ms: a build and a synthesis on a busy machine take tens of seconds. */
const READY_TIMEOUT = 180_000;
/** Time to end after SIGTERM before SIGKILL, ms. */
const STOP_TIMEOUT = 10_000;
/** Lines of standard error that a failed start shows. */
const SHOWN_LINES = 20;

/** A server in a process group of its own, so that ending it ends what it started. */
export interface Child {
  readonly pid: number;
  /** The one line of JSON that it printed when ready. */
  readonly ready: unknown;
  stop(): Promise<void>;
}

/**
 * Starts a command and waits for its first line of JSON on standard output.
 * @throws Error `unable to start …` with its last words where it ends, or stays silent, before that
 */
export async function startChild(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const words: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    words.push(line);
    if (words.length > SHOWN_LINES) words.shift();
  });
  const abandon = () => signal(child, 'SIGKILL');
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    await stopGroup(child);
    process.off('exit', abandon);
  };
  try {
    const ready = await firstJsonLine(child);
    if (child.pid === undefined) throw new Error('it has no process');
    return { pid: child.pid, ready, stop };
  } catch (error) {
    await stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to start ${command} ${args.join(' ')}; ${reason}\n${words.join('\n')}`);
  }
}

function firstJsonLine(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`nothing was ready after ${READY_TIMEOUT / 1000} s`)),
      READY_TIMEOUT,
    );
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code, by) => settle(() => reject(new Error(`it ended with ${code ?? by}`))));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      settle(() => resolve(JSON.parse(line)));
    });
  });
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signal(child, 'SIGTERM');
  const timer = setTimeout(() => signal(child, 'SIGKILL'), STOP_TIMEOUT);
  await gone;
  clearTimeout(timer);
}

/** Signals the whole group; one that has ended already is what was wanted. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
