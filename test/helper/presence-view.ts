/** A client's view of who is online in its rooms. */
import type { Client } from './client.ts';
import { HeldPresence } from './presence-held.ts';
import type { Frame } from './wire.ts';

export class PresenceView {
  /** Presence frames heard: one post each. */
  frames = 0;
  readonly #client: Client;
  readonly #held: HeldPresence;

  constructor(client: Client) {
    this.#client = client;
    this.#held = new HeldPresence((room) => {
      if (!this.#held.isAsking(room)) this.ask(room).catch(() => {});
    });
    client.listen((frame) => this.#hear(frame));
  }

  /** The names held of a room, sorted; undefined where only their number is held, or nothing. */
  names(room: string): string[] | undefined {
    return this.#held.names(room);
  }

  /** The number held of a room where nobody is named. */
  count(room: string): number | undefined {
    const held = this.#held.held(room);
    return held && 'count' in held ? held.count : undefined;
  }

  /** Asks who is online. */
  async ask(room: string): Promise<void> {
    const answered = this.#held.asking(room);
    answered(await this.#client.command('presence', { room }));
  }

  #hear(frame: Frame): void {
    if (frame.type === 'presence') {
      this.frames++;
      this.#held.hear(frame);
    } else if (frame.type === 'events') {
      for (const { type, member } of frame.events) {
        if (member !== undefined && (type === 'member.left' || type === 'member.removed'))
          this.#held.note(frame.room, member, false);
      }
    }
  }
}
