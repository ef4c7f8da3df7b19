/** How often a line is written where nobody watches a terminal, ms. */
const PLAIN_INTERVAL = 5_000;
/** How often the one line on a terminal is written anew, ms. */
const TERMINAL_INTERVAL = 200;

/** Shows how far a phase is, on standard error: one line that changes on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #terminal = process.stderr.isTTY === true;
  #shownAt = 0;

  show(text: string, force = false): void {
    const now = Date.now();
    if (!force && now - this.#shownAt < (this.#terminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return;
    this.#shownAt = now;
    process.stderr.write(this.#terminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Ends a phase with a line that stays. */
  done(text: string): void {
    this.show(text, true);
    if (this.#terminal) process.stderr.write('\n');
    this.#shownAt = 0;
  }
}
