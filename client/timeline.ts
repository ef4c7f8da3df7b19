/** The messages of a room, or of one thread, that are shown: a stretch without a hole, joined to what comes. */
import type { Message, RoomEvent } from '../shared/protocol/events.ts';
import type { Context } from './context.ts';
import { refusal } from './error.ts';
import { readPage } from './history.ts';
import { MessageList } from './message-list.ts';
import { isSameList, Store } from './store.ts';
import type { OutgoingMessage, Timeline } from './types.ts';

/** Messages of a page. */
const PAGE = 50;
/** Messages after one that is jumped to; what fits before them comes with the page. */
const AFTER_JUMP = 50;
/** The most that one page holds: the protocol's MAX_HISTORY_LIMIT. */
const LARGEST_PAGE = 100;

export interface TimelineSource {
  readonly room: string;
  /** Number of the message whose replies these are; without it all messages of the room. */
  readonly thread?: number;
  /** Number of the last event that was applied; undefined before it is known where the log stands. */
  readonly position: () => number | undefined;
  /** Resolves once `position` is known. */
  readonly placed: () => Promise<void>;
  readonly outgoing: () => readonly OutgoingMessage[];
  /** Told how many replies of a thread the user has not read. */
  readonly onUnread?: (unread: number) => void;
}

const EMPTY: Timeline = { items: [], atStart: false, atEnd: true, isLoaded: false, isLoading: false };

export class TimelineKeeper {
  readonly store: Store<Timeline>;
  readonly list = new MessageList();
  readonly #context: Context;
  readonly #source: TimelineSource;
  #loading: Promise<void> | undefined;
  /** Raised when the stretch is replaced: a page that was asked for before has no place in it. */
  #stretch = 0;
  /** Events that were applied while a page was on its way: it may have been read before them. */
  #meanwhile: RoomEvent[] = [];

  constructor(context: Context, source: TimelineSource) {
    this.#context = context;
    this.#source = source;
    this.store = new Store(EMPTY, () => this.open());
  }

  /** Loads the newest page, where nothing is here yet. A failure shows as a timeline that is not loaded. */
  open(): void {
    if (!this.store.getSnapshot().isLoaded) this.loadOlder().catch(() => {});
  }

  /** Takes what the last visit kept: the newest messages. */
  restore(messages: readonly Message[], atStart: boolean): void {
    this.list.merge(messages);
    this.#show({ isLoaded: true, atStart, atEnd: true });
  }

  /** Applies events of the log, in its order, that were not applied before. */
  apply(events: readonly RoomEvent[]): void {
    if (this.#loading) this.#meanwhile.push(...events);
    if (this.#apply(events)) this.#show({});
  }

  /** Shows the outbox as it is now. */
  refresh(): void {
    this.#show({});
  }

  /** Drops all that is here; it is read anew when somebody looks. */
  reset(): void {
    this.#stretch++;
    this.#loading = undefined;
    this.list.clear();
    this.#show({ ...EMPTY });
    if (this.store.isWatched) this.open();
  }

  loadOlder(): Promise<void> {
    return this.#alone(async (isVoid) => {
      const { atStart } = this.store.getSnapshot();
      if (atStart) return;
      const before = this.list.first?.seq;
      const { messages, more } = await this.#read(PAGE, before);
      if (isVoid()) return;
      this.#put(messages, { isLoaded: true, atStart: !more });
    });
  }

  loadNewer(): Promise<void> {
    return this.#alone(async (isVoid) => {
      // Pages are read backwards only: the hundred numbers after the last hold a hundred messages at most, so none is left out.
      for (let from = this.list.last?.seq ?? 0; !this.store.getSnapshot().atEnd; from += LARGEST_PAGE) {
        const { messages } = await this.#read(LARGEST_PAGE, from + LARGEST_PAGE + 1);
        if (isVoid()) return;
        const fresh = messages.filter(({ seq }) => seq > from);
        this.#put(fresh, { atEnd: this.#isEnd(from + LARGEST_PAGE) });
        if (fresh.length > 0) return;
      }
    });
  }

  async jumpTo(seq: number): Promise<void> {
    if (this.list.get(seq)) return;
    this.#stretch++;
    this.#loading = undefined;
    await this.#alone(async (isVoid) => {
      const last = seq + AFTER_JUMP;
      const { messages, more } = await this.#read(LARGEST_PAGE, last + 1);
      if (isVoid()) return;
      this.list.clear();
      this.#put(messages, { isLoaded: true, atStart: !more, atEnd: this.#isEnd(last) });
    });
  }

  async jumpToEnd(): Promise<void> {
    const { isLoaded, atEnd } = this.store.getSnapshot();
    if (isLoaded && atEnd) return;
    this.reset();
    await this.loadOlder();
  }

  /** One load at a time; the same call twice is one. */
  #alone(load: (isVoid: () => boolean) => Promise<void>): Promise<void> {
    if (this.#loading) return this.#loading;
    const stretch = this.#stretch;
    this.#meanwhile = [];
    this.#loading = (async () => {
      this.#show({ isLoading: true });
      try {
        await this.#source.placed();
        if (this.#source.position() === undefined)
          throw refusal('forbidden', 'read history', 'you are not a member of this room');
        await load(() => stretch !== this.#stretch);
      } finally {
        if (stretch === this.#stretch) {
          this.#loading = undefined;
          this.#show({ isLoading: false });
        }
      }
    })();
    return this.#loading;
  }

  #apply(events: readonly RoomEvent[]): boolean {
    const { thread } = this.#source;
    const { isLoaded, atEnd } = this.store.getSnapshot();
    const appends = (message: Message): boolean =>
      isLoaded && atEnd && (thread === undefined || message.thread === thread);
    const me = this.#context.me();
    return events.map((event) => this.list.apply(event, me, appends)).includes(true);
  }

  /**
   * Takes in a page. Of what is newer than the events applied so far nothing is taken: it comes once more, as events. What was applied while
   * the page was on its way is applied again: the page may be older. Both ways an event may come to what holds it already, and changes nothing.
   */
  #put(messages: readonly Message[], changes: Partial<Timeline>): void {
    const position = this.#source.position() ?? 0;
    this.list.merge(messages.filter(({ seq }) => seq <= position));
    this.#show(changes);
    if (this.#apply(this.#meanwhile)) this.#show({});
  }

  #isEnd(seq: number): boolean {
    return seq >= (this.#source.position() ?? 0);
  }

  async #read(limit: number, before: number | undefined) {
    const { room, thread, onUnread } = this.#source;
    const page = await readPage(this.#context.link, { room, thread, limit, before });
    if (typeof page.unread === 'number') onUnread?.(page.unread);
    return page;
  }

  #show(changes: Partial<Timeline>): void {
    const before = this.store.getSnapshot();
    const now = { ...before, ...changes };
    const outgoing = now.atEnd ? this.#source.outgoing() : [];
    // Read from history, a message may be here before its answer: it is shown in its place, and once.
    const keys = outgoing.length > 0 ? new Set(this.list.items.map(({ key }) => key)) : undefined;
    const items = [...this.list.items, ...outgoing.filter(({ key }) => !keys?.has(key))];
    const after: Timeline = { ...now, items: isSameList(items, before.items) ? before.items : items };
    const isShown = (Object.keys(after) as (keyof Timeline)[]).every((name) => after[name] === before[name]);
    if (!isShown) this.store.set(after);
  }
}
