/** What a log makes of its messages: all that the projector applies to them one by one, gathered and applied at once. */
import { type Committed, isMessage } from '../data/events.ts';
import { type MessageState, type StoredMessage, UNTOUCHED } from '../data/message-state.ts';
import {
  applyChange,
  countReply,
  isMessageChange,
  type MessageChange,
  pinMoved,
  type ReplyCount,
} from './message-events.ts';

/** A message as it is stored, and as it should be. */
export interface FoldedMessage {
  readonly stored: StoredMessage;
  readonly state: MessageState;
  /** Number of the event that pinned it or took the pin away last; 0 where none did. */
  readonly pinAsOf: number;
  /** Numbers of its edits that still have a text. */
  readonly edits: readonly number[];
}

interface Gathered {
  readonly stored: StoredMessage;
  readonly changes: MessageChange[];
  readonly replies: Omit<ReplyCount, 'root'>[];
}

/** Which messages of a log are wanted. */
export interface Wanted {
  /** The first ones, so many. */
  readonly most: number;
  /** Of them only these. */
  readonly only?: ReadonlySet<number> | undefined;
  /** The head's, as it was before the log was read. */
  readonly settled: number;
}

/** Gathers what a log says of some of its messages. Give it the log from the first of them on, in order. */
export class LogFold {
  readonly #wanted: Wanted;
  readonly #messages = new Map<number, Gathered>();
  /** The thread of each reply that counts. */
  readonly #threads = new Map<number, number>();
  #met = 0;
  #last = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** The last message that was wanted, where there are more; undefined where there are no more. */
  get cut(): number | undefined {
    return this.#met > this.#wanted.most ? this.#last : undefined;
  }

  add(committed: Committed): void {
    const { event } = committed;
    if (isMessage(committed)) {
      this.#meet(committed);
      const { seq, at, thread, user } = committed.event;
      const root = thread === undefined ? undefined : this.#messages.get(thread);
      if (!root || thread === undefined) return;
      root.replies.push({ seq, at, user, by: 1 });
      this.#threads.set(seq, thread);
    } else if (isMessageChange(event)) {
      const { seq, at, target, user } = event;
      this.#messages.get(target)?.changes.push(event);
      const thread = this.#threads.get(target);
      if (event.type !== 'message.deleted' || thread === undefined) return;
      // Counted back once, by the first.
      this.#threads.delete(target);
      this.#messages.get(thread)?.replies.push({ seq, at, user, by: -1 });
    }
  }

  messages(): FoldedMessage[] {
    return [...this.#messages.values()].map((gathered) => this.#fold(gathered));
  }

  #meet(stored: StoredMessage): void {
    const { most, only } = this.#wanted;
    this.#met += 1;
    if (this.#met > most) return;
    this.#last = stored.event.seq;
    if (only && !only.has(stored.event.seq)) return;
    this.#messages.set(stored.event.seq, { stored, changes: [], replies: [] });
  }

  /**
   * Up to `settled` the projector has applied everything; beyond it, what the state says itself. What comes after that is the projector's
   * to apply, with all that follows from it.
   */
  #fold({ stored, changes, replies }: Gathered): FoldedMessage {
    const { settled } = this.#wanted;
    const { applied, counted } = stored.state ?? UNTOUCHED;
    const known = changes.filter(({ seq }) => seq <= Math.max(settled, applied)).map(withText);
    const state = replies
      .filter(({ seq }) => seq <= Math.max(settled, counted))
      .reduce(countReply, known.reduce(applyChange, UNTOUCHED));
    return {
      stored,
      state,
      pinAsOf: pinMoved(UNTOUCHED, known) ?? 0,
      edits: changes.flatMap((one) => (one.type === 'message.edited' && !one.deleted ? [one.seq] : [])),
    };
  }
}

/** An edit whose text went with its message was one all the same when it came. */
function withText(change: MessageChange): MessageChange {
  if (change.type !== 'message.edited' || !change.deleted) return change;
  const { deleted: _, ...edit } = change;
  return edit;
}
