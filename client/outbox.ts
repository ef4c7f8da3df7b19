/** What was written and is not in the log yet: kept, sent in order, once, and ended with a number or a reason. */
import type { WireError } from '../shared/protocol/errors.ts';
import type { Attachment } from '../shared/protocol/events.ts';
import type { RoomId } from '../shared/protocol/ids.ts';
import type { Context } from './context.ts';
import { refusal, toParleyError } from './error.ts';
import { type Fields, has } from './guards.ts';
import { keyOf } from './message-list.ts';
import { pause } from './platform.ts';
import { Store } from './store.ts';
import type { OutgoingMessage } from './types.ts';

/** An entry as it is stored. */
interface Entry {
  readonly id: string;
  readonly room: RoomId;
  readonly text: string;
  readonly thread?: number;
  readonly attachments?: readonly Attachment[];
  readonly at: string;
  /** Grows with each entry of the user: the order in which they are sent. */
  readonly order: number;
  /** When it was first sent, by the service's clock. Whether it arrived is unknown until there is an answer. */
  triedAt?: number;
  error?: WireError;
  /** Failed, and nobody can tell whether it is in the log. */
  isDoubtful?: boolean;
}

interface Held {
  readonly entry: Entry;
  /** Its number, once it is acknowledged: it is shown until the event is here. */
  seq?: number;
  /** Of another tab, which sends it; this one does where that tab is gone. */
  heldUntil?: number;
  shown: OutgoingMessage;
}

export interface OutboxRooms {
  /** Number of the last event of a room that is here. */
  position(room: string): number | undefined;
  /** The outbox of the room is another. */
  refresh(room: string): void;
}

/** For so long the same id makes one message (P3); an hour less, for what lies between the clocks. */
const ID_LASTS = 23 * 60 * 60_000;
/** What another tab has not sent within this, this one sends: with the same id, so that twice is once. Milliseconds. */
const OTHERS_TIME = 20_000;
const WAIT_FIRST = 500;
const WAIT_MOST = 15_000;
/** Times that what may heal without anyone's doing is tried: a failure of the service's own, a file that is not looked at yet. */
const MOST_FAILURES = 5;

export class Outbox {
  readonly store = new Store<readonly OutgoingMessage[]>([]);
  readonly #context: Context;
  readonly #rooms: OutboxRooms;
  readonly #held = new Map<string, Held>();
  readonly #running = new Set<string>();
  #lastOrder = 0;
  /** Raised when another user comes: what was under way then ends. */
  #generation = 0;

  constructor(context: Context, rooms: OutboxRooms) {
    this.#context = context;
    this.#rooms = rooms;
  }

  /** Takes up what the last visit left, of the user who is logged in. */
  async restore(): Promise<void> {
    for (const [, value] of await this.#context.vault.list(this.#prefix())) {
      if (isEntry(value) && !this.#held.has(value.id)) this.#hold(value);
    }
    for (const room of this.#waitingRooms()) this.#rooms.refresh(room);
    this.#publish();
  }

  add(room: RoomId, text: string, more: Pick<OutgoingMessage, 'thread' | 'attachments'>): string {
    const { platform, me } = this.#context;
    if (me() === '') throw refusal('unauthenticated', 'send', 'nobody is logged in');
    const at = platform.date();
    const entry: Entry = {
      id: platform.newId(),
      room,
      text,
      ...more,
      at: at.toISOString(),
      order: Math.max(this.#lastOrder + 1, at.getTime()),
    };
    this.#queue(entry);
    return entry.id;
  }

  retry(id: string): void {
    const held = this.#held.get(id);
    if (!held?.entry.error) return;
    const { error: _, isDoubtful, ...entry } = held.entry;
    if (isDoubtful) {
      this.discard(id);
      this.add(entry.room, entry.text, entry);
      return;
    }
    this.#queue(entry);
  }

  discard(id: string): void {
    const held = this.#held.get(id);
    if (!held?.entry.error) return;
    this.#drop(id);
    this.#tell({ id });
  }

  /** What is to be shown at the end of a room, or of a thread. */
  of(room: string, thread?: number): readonly OutgoingMessage[] {
    return this.#inOrder()
      .filter(({ entry }) => entry.room === room && (thread === undefined || entry.thread === thread))
      .map(({ shown }) => shown);
  }

  /** An event of the user is in the log. @returns whether it was in here; the room then shows the event in its place. */
  arrived(id: string): boolean {
    const held = this.#held.get(id);
    if (!held) return false;
    this.#forget(held.entry);
    return true;
  }

  /** Lets go of what was acknowledged and whose event is here, or comes no more. */
  sweep(room: string): void {
    const position = this.#rooms.position(room);
    for (const { entry, seq } of [...this.#held.values()]) {
      if (entry.room === room && seq !== undefined && (position === undefined || position >= seq))
        this.#drop(entry.id);
    }
  }

  /** Tells who looks at the whole outbox. */
  publish(): void {
    this.#publish();
  }

  /** Sends what waits, each room's in its order. Called whenever the way may be free. */
  kick(): void {
    for (const room of this.#waitingRooms()) void this.#run(room);
  }

  /** What another tab says of its outbox, which is this one's, too. */
  hear(message: Fields): void {
    if (message.user !== this.#context.me()) return;
    const { entry, id, seq } = message;
    if (isEntry(entry)) {
      if (this.#held.get(entry.id)?.seq !== undefined) return;
      this.#hold(entry, this.#context.platform.now() + OTHERS_TIME);
      this.#publish(entry.room);
      this.#context.platform.after(OTHERS_TIME, () => this.kick());
      return;
    }
    const held = this.#held.get(String(id));
    if (!held) return;
    if (typeof seq === 'number') held.seq = seq;
    else this.#held.delete(held.entry.id);
    this.sweep(held.entry.room);
    this.#publish(held.entry.room);
  }

  /** Forgets what is in memory; what is stored stays for the user's next visit. */
  clear(): void {
    this.#generation++;
    this.#held.clear();
    this.#publish();
  }

  #queue(entry: Entry): void {
    this.#hold(entry);
    this.#publish(entry.room);
    // Sent whether or not it can be stored, but not before: a page that ends between the two would not know of it.
    void this.#save(entry).finally(() => this.kick());
  }

  #waitingRooms(): ReadonlySet<string> {
    return new Set(this.#inOrder().map(({ entry }) => entry.room));
  }

  #inOrder(): Held[] {
    return [...this.#held.values()].sort((a, b) => a.entry.order - b.entry.order);
  }

  async #run(room: string): Promise<void> {
    if (this.#running.has(room)) return;
    this.#running.add(room);
    const generation = this.#generation;
    try {
      while (generation === this.#generation) {
        const next = this.#next(room);
        if (!next || !(await this.#send(next, () => generation !== this.#generation))) return;
      }
    } finally {
      this.#running.delete(room);
    }
  }

  #next(room: string): Held | undefined {
    const now = this.#context.platform.now();
    return this.#inOrder().find(
      ({ entry, seq, heldUntil = 0 }) =>
        entry.room === room && !entry.error && seq === undefined && heldUntil <= now,
    );
  }

  /** Tries until it is decided. @returns false where it has to wait for a connection. */
  async #send({ entry }: Held, isVoid: () => boolean): Promise<boolean> {
    const { link, platform } = this.#context;
    for (let [failures, wait] = [0, WAIT_FIRST]; ; wait = Math.min(WAIT_MOST, wait * 2)) {
      if (isVoid() || !this.#held.has(entry.id)) return true;
      if (link.state.getSnapshot().status !== 'online') return false;
      try {
        if (this.#mayBeForgotten(entry) && (await this.#find(entry))) return true;
        if (entry.triedAt === undefined && link.serviceTime !== undefined) {
          entry.triedAt = link.serviceTime;
          await this.#save(entry);
        }
        const { seq } = await link.request('sendMessage', fieldsOf(entry), entry.id);
        if (!isVoid()) this.#acknowledge(entry, Number(seq));
        return true;
      } catch (thrown) {
        if (isVoid() || !this.#held.has(entry.id)) return true;
        const error = toParleyError(thrown, 'send');
        // A file may not be looked at yet: that heals by itself, usually within a second.
        const mayHeal = error.code === 'internal' || (error.code === 'conflict' && entry.attachments);
        if (mayHeal) failures++;
        // Where the session has ended, the connection has, too, and all waits for the next login.
        const isPassing = error.isRetryable || error.code === 'unauthenticated';
        if (!isPassing && (!mayHeal || failures >= MOST_FAILURES)) {
          this.#fail(entry, error, error.code === 'internal');
          return true;
        }
        await pause(platform, error.retryAfterMs ?? wait);
      }
    }
  }

  #mayBeForgotten({ triedAt }: Entry): boolean {
    const now = this.#context.link.serviceTime;
    return triedAt !== undefined && now !== undefined && now - triedAt > ID_LASTS;
  }

  /**
   * Looks for a message whose first attempt is so long ago that its id would make a second one.
   *
   * @returns whether that decided it; where it is not in the log it may be sent as if for the first time.
   */
  async #find(entry: Entry): Promise<boolean> {
    const { link, me } = this.#context;
    const since = new Date((entry.triedAt ?? 0) - ID_LASTS).toISOString();
    const { findSent, nobodyKnows } = await import('./find-sent.ts');
    const seq = await findSent(link, entry, me(), since);
    if (seq === 0) delete entry.triedAt;
    else if (seq) this.#acknowledge(entry, seq);
    else this.#fail(entry, nobodyKnows(), true);
    return seq !== 0;
  }

  #acknowledge(entry: Entry, seq: number): void {
    const held = this.#held.get(entry.id);
    if (!held) return;
    held.seq = seq;
    void this.#context.vault.delete(this.#key(entry));
    this.#tell({ id: entry.id, seq });
    this.sweep(entry.room);
  }

  #fail(entry: Entry, { code, message }: Pick<WireError, 'code' | 'message'>, isDoubtful: boolean): void {
    const failed: Entry = { ...entry, error: { code, message }, ...(isDoubtful ? { isDoubtful } : {}) };
    this.#hold(failed);
    this.#publish(entry.room);
    void this.#save(failed);
  }

  #drop(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    this.#forget(held.entry);
    this.#publish(held.entry.room);
  }

  #forget(entry: Entry): void {
    this.#held.delete(entry.id);
    void this.#context.vault.delete(this.#key(entry));
  }

  #hold(entry: Entry, heldUntil?: number): void {
    const user = this.#context.me();
    const { order, triedAt: _, isDoubtful: __, ...message } = entry;
    const status = entry.error ? 'failed' : 'pending';
    const shown: OutgoingMessage = { ...message, status, key: keyOf(user, entry.id, 0), user };
    this.#lastOrder = Math.max(this.#lastOrder, order);
    this.#held.set(entry.id, { entry, shown, ...(heldUntil === undefined ? {} : { heldUntil }) });
  }

  #publish(room?: string): void {
    if (room !== undefined) this.#rooms.refresh(room);
    this.store.set(this.#inOrder().map(({ shown }) => shown));
  }

  async #save(entry: Entry): Promise<void> {
    await this.#context.vault.set(this.#key(entry), entry);
    // It may have been decided while it was written.
    const held = this.#held.get(entry.id);
    if (!held || held.seq !== undefined) await this.#context.vault.delete(this.#key(entry));
    else this.#tell({ entry });
  }

  #tell(what: object): void {
    this.#context.channel?.post({ kind: 'outbox', user: this.#context.me(), ...what });
  }

  #prefix(): string {
    return `outbox/${this.#context.me()}/`;
  }

  #key({ id, order }: Entry): string {
    return `${this.#prefix()}${String(order).padStart(15, '0')}-${id}`;
  }
}

/** As JSON leaves out what is undefined. */
function fieldsOf({ room, text, thread, attachments }: Entry): object {
  return {
    room,
    text,
    thread,
    attachments: attachments?.map(({ file }) => file),
  };
}

function isEntry(value: unknown): value is Entry {
  return has(value, { id: 'string', room: 'string', text: 'string', at: 'string', order: 'number' });
}
