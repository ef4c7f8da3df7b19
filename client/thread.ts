/** A message and its replies. */
import type { Message, RoomEvent } from '../shared/protocol/events.ts';
import type { RoomId } from '../shared/protocol/ids.ts';
import type { SendOptions, Thread } from './api.ts';
import type { Context } from './context.ts';
import { isMessage } from './guards.ts';
import { MessageList } from './message-list.ts';
import { Store } from './store.ts';
import { TimelineKeeper, type TimelineSource } from './timeline.ts';

/** What a thread needs of its room. */
export interface ThreadRoom {
  readonly id: RoomId;
  send(text: string, options: SendOptions): string;
  /** A message of the room, where it is here. */
  loaded(seq: number): Message | undefined;
}

export class ThreadKeeper implements Thread {
  readonly room: RoomId;
  readonly root: number;
  readonly timeline: TimelineKeeper;
  readonly rootMessage: Store<Message | undefined>;
  readonly unread = new Store<number | undefined>(undefined);
  readonly #context: Context;
  readonly #room: ThreadRoom;
  /** The root alone, in a stretch of its own: events keep it up to date wherever the room's messages are. */
  readonly #rootList = new MessageList();
  #isAsked = false;

  constructor(context: Context, room: ThreadRoom, source: TimelineSource, root: number) {
    this.#context = context;
    this.#room = room;
    this.room = room.id;
    this.root = root;
    this.timeline = new TimelineKeeper(context, { ...source, onUnread: (unread) => this.unread.set(unread) });
    this.rootMessage = new Store<Message | undefined>(undefined, () => this.#findRoot());
  }

  get messages() {
    return this.timeline.store;
  }

  apply(events: readonly RoomEvent[]): void {
    this.timeline.apply(events);
    const me = this.#context.me();
    for (const event of events) {
      this.#rootList.apply(event, me, () => false);
      const isReply = event.type === 'message.created' && event.thread === this.root && event.user !== me;
      if (isReply) this.unread.update((unread) => (unread !== undefined ? unread + 1 : unread));
    }
    this.rootMessage.set(this.#rootList.first);
  }

  loadOlder = (): Promise<void> => this.timeline.loadOlder();
  loadNewer = (): Promise<void> => this.timeline.loadNewer();
  jumpTo = (seq: number): Promise<void> => this.timeline.jumpTo(seq);
  jumpToEnd = (): Promise<void> => this.timeline.jumpToEnd();

  send(text: string, options: SendOptions = {}): string {
    return this.#room.send(text, { ...options, thread: this.root });
  }

  async markRead(seq = this.timeline.list.last?.seq ?? this.root): Promise<void> {
    const fields = { room: this.room, thread: this.root, seq };
    const { unread } = await this.#context.link.request('markRead', fields);
    if (typeof unread === 'number') this.unread.set(unread);
  }

  #findRoot(): void {
    const here = this.#room.loaded(this.root);
    if (here) this.#setRoot(here);
    else if (!this.#isAsked) {
      this.#isAsked = true;
      const path = `/rooms/${encodeURIComponent(this.room)}/messages/${this.root}`;
      this.#context.http
        .call('GET', path)
        .then((message) => {
          if (isMessage(message)) this.#setRoot(message);
        })
        .catch(() => {})
        .finally(() => {
          this.#isAsked = false;
        });
    }
  }

  #setRoot(message: Message): void {
    this.#rootList.merge([message]);
    this.rootMessage.set(this.#rootList.first);
  }
}
