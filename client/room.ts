/** One room, kept up to date. */
import type { Attachment, Message, RoomEvent } from '../shared/protocol/events.ts';
import type { RoomId } from '../shared/protocol/ids.ts';
import type { Room, SendOptions, Thread } from './api.ts';
import type { Context } from './context.ts';
import { refusal } from './error.ts';
import { type Fields, isKnown, isSeq, type LogEvent } from './guards.ts';
import { RoomLog } from './log.ts';
import type { Outbox } from './outbox.ts';
import { People } from './people.ts';
import { RoomCalls } from './room-calls.ts';
import { Store } from './store.ts';
import { endsMembership, readUpTo, withEvent } from './summary.ts';
import { ThreadKeeper } from './thread.ts';
import { TimelineKeeper } from './timeline.ts';
import type { Notify, RoomSummary } from './types.ts';

/** Characters of a message, at most: the protocol's MAX_TEXT_CHARACTERS. */
const MAX_TEXT_CHARACTERS = 4_000;

/** What a room needs of those around it. */
export interface RoomDeps {
  readonly outbox: Outbox;
  /** Resolves once the room's place in its log is known. */
  placed(room: RoomId): Promise<void>;
  /** Makes sure that the room is in the list, once the user is a member. */
  learn(room: RoomId): Promise<void>;
  /** The room's line in the list, or what is kept of it, is another. */
  onChange(room: RoomKeeper): void;
  onEvent(room: RoomId, event: LogEvent): void;
}

export class RoomKeeper extends RoomCalls implements Room {
  readonly summary = new Store<RoomSummary | undefined>(undefined);
  readonly log = new RoomLog();
  readonly people: People;
  readonly timeline: TimelineKeeper;
  readonly #deps: RoomDeps;
  readonly #threads = new Map<number, ThreadKeeper>();
  /** The counts of the summary hold all events up to this one. */
  countedTo = 0;
  #marking: Promise<void> | undefined;

  constructor(context: Context, deps: RoomDeps, id: RoomId) {
    super(context, id);
    this.#deps = deps;
    this.people = new People(context, id);
    this.timeline = new TimelineKeeper(context, this.#source());
  }

  get messages() {
    return this.timeline.store;
  }

  get members() {
    return this.people.members;
  }

  get presence() {
    return this.people.presence;
  }

  get typists() {
    return this.people.typists;
  }

  get reads() {
    return this.people.reads;
  }

  /** Events in any order, with any repeats, as frames and syncs bring them. */
  take(events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    const ready = this.log.take(events);
    if (ready.length === 0) return;
    const known = ready.filter((event) => this.#isKnown(event));
    const me = this.context.me();
    let isOurs = false;
    for (const event of known)
      if (event.type === 'message.created' && event.user === me && event.id !== undefined)
        isOurs = this.#deps.outbox.arrived(event.id) || isOurs;
    this.timeline.apply(known);
    for (const thread of this.#threads.values()) thread.apply(known);
    for (const event of known) this.people.onEvent(event);
    this.#summarize(known);
    this.#deps.outbox.sweep(this.id);
    if (isOurs) {
      this.refresh();
      this.#deps.outbox.publish();
    }
    this.#deps.onChange(this);
    for (const event of ready) {
      if (isKnown(event)) this.emit(event.type, event as never);
      this.emit('event', event);
      this.#deps.onEvent(this.id, event);
    }
  }

  /** What was missed can't be told event by event: begins anew after an event. */
  reset(seq: number): void {
    this.log.moveTo(seq);
    this.timeline.reset();
    for (const thread of this.#threads.values()) thread.timeline.reset();
    this.#deps.outbox.sweep(this.id);
    this.emit('reset', { seq });
  }

  /** Says what the list says of it; undefined once the user is no member. @param asOf the event up to which its counts go. */
  summarize(summary: RoomSummary | undefined, asOf = 0): void {
    if (summary && asOf < this.countedTo) return;
    const isNew = summary && !this.summary.getSnapshot();
    this.countedTo = Math.max(asOf, this.countedTo);
    this.summary.set(summary);
    this.#deps.onChange(this);
    if (isNew) this.onOnline();
  }

  /** Another device of the user, or somebody else, has read. */
  onRead(frame: Fields): void {
    if (frame.user !== this.context.me()) this.people.onRead(frame);
    else if (isSeq(frame.seq)) this.#moveMark(frame.seq);
  }

  /** What could not be asked for without a connection is asked for now. */
  onOnline(): void {
    this.people.refresh();
    for (const { timeline } of [this, ...this.#threads.values()])
      if (timeline.store.isWatched) timeline.open();
  }

  /** The outbox has changed. */
  refresh(): void {
    this.timeline.refresh();
    for (const thread of this.#threads.values()) thread.timeline.refresh();
  }

  loadOlder = (): Promise<void> => this.timeline.loadOlder();
  loadNewer = (): Promise<void> => this.timeline.loadNewer();
  jumpTo = (seq: number): Promise<void> => this.timeline.jumpTo(seq);
  jumpToEnd = (): Promise<void> => this.timeline.jumpToEnd();

  send(text: string, { thread, attachments }: SendOptions = {}): string {
    const length = [...text].length;
    if (length === 0 || length > MAX_TEXT_CHARACTERS || !text.isWellFormed())
      throw refusal('bad_request', 'send', `text must hold 1 to ${MAX_TEXT_CHARACTERS} characters`);
    return this.#deps.outbox.add(this.id, text, {
      ...(thread === undefined ? {} : { thread }),
      ...(attachments && attachments.length > 0 ? { attachments } : {}),
    });
  }

  retry(id: string): void {
    this.#deps.outbox.retry(id);
  }

  discard(id: string): void {
    this.#deps.outbox.discard(id);
  }

  typing(on = true): void {
    this.people.tell(on);
  }

  async markRead(seq = this.#newest()): Promise<void> {
    if (seq <= (this.summary.getSnapshot()?.read ?? 0)) return this.#marking;
    this.#moveMark(seq);
    // While one is under way, the next waits, and takes along all that came meanwhile.
    const before = this.#marking;
    const mark = (async () => {
      await before?.catch(() => {});
      const read = this.summary.getSnapshot()?.read ?? seq;
      if (read > seq) return;
      const answer = await this.context.link.request('markRead', { room: this.id, seq });
      if (typeof answer.unread === 'number') this.#moveMark(seq, answer.unread);
    })();
    this.#marking = mark;
    await mark;
  }

  thread(root: number): Thread {
    const thread = this.#threads.get(root) ?? new ThreadKeeper(this.context, this, this.#source(root), root);
    this.#threads.set(root, thread);
    return thread;
  }

  async upload(
    file: Blob & { readonly name?: string },
    options: Parameters<Room['upload']>[1] = {},
  ): Promise<Attachment> {
    // Who sends no file loads nothing for it.
    return (await import('./files.ts')).upload(this.context, this.id, file, options);
  }

  async fileUrl(file: string, options: { readonly thumbnail?: boolean } = {}): Promise<string> {
    return (await import('./files.ts')).fileUrl(this.context, this.id, file, options);
  }

  override async join(): Promise<void> {
    await super.join();
    await this.#deps.learn(this.id);
  }

  override async leave(): Promise<void> {
    await super.leave();
    this.summarize(undefined);
  }

  async setNotify(notify: Notify): Promise<void> {
    await this.call('PUT', '/preferences', { body: { notify } });
    this.summary.update((summary) => summary && { ...summary, notify });
    this.#deps.onChange(this);
  }

  /** The root of a thread, where it is here already. */
  loaded(seq: number): Message | undefined {
    return this.timeline.list.get(seq);
  }

  #source(thread?: number) {
    return {
      room: this.id,
      ...(thread === undefined ? {} : { thread }),
      position: () => this.log.position,
      placed: () => this.#deps.placed(this.id),
      outgoing: () => this.#deps.outbox.of(this.id, thread),
    };
  }

  #isKnown(event: LogEvent): event is RoomEvent {
    const known = isKnown(event);
    if (!known) this.context.problem(`event ${event.seq} of ${this.id}`);
    return known;
  }

  #summarize(events: readonly RoomEvent[]): void {
    const me = this.context.me();
    let summary = this.summary.getSnapshot();
    for (const event of events) {
      if (endsMembership(event, me)) summary = undefined;
      else if (summary) summary = withEvent(summary, event, me, event.seq > this.countedTo);
    }
    if (summary) this.countedTo = Math.max(this.countedTo, this.log.position ?? 0);
    this.summary.set(summary);
  }

  #newest(): number {
    const last = this.timeline.list.last?.seq ?? 0;
    return Math.max(last, this.summary.getSnapshot()?.lastMessage?.seq ?? 0);
  }

  #moveMark(seq: number, unread?: number): void {
    const { list } = this.timeline;
    const isCovered =
      (list.first?.seq ?? Number.POSITIVE_INFINITY) <= seq && this.messages.getSnapshot().atEnd;
    const left = isCovered ? list.items.filter((item) => item.seq > seq).length : unread;
    this.summary.update((summary) => summary && readUpTo(summary, seq, left));
    this.#deps.onChange(this);
  }
}
