import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { type Endpoint, target } from './endpoint.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Milliseconds that a start may take on a busy machine; a person waits ten seconds at most. */
const START_LIMIT = 90_000;

/** How many last lines of a failed start are told. */
const TOLD_LINES = 30;

export interface Started extends Endpoint {
  /** Every gateway, the first of which is this endpoint itself. */
  readonly gateways: readonly Endpoint[];
  /** Where the AWS services answer that it runs on. */
  readonly aws: string;
  /** Of the engine. */
  readonly pid: number;
  /** Ends the engine as Ctrl-C does, and waits until it is gone. */
  close(): Promise<void>;
  /** Ends it in the middle of whatever it does, as `kill -9` does, and waits until it is gone. */
  crash(): Promise<void>;
}

/**
 * Starts the service as `npm start` does, in a process of its own, on a free port, without the demo.
 *
 * @param context CDK context, as `-c key=value`.
 * @param flags more of the command's flags.
 * @throws {Error} with what it said last, when it ends or says nothing within the limit.
 */
export async function startService(
  context: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Started> {
  const settings = Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'scripts/start.ts', '--port', '0', '--no-demo', '--json', ...flags, ...settings],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const close = (): Promise<void> => end(child, 'SIGINT');
  const crash = (): Promise<void> => end(child, 'SIGKILL');
  try {
    return { ...(await readyLine(child)), pid: child.pid ?? 0, close, crash };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The global set-up of a project: provides the endpoint named by `PARLEY_HTTP` and `PARLEY_WS`, or starts an engine.
 *
 * @returns what ends it.
 */
export async function provideService(
  project: TestProject,
  context: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const { PARLEY_HTTP: http, PARLEY_WS: websocket } = process.env;
  if (http && websocket) {
    project.provide('endpoint', { http: http.replace(/\/$/, ''), websocket: websocket.replace(/\/$/, '') });
    return async () => {};
  }
  if (http || websocket || target() !== 'engine') {
    throw new Error(
      'unable to find the service; set both PARLEY_HTTP and PARLEY_WS, or neither for an engine',
    );
  }
  const started = await startService(context);
  project.provide('endpoint', { http: started.http, websocket: started.websocket });
  return started.close;
}

/** The one line that `--json` prints when the service is ready. */
async function readyLine(child: ChildProcess): Promise<Omit<Started, 'pid' | 'close' | 'crash'>> {
  const told: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      reject(new Error(`unable to start the service for tests; ${reason}\n${told.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`it was not ready after ${START_LIMIT} ms`), START_LIMIT);
    const note = (line: string): void => {
      told.push(line);
      if (told.length > TOLD_LINES) told.shift();
      if (process.env.PARLEY_LOG) console.error(line);
    };
    if (child.stderr) createInterface({ input: child.stderr }).on('line', note);
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('{"http"')) return note(line);
        clearTimeout(timer);
        resolve(JSON.parse(line) as Omit<Started, 'pid' | 'close' | 'crash'>);
      });
    }
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`it ended with ${code}`);
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
