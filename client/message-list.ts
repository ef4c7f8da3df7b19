/** A stretch of messages, ascending, as events change it. */
import type { Message, RoomEvent } from '../shared/protocol/events.ts';
import type { UserId } from '../shared/protocol/ids.ts';
import { changed, created, isChange, replied, unreplied } from './fold.ts';
import type { SentMessage } from './types.ts';

export class MessageList {
  #items: SentMessage[] = [];

  get items(): readonly SentMessage[] {
    return this.#items;
  }

  get first(): SentMessage | undefined {
    return this.#items[0];
  }

  get last(): SentMessage | undefined {
    return this.#items.at(-1);
  }

  get(seq: number): SentMessage | undefined {
    const at = this.#place(seq);
    return this.#items[at]?.seq === seq ? this.#items[at] : undefined;
  }

  clear(): void {
    this.#items = [];
  }

  /** Puts in what was read; a message that is here already stays, as events have kept it up to date. */
  merge(messages: readonly Message[]): void {
    const fresh = messages.filter(({ seq }) => !this.get(seq)).map(sent);
    if (fresh.length > 0) this.#items = [...fresh, ...this.#items].sort((a, b) => a.seq - b.seq);
  }

  /**
   * Applies an event of the log.
   *
   * @param appends whether a new message belongs to this stretch.
   * @returns whether anything changed.
   */
  apply(event: RoomEvent, me: UserId, appends: (message: Message) => boolean): boolean {
    if (event.type === 'message.created') {
      const message = created(event);
      let isChanged = message.thread !== undefined && !message.deleted && this.#reply(message);
      if (appends(message) && !this.get(message.seq)) {
        this.merge([message]);
        isChanged = true;
      }
      return isChanged;
    }
    if (!isChange(event)) return false;
    const before = this.get(event.target);
    if (!before) return false;
    const after = changed(before, event, me);
    if (after === before) return false;
    this.#put(after);
    if (event.type === 'message.deleted' && before.thread !== undefined) this.#edit(before.thread, unreplied);
    return true;
  }

  /** What the messages are now. @returns whether one of them was here. */
  #reply(reply: Message): boolean {
    return reply.thread !== undefined && this.#edit(reply.thread, (root) => replied(root, reply));
  }

  #edit(seq: number, change: (message: Message) => Message): boolean {
    const before = this.get(seq);
    const after = before && change(before);
    if (!after || after === before) return false;
    this.#put(after);
    return true;
  }

  #put(message: Message): void {
    const at = this.#place(message.seq);
    this.#items = this.#items.with(at, sent(message));
  }

  /** Where a number is, or would be. */
  #place(seq: number): number {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The key that the message has had since it was written: ids are unique for each user. */
export function keyOf(user: string, id: string | undefined, seq: number): string {
  return id === undefined ? `${seq}` : `${user}/${id}`;
}

function sent(message: Message): SentMessage {
  return { ...message, status: 'sent', key: keyOf(message.user, message.id, message.seq) };
}
