import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { IPty, spawn } from '@lydell/node-pty';

const ROOT = join(import.meta.dirname, '../..');

/** Loaded by `require`, as the package chooses its native part by platform when it is. */
const pty: { spawn: typeof spawn } = createRequire(import.meta.url)('@lydell/node-pty');

/** What a terminal draws with besides letters: colours, movements, titles. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\u001b[=>()][A-Z0-9]?/g;

/** A pseudo-terminal that runs one command line, as a person who pasted it would see it. */
export class Terminal {
  readonly #process: IPty;
  readonly #exit: Promise<number>;
  #screen = '';
  readonly #watchers = new Set<() => void>();

  /** @param line what is pasted, run by `sh` in the repository. */
  constructor(line: string) {
    this.#process = pty.spawn('/bin/sh', ['-c', line], {
      cwd: ROOT,
      // A message must not be folded at the margin, or it could not be found.
      cols: 1_000,
      rows: 50,
      env: { ...process.env, TERM: 'xterm' },
    });
    this.#process.onData((data) => {
      this.#screen += data;
      for (const watcher of [...this.#watchers]) watcher();
    });
    this.#exit = new Promise((resolve) => this.#process.onExit(({ exitCode }) => resolve(exitCode)));
  }

  /** What was printed so far, without colours. */
  get screen(): string {
    return this.#screen.replaceAll(ESCAPES, '');
  }

  /** Types a line and the Enter key. */
  type(line: string): void {
    this.#process.write(`${line}\r`);
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    this.#process.write('\u0003');
  }

  /**
   * Waits until the screen shows what the pattern describes.
   *
   * @throws {Error} with the screen, when it does not within `limit` milliseconds.
   */
  shows(pattern: RegExp, limit = 30_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        const match = pattern.exec(this.screen);
        if (!match) return;
        finish();
        resolve(match);
      };
      const giveUp = (why: string): void => {
        finish();
        reject(new Error(`the terminal did not show ${pattern} ${why}, but\n${this.screen}`));
      };
      const timer = setTimeout(() => giveUp(`within ${limit} ms`), limit);
      this.#watchers.add(look);
      look();
      // What was printed last may arrive just after the end.
      void this.#exit.then(() => setTimeout(() => giveUp('before it ended'), 200));
    });
  }

  /** The exit code, when the command has ended. */
  get ended(): Promise<number> {
    return this.#exit;
  }

  /** Ends the command, if it has not ended. */
  close(): void {
    try {
      this.#process.kill('SIGKILL');
    } catch {
      // It had ended.
    }
  }
}
