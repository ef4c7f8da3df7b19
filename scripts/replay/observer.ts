import { z } from 'zod';
import { Connection, type Troubles } from './connection.ts';
import type { Service } from './service.ts';
import type { WireEvent } from './socket.ts';
import type { Heard } from './verify.ts';

const SyncReply = z.object({
  rooms: z.array(
    z.object({
      room: z.string(),
      events: z
        .array(
          z.object({
            seq: z.number(),
            type: z.string(),
            user: z.string(),
            text: z.string().optional(),
          }),
        )
        .optional(),
      more: z.boolean().optional(),
      reset: z.boolean().optional(),
    }),
  ),
});

/**
 * A member who says nothing and writes down everything, in the order in which it hears it. After a lost connection it
 * asks for what it missed from its last number on (P5), and only then goes on with what it hears.
 * So it does after the first connection, from number 0 on.
 */
export class Observer {
  readonly heard: Heard[] = [];
  readonly #connection: Connection;
  readonly #room: string;
  #last = 0;
  #syncs = 0;
  /** What came in over a connection that has not caught up yet; undefined otherwise. */
  #later: WireEvent[] | undefined;
  /** Catching up happens once after the other: a connection may be lost while it does. */
  #catching = Promise.resolve();
  #failure: unknown;

  constructor(user: string, room: string, service: Service, websocket: string, troubles: Troubles) {
    this.#room = room;
    this.#connection = new Connection(user, service, websocket, troubles, {
      onEvents: (of, events) => {
        if (of !== room) return;
        if (this.#later === undefined) this.#write(events);
        else this.#later.push(...events);
      },
      onConnecting: () => {
        this.#later ??= [];
      },
      onConnected: () => {
        this.#catching = this.#catching
          .then(() => this.#catchUp())
          .catch((error: unknown) => {
            this.#failure = error;
          });
      },
    });
  }

  get user(): string {
    return this.#connection.user;
  }

  /** The highest number that it has heard. @throws whatever kept it from catching up */
  get last(): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#last;
  }

  async open(): Promise<void> {
    await this.#connection.open();
    await this.#catching;
  }

  close(): void {
    this.#connection.close();
  }

  async #catchUp(): Promise<void> {
    this.#later ??= [];
    for (let more = true; more; ) {
      const reply = await this.#connection.command(
        'sync',
        { rooms: { [this.#room]: this.#last } },
        `sync-${this.#syncs++}`,
      );
      const room = SyncReply.parse(reply).rooms.find((one) => one.room === this.#room);
      if (room?.reset) throw new Error(`unable to resume from ${this.#last}; the service says reset`);
      this.#write(room?.events ?? []);
      more = room?.more ?? false;
    }
    const later = this.#later.filter(({ seq }) => seq > this.#last);
    this.#later = undefined;
    this.#write(later);
  }

  #write(events: readonly WireEvent[]): void {
    for (const { seq, type, user, text } of events) {
      if (type === 'message.created') this.heard.push({ seq, user, text: text ?? '' });
      this.#last = Math.max(this.#last, seq);
    }
  }
}
