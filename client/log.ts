/** A room's log as it arrives: put in order, without repeats, and never over a gap (P1, P4). */
import type { LogEvent } from './guards.ts';

/** Events that wait for one before them, at most: beyond it the newest are let go, and come again with the sync that is due anyway. */
const MAX_WAITING = 5_000;

export class RoomLog {
  /** Number of the last event that was given out; all before it were. Undefined until it is known where to begin. */
  position: number | undefined;
  readonly #waiting = new Map<number, LogEvent>();

  /** Whether events wait for one that has not come. */
  get hasGap(): boolean {
    return this.#waiting.size > 0;
  }

  /** Begins anew after an event. */
  moveTo(position: number): void {
    this.position = position;
    for (const seq of [...this.#waiting.keys()]) if (seq <= position) this.#waiting.delete(seq);
  }

  /** Takes events in any order, with any repeats. @returns those whose turn it is now, ascending, each once. */
  take(events: readonly LogEvent[]): LogEvent[] {
    // The first that is ever heard of a room begins it: what lies before is history.
    this.position ??= Math.min(...events.map(({ seq }) => seq)) - 1;
    for (const event of events) {
      if (event.seq > this.position && this.#waiting.size < MAX_WAITING) this.#waiting.set(event.seq, event);
    }
    const ready: LogEvent[] = [];
    for (;;) {
      const next = this.#waiting.get(this.position + 1);
      if (!next) return ready;
      this.#waiting.delete(next.seq);
      this.position = next.seq;
      ready.push(next);
    }
  }
}
