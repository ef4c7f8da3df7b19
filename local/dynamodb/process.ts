import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EngineError } from '../errors.ts';
import { findDatabaseBinary } from './binary.ts';
import type { DataDirectory } from './data-directory.ts';

/** A database that runs until it is closed: one that dies is started again, on the same port and the same file. */
export interface DatabaseProcess {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves with a reason when the database is gone for good without having been told to. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

/** The free port that was found may be taken before the database has it. */
const PORT_ATTEMPTS = 5;
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;
/** One that dies more often than this within a minute does not come back. */
const RESTARTS_A_MINUTE = 10;

/**
 * Starts dynoxide on a file of the data directory, on a free loopback port.
 *
 * @param log - told of each restart
 * @throws EngineError `database_missing`, `database_failed`
 */
export async function startDatabase(
  data: DataDirectory,
  log: (text: string) => void = () => {},
): Promise<DatabaseProcess> {
  const binary = await findDatabaseBinary();
  let reason = '';
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = await freePort();
    const launched = await launch(binary, port, data);
    if (typeof launched !== 'string') return new Supervisor(launched, binary, port, data, log);
    reason = launched;
    if (!/in use/i.test(reason)) break;
  }
  throw new EngineError('database_failed', `unable to start the database; ${reason}`);
}

/** One process of the database, with the watchdog that outlives the engine. */
interface Launched {
  readonly child: ChildProcess;
  readonly watchdog: ChildProcess | undefined;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
}

/** @returns the process when it listens, else the reason why it never will */
async function launch(binary: string, port: number, data: DataDirectory): Promise<Launched | string> {
  const argv = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', data.databaseFile];
  // In a process group of its own: Ctrl-C reaches the engine alone, which then ends the database in good order.
  const child = spawn(binary, argv, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const reason = await listening(child);
  if (reason !== undefined) return reason;
  const watchdog = startWatchdog(child.pid ?? 0, data);
  const ended = once(child, 'exit').then(([code, signal]) => {
    watchdog?.stdin?.end('done\n');
    return `it ended with ${signal ?? code}`;
  });
  child.stderr?.resume();
  child.unref();
  return { child, watchdog, ended };
}

class Supervisor implements DatabaseProcess {
  readonly endpoint: string;
  readonly failed: Promise<string>;
  readonly #again: () => Promise<Launched | string>;
  readonly #log: (text: string) => void;
  #launched: Launched;
  #launching: Promise<Launched | string> | undefined;
  #restarts: number[] = [];
  #closing = false;

  constructor(
    launched: Launched,
    binary: string,
    port: number,
    data: DataDirectory,
    log: (text: string) => void,
  ) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#launched = launched;
    this.#again = () => launch(binary, port, data);
    this.#log = log;
    this.failed = this.#supervise();
  }

  get pid(): number {
    return this.#launched.child.pid ?? 0;
  }

  async #supervise(): Promise<string> {
    for (;;) {
      const reason = await this.#launched.ended;
      // Closed: nobody is told.
      if (this.#closing) return new Promise(() => {});
      const now = Date.now();
      this.#restarts = [...this.#restarts.filter((at) => now - at < 60_000), now];
      if (this.#restarts.length > RESTARTS_A_MINUTE) return `${reason}, again and again`;
      this.#log(`the database is started again; ${reason}`);
      this.#launching = this.#again();
      const launched = await this.#launching;
      this.#launching = undefined;
      if (typeof launched === 'string') return `${reason}, and does not start again: ${launched}`;
      this.#launched = launched;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const { child, watchdog, ended } = await this.#current();
    // The engine's process must live on until both are gone.
    child.ref();
    watchdog?.ref();
    const watched = watchdog && watchdog.exitCode === null ? once(watchdog, 'exit') : undefined;
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    await watched;
  }

  /** The process that runs, or the one that is being started in its place. */
  async #current(): Promise<Launched> {
    const launching = await this.#launching;
    return launching === undefined || typeof launching === 'string' ? this.#launched : launching;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Resolves with undefined when the database listens, else with the reason why it never will. */
function listening(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let output = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(`it did not listen within ${START_TIMEOUT_MS} ms`);
    }, START_TIMEOUT_MS);
    const settle = (reason: string | undefined) => {
      clearTimeout(timer);
      resolve(reason);
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2_000);
      if (output.includes('listening on')) settle(undefined);
    });
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(output.trim() || `it ended with ${signal ?? code}`));
  });
}

/**
 * A shell that waits for the end of its input, which comes when the engine ends however it ends, also by `kill -9`; if
 * it was not told `done` before, it kills the database and removes a temporary folder. Needs a POSIX shell: on Windows
 * a killed engine leaves the database running.
 */
function startWatchdog(pid: number, data: DataDirectory): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script =
    'read -r line; [ "$line" = done ] && exit 0; kill -9 "$1"; [ -n "$2" ] && rm -rf -- "$2"; exit 0';
  const argv = ['-c', script, 'database-watchdog', String(pid), data.kept ? '' : data.path];
  const watchdog = spawn('/bin/sh', argv, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.stdin?.on('error', () => {});
  watchdog.unref();
  return watchdog;
}
