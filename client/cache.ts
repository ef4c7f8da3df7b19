/** What is shown before there is a connection: the rooms and the newest messages of the last visit, for each user apart. */

import type { Context } from './context.ts';
import { has, isMessage, isSeq } from './guards.ts';
import type { RoomKeeper } from './room.ts';
import type { Rooms } from './rooms.ts';
import { toSummary } from './summary.ts';
import { CACHE } from './vault.ts';

/** Messages kept of a room, the newest. */
const MESSAGES = 50;
/** Changes within so many milliseconds are written together. */
const WRITE_AFTER = 1_000;

export class Cache {
  readonly #context: Context;
  readonly #rooms: Rooms;
  readonly #changed = new Set<RoomKeeper>();
  #isWaiting = false;

  constructor(context: Context, rooms: Rooms) {
    this.#context = context;
    this.#rooms = rooms;
  }

  /** Shows what was kept. What does not fit together any more is not shown. */
  async restore(): Promise<void> {
    const stored = await this.#context.vault.list(this.#prefix());
    for (const [key, value] of stored) {
      if (key !== this.#roomsKey() || !Array.isArray(value)) continue;
      for (const item of value) {
        const summary = toSummary(item);
        if (summary) this.#rooms.get(summary.room).summarize(summary, summary.seq);
      }
    }
    for (const [key, value] of stored) {
      if (key === this.#roomsKey() || !has(value, { room: 'string', messages: 'object' })) continue;
      const { room: id, messages, position, atStart } = value;
      const room = this.#rooms.get(String(id));
      if (!isSeq(position) || !Array.isArray(messages) || !messages.every(isMessage)) continue;
      if (room.log.position !== undefined || !room.summary.getSnapshot()) continue;
      room.log.moveTo(position);
      room.timeline.restore(messages, atStart === true);
    }
  }

  /** Notes that something of a room changed; it is written in a moment. */
  note(room: RoomKeeper): void {
    this.#changed.add(room);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#context.platform.after(WRITE_AFTER, () => {
      this.#isWaiting = false;
      void this.write();
    });
  }

  async write(): Promise<void> {
    if (this.#changed.size === 0 || this.#context.me() === '') return;
    const changed = [...this.#changed];
    this.#changed.clear();
    const { vault } = this.#context;
    const writes = changed.map((room) => this.#writeRoom(room));
    await Promise.all([vault.set(this.#roomsKey(), this.#rooms.list.getSnapshot()), ...writes]);
  }

  async #writeRoom({ id, log, timeline, summary }: RoomKeeper): Promise<void> {
    const key = `${this.#prefix()}room/${id}`;
    const { isLoaded, atStart, atEnd } = timeline.store.getSnapshot();
    if (!summary.getSnapshot()) return this.#context.vault.delete(key);
    // A stretch in the past is not joined to what comes.
    if (!isLoaded || !atEnd || log.position === undefined) return;
    const { items } = timeline.list;
    const messages = items.slice(-MESSAGES).map(({ status: _, key: __, ...message }) => message);
    await this.#context.vault.set(key, {
      room: id,
      position: log.position,
      atStart: atStart && messages.length === items.length,
      messages,
    });
  }

  #prefix(): string {
    return `${CACHE}${this.#context.me()}/`;
  }

  #roomsKey(): string {
    return `${this.#prefix()}rooms`;
  }
}
