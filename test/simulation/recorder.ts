import type { Occurrence } from './history.ts';

/** Writes down what happens, as it happens. */
export class Recorder {
  readonly occurrences: Occurrence[] = [];
  #last = 0;

  /** A number for an attempt, a connection, a sync or a page. */
  number(): number {
    this.#last += 1;
    return this.#last;
  }

  note(occurrence: Occurrence): void {
    this.occurrences.push(occurrence);
  }
}
