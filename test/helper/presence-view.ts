/** What a client holds of who is online in its rooms, kept as protocol.md says and by nothing else. */
import type { Client } from './client.ts';
import type { Frame } from './wire.ts';

/** Who is online by name, or how many. */
export type Held = { readonly names: ReadonlySet<string> } | { readonly count: number };

export class PresenceView {
  /** Presence frames heard: one post each. */
  frames = 0;
  readonly #client: Client;
  readonly #rooms = new Map<string, Held>();
  /** Rooms that are being asked about, with what was heard of them meanwhile. */
  readonly #asking = new Map<string, Map<string, boolean>>();
  #asked: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
    client.listen((frame) => this.#hear(frame));
  }

  held(room: string): Held | undefined {
    return this.#rooms.get(room);
  }

  /** The names held of a room, sorted; undefined where only their number is held, or nothing. */
  names(room: string): string[] | undefined {
    const held = this.#rooms.get(room);
    return held && 'names' in held ? [...held.names].sort() : undefined;
  }

  /** Asks who is online. What is heard while the answer is on its way is newer than the answer. */
  async ask(room: string): Promise<void> {
    const heard = new Map<string, boolean>();
    this.#asking.set(room, heard);
    const { online, count } = await this.#client.command('presence', { room });
    if (this.#asking.get(room) !== heard) return;
    this.#asking.delete(room);
    if (count > online.length) {
      this.#rooms.set(room, { count });
      return;
    }
    const names = new Set(online);
    for (const [user, isOnline] of heard) isOnline ? names.add(user) : names.delete(user);
    this.#rooms.set(room, { names });
  }

  /** Waits until nothing is being asked. */
  async settled(): Promise<void> {
    await this.#asked;
  }

  #hear(frame: Frame): void {
    if (frame.type === 'events') {
      for (const { type, member } of frame.events) {
        if (member !== undefined && (type === 'member.left' || type === 'member.removed'))
          this.#note(frame.room, member, false);
      }
    }
    if (frame.type !== 'presence') return;
    this.frames++;
    const { room, user, online = false, count } = frame;
    if (count !== undefined) {
      this.#rooms.set(room, { count });
      // Few enough to be named.
      if (count <= 100) this.#askAgain(room);
      return;
    }
    for (const one of frame.rooms ?? [room]) if (user !== undefined) this.#note(one, user, online);
  }

  #note(room: string, user: string, online: boolean): void {
    this.#asking.get(room)?.set(user, online);
    const held = this.#rooms.get(room);
    if (!held) return;
    if (!('names' in held)) {
      // They are named again.
      if (online) this.#askAgain(room);
      return;
    }
    const names = new Set(held.names);
    online ? names.add(user) : names.delete(user);
    this.#rooms.set(room, { names });
  }

  #askAgain(room: string): void {
    if (this.#asking.has(room)) return;
    this.#asked = Promise.all([this.#asked, this.ask(room).catch(() => {})]);
  }
}
