/** What a client holds of who is online in its rooms, kept by the rules of protocol.md and nothing else. */
import type { PresenceFrame } from './wire.ts';

/** The answer to `presence`. */
export interface PresenceAnswer {
  readonly online: readonly string[];
  readonly count: number;
}

/** Who is online by name, or how many. */
export type Held = { readonly names: ReadonlySet<string> } | { readonly count: number };

export class HeldPresence {
  readonly #rooms = new Map<string, Held>();
  /** Rooms that are being asked about, with what was heard of them since. */
  readonly #asking = new Map<string, Map<string, boolean>>();
  readonly #ask: (room: string) => void;

  /** @param ask called where a room has to be asked about again. */
  constructor(ask: (room: string) => void) {
    this.#ask = ask;
  }

  held(room: string): Held | undefined {
    return this.#rooms.get(room);
  }

  /** The names held of a room, sorted; undefined where only their number is held, or nothing. */
  names(room: string): string[] | undefined {
    const held = this.#rooms.get(room);
    return held && 'names' in held ? [...held.names].sort() : undefined;
  }

  /** Notes that a room is being asked about. @returns what takes the answer. */
  asking(room: string): (answer: PresenceAnswer) => void {
    const heard = new Map<string, boolean>();
    this.#asking.set(room, heard);
    return ({ online, count }) => {
      if (this.#asking.get(room) !== heard) return;
      this.#asking.delete(room);
      if (count > online.length) {
        this.#rooms.set(room, { count });
        return;
      }
      const names = new Set(online);
      // What was heard while the answer was on its way is newer.
      for (const [user, isOnline] of heard) isOnline ? names.add(user) : names.delete(user);
      this.#rooms.set(room, { names });
    };
  }

  isAsking(room: string): boolean {
    return this.#asking.has(room);
  }

  hear({ room, rooms = [room], user, online = false, count }: PresenceFrame): void {
    if (count !== undefined) {
      this.#rooms.set(room, { count });
      // Few enough to be named.
      if (count <= 100) this.#ask(room);
      return;
    }
    for (const one of rooms) if (user !== undefined) this.note(one, user, online);
  }

  /** Somebody came or went; also who left the room. */
  note(room: string, user: string, online: boolean): void {
    this.#asking.get(room)?.set(user, online);
    const held = this.#rooms.get(room);
    if (!held) return;
    if (!('names' in held)) {
      // They are named again.
      this.#ask(room);
      return;
    }
    const names = new Set(held.names);
    online ? names.add(user) : names.delete(user);
    this.#rooms.set(room, { names });
  }

  /** The room is not ours any more. */
  drop(room: string): void {
    this.#rooms.delete(room);
    this.#asking.delete(room);
  }
}
