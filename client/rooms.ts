/** All rooms of the user: the list, and how each is brought up to date (P5). */

import type { RoomId } from '../shared/protocol/ids.ts';
import type { Context } from './context.ts';
import { nonsense } from './error.ts';
import { eventsOf, type Fields, has, isFields, isSeq, type LogEvent } from './guards.ts';
import type { Request } from './link.ts';
import { backOff } from './options.ts';
import { Outbox } from './outbox.ts';
import { RoomKeeper } from './room.ts';
import { isSameList, Store } from './store.ts';
import { toSummary } from './summary.ts';
import type { RoomSummary } from './types.ts';

/** Bytes that the rooms of one `sync` may take: a command holds 32 KiB (the protocol's MAX_COMMAND_BYTES). */
const SYNC_BYTES = 30_000;
/** A room that is new here is looked up in the list after so many milliseconds, with others that come meanwhile. */
const LIST_AFTER = 50;
const MOST_LISTINGS = 4;

export interface RoomsEvents {
  onEvent(room: RoomId, event: LogEvent): void;
  onChange(room: RoomKeeper): void;
}

interface Whole {
  readonly answered: Set<string>;
  readonly named: ReadonlySet<RoomKeeper>;
}

export class Rooms {
  readonly list = new Store<readonly RoomSummary[]>([]);
  readonly outbox: Outbox;
  readonly #context: Context;
  readonly #events: RoomsEvents;
  readonly #rooms = new Map<string, RoomKeeper>();
  /** Who waits for a room's place in its log. */
  readonly #placing = new Map<string, (() => void)[]>();
  /** Rooms that the user seems to be a member of, and that the list did not have yet. */
  readonly #wanted = new Set<string>();
  /** Where a log is stuck before a gap that is being asked for. */
  readonly #stuckAt = new Map<RoomKeeper, number | undefined>();
  #hasList = false;
  #early: Promise<void> | undefined;
  #isListing = false;
  #isPublishing = false;
  /** Counts what changes who is a member where: a sync that was asked before says nothing about it. */
  #moves = 0;
  readonly #movedAt = new Map<string, number>();

  constructor(context: Context, events: RoomsEvents) {
    this.#context = context;
    this.#events = events;
    this.outbox = new Outbox(context, {
      position: (room) =>
        this.#rooms.get(room)?.summary.getSnapshot() ? this.#rooms.get(room)?.log.position : undefined,
      refresh: (room) => this.#rooms.get(room)?.refresh(),
    });
  }

  get(id: string): RoomKeeper {
    const known = this.#rooms.get(id);
    if (known) return known;
    const room = new RoomKeeper(
      this.#context,
      {
        outbox: this.outbox,
        placed: (of) => this.#placed(of),
        learn: (of) => this.learn(of).then(() => {}),
        onChange: (of) => {
          this.#publish();
          this.#events.onChange(of);
        },
        onEvent: (of, event) => this.#events.onEvent(of, event),
      },
      id as RoomId,
    );
    this.#rooms.set(id, room);
    return room;
  }

  all(): readonly RoomKeeper[] {
    return [...this.#rooms.values()];
  }

  onFrame(frame: Fields): void {
    const { type, room: id } = frame;
    if (typeof id !== 'string') return;
    if (type === 'events') {
      const events = eventsOf(frame.events);
      if (!events) {
        this.#context.problem('events');
        return;
      }
      const room = this.get(id);
      const before = room.log.position;
      const wasMember = room.summary.getSnapshot() !== undefined;
      room.take(events);
      this.#place(id);
      const isMember = room.summary.getSnapshot() !== undefined;
      if (!isMember || !wasMember) this.#move(id);
      // Something new of a room that is not in the list: the user was made a member, and may not have been told of it by an event.
      if (!wasMember && room.log.position !== before) this.#wanted.add(id);
      if (this.#wanted.has(id)) this.#listSoon(0);
      if (room.log.hasGap) this.#fillGap(room);
    } else if (type === 'typing') this.#rooms.get(id)?.people.onTyping(frame);
    else if (type === 'read') this.#rooms.get(id)?.onRead(frame);
    else if (type === 'presence') {
      for (const of of Array.isArray(frame.rooms) ? frame.rooms : [id])
        this.#rooms.get(String(of))?.people.onPresence(frame);
    }
  }

  /** Reads the list while the first connection is still to come: what has no connection shows it all the same. */
  readEarly(): void {
    this.#early = this.#readList().catch(() => {});
  }

  /**
   * Gets all that was missed, and the list where it may have changed. Rooms that the service no longer answers for are the user's no more.
   *
   * @throws {ParleyError} where it could not be done.
   */
  async catchUp(request: Request): Promise<void> {
    // What comes later than a sync must not be older.
    await this.#early;
    const since = this.#moves;
    const known = this.all().filter((room) => room.log.position !== undefined && room.summary.getSnapshot());
    const answered = new Set<string>();
    const named: ReadonlySet<RoomKeeper> = new Set(known);
    for (const chunk of chunksOf(known)) {
      for (let left: readonly RoomKeeper[] = chunk; ; ) {
        const more = await this.#sync(request, left, { answered, named });
        if (more.length === 0) break;
        left = more;
      }
    }
    for (const room of known) {
      if (!answered.has(room.id) && (this.#movedAt.get(room.id) ?? 0) <= since) room.summarize(undefined);
    }
    const isUnknown = [...answered].some((id) => !this.#rooms.get(id)?.summary.getSnapshot());
    if (!this.#hasList || isUnknown) await this.#readList();
    // What has no place now has none: what is asked of it is refused.
    for (const id of [...this.#placing.keys()]) this.#place(id);
  }

  /** What waited for a connection goes on. */
  onOnline(): void {
    for (const room of this.all()) room.onOnline();
    this.outbox.kick();
  }

  /**
   * One sync.
   *
   * @param whole of a catching up: which rooms were named in any of its commands, and which were answered for.
   * @returns the rooms of which there is more.
   */
  async #sync(request: Request, rooms: readonly RoomKeeper[], whole?: Whole): Promise<readonly RoomKeeper[]> {
    const positions = Object.fromEntries(rooms.map(({ id, log }) => [id, log.position ?? 0]));
    const { rooms: items } = await request('sync', rooms.length > 0 ? { rooms: positions } : {});
    if (!Array.isArray(items)) throw nonsense('sync');
    const more: RoomKeeper[] = [];
    let isFurther = false;
    for (const item of items) {
      const events = isFields(item) ? eventsOf(item.events) : undefined;
      if (!events || !has(item, { room: 'string', unread: 'number', mentions: 'number' }) || !isSeq(item.seq))
        throw nonsense('sync');
      const room = this.get(String(item.room));
      whole?.answered.add(room.id);
      const before = room.log.position;
      if (item.reset === true) room.reset(item.seq);
      room.log.position ??= item.seq;
      this.#place(room.id);
      this.#count(room, item);
      room.take(events);
      isFurther ||= room.log.position !== before;
      // The user left it and came back elsewhere: what lies between was not asked for.
      const isBack = whole !== undefined && !whole.named.has(room) && room.log.position < item.seq;
      if (isBack || (item.more === true && rooms.includes(room))) more.push(room);
    }
    // The same would be asked for without end.
    if (more.length > 0 && !isFurther && more.every((room) => rooms.includes(room))) throw nonsense('sync');
    return more;
  }

  /** The counts of a sync are those of its number, whatever of the events before it is still to come. */
  #count(room: RoomKeeper, { seq, read, unread, mentions }: Fields): void {
    const summary = room.summary.getSnapshot();
    if (!summary) return;
    const counts = {
      seq: Number(seq),
      read: Number(read),
      unread: Number(unread),
      mentions: Number(mentions),
    };
    room.summarize({ ...summary, ...counts }, counts.seq);
  }

  /** Asks for what did not come in its turn, if it does not come in a moment; where it never does, after random waits that double. */
  #fillGap(room: RoomKeeper, tries = 0): void {
    const { platform, timing, link } = this.#context;
    const stuckAt = room.log.position;
    // All that comes after the same gap waits for the same answer.
    if (!room.log.hasGap || (tries === 0 && this.#stuckAt.get(room) === stuckAt)) return;
    this.#stuckAt.set(room, stuckAt);
    const wait = timing.gapPatience + (tries && backOff(platform, timing, tries));
    platform.after(wait, async () => {
      // Every new connection catches up by itself.
      if (link.state.getSnapshot().status !== 'online') return this.#stuckAt.delete(room);
      if (room.log.position === stuckAt)
        await this.#sync((action, fields) => link.request(action, fields), [room]).catch(() =>
          this.#context.problem(`a gap in ${room.id} after ${stuckAt}`),
        );
      this.#fillGap(room, room.log.position === stuckAt ? tries + 1 : 0);
    });
  }

  #move(id: string): void {
    this.#movedAt.set(id, ++this.#moves);
  }

  /** The list may be a moment behind the event that makes somebody a member: it is read again some times. */
  #listSoon(round: number): void {
    if (this.#isListing || round > MOST_LISTINGS) return;
    this.#isListing = true;
    this.#context.platform.after(LIST_AFTER * 4 ** round, async () => {
      await this.#readList().catch(() => this.#context.problem('rooms'));
      this.#isListing = false;
      if (this.#wanted.size > 0) this.#listSoon(round + 1);
    });
  }

  /** Reads the list anew; whoever joined, or made a room, sees it there. */
  async #readList(): Promise<void> {
    for (const item of await this.#context.http.all('/rooms')) {
      const summary = toSummary(item);
      if (!summary) {
        this.#context.problem('rooms');
        continue;
      }
      const room = this.get(summary.room);
      room.log.position ??= summary.seq;
      this.#place(summary.room);
      const known = room.summary.getSnapshot();
      this.#wanted.delete(summary.room);
      if (!known) this.#move(summary.room);
      // What was told meanwhile of a room that is new here is in neither count: the next reading has it.
      if (!known && summary.seq < (room.log.position ?? 0)) this.#wanted.add(summary.room);
      // What events have told since is newer than what was read; all else is taken from the list.
      if (known && summary.seq < room.countedTo) {
        const { seq, read, unread, mentions, lastMessage = summary.lastMessage } = known;
        room.summary.set({ ...summary, seq, read, unread, mentions, ...(lastMessage && { lastMessage }) });
      } else {
        const lastMessage = summary.lastMessage ?? known?.lastMessage;
        room.summarize(
          { ...summary, ...(lastMessage && { lastMessage }) },
          Math.max(summary.seq, room.countedTo),
        );
      }
    }
    this.#hasList = true;
    this.#publish();
  }

  /** Makes sure that a room which was just made or joined is in the list. */
  async learn(id: string): Promise<RoomKeeper> {
    if (!this.get(id).summary.getSnapshot()) await this.#readList();
    return this.get(id);
  }

  #placed(id: string): Promise<void> {
    if (this.#rooms.get(id)?.log.position !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#placing.set(id, [...(this.#placing.get(id) ?? []), resolve]);
      // A room that the user is no member of has no place: what is asked of it is refused by the service.
      if (this.#context.link.state.getSnapshot().status === 'online') this.#place(id);
    });
  }

  #place(id: string): void {
    for (const resolve of this.#placing.get(id) ?? []) resolve();
    this.#placing.delete(id);
  }

  /** Many changes in one go are one change of the list. */
  #publish(): void {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    queueMicrotask(() => {
      this.#isPublishing = false;
      const summaries = this.all().flatMap(({ summary }) => summary.getSnapshot() ?? []);
      const at = ({ lastMessage, createdAt }: RoomSummary): string => lastMessage?.at ?? createdAt ?? '';
      const sorted = summaries.sort((a, b) => (at(a) > at(b) ? -1 : at(a) < at(b) ? 1 : 0));
      if (!isSameList(sorted, this.list.getSnapshot())) this.list.set(sorted);
    });
  }
}

/** Rooms of as many commands as their names need; one command where there is none. */
function chunksOf(rooms: readonly RoomKeeper[]): RoomKeeper[][] {
  const chunks: RoomKeeper[][] = [[]];
  let bytes = 0;
  for (const room of rooms) {
    bytes += room.id.length + 20;
    if (bytes > SYNC_BYTES) {
      chunks.push([]);
      bytes = room.id.length + 20;
    }
    chunks.at(-1)?.push(room);
  }
  return chunks;
}
