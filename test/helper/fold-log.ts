/**
 * What a room's log makes of its messages, folded anew by docs/protocol.md alone: an oracle for all that the service derives from the log.
 * It knows nothing of the service's own code.
 */
import type { RoomEvent } from './wire.ts';

/** A message as `history` shows it to somebody. */
export type Shown = Readonly<Record<string, unknown>> & { readonly seq: number };

interface Folding {
  readonly created: RoomEvent;
  text: string | undefined;
  editedAt: string | undefined;
  isDeleted: boolean;
  isPinned: boolean;
  /** Who reacted, by emoji, in that order. */
  readonly reactions: Map<string, string[]>;
  replies: number;
  lastReplyAt: string | undefined;
  lastReply: number | undefined;
}

/** "`reactions` `{emoji: {count, users (the first 50), mine}}`" */
const NAMED = 50;

/** Folds a log that `sync` or the export gave, from number 1 on. */
export class FoldedLog {
  readonly #messages = new Map<number, Folding>();

  constructor(log: readonly RoomEvent[]) {
    for (const event of log) this.#fold(event);
  }

  /** All messages, oldest first. */
  messages(viewer: string): Shown[] {
    return [...this.#messages.values()].map((one) => shown(one, viewer));
  }

  /** The numbers of the pinned messages, the newest message first. */
  pins(): number[] {
    return [...this.#messages.values()]
      .flatMap(({ isPinned, created }) => (isPinned ? [created.seq] : []))
      .reverse();
  }

  /** How many messages come after a number. */
  unread(read: number): number {
    return [...this.#messages.keys()].filter((seq) => seq > read).length;
  }

  /** How many replies to a message come after a number, but for somebody's own and deleted ones. */
  unreadReplies(root: number, mark: number, user: string): number {
    return [...this.#messages.values()].filter(
      ({ created, isDeleted }) =>
        created.thread === root && created.seq > mark && created.user !== user && !isDeleted,
    ).length;
  }

  #fold(event: RoomEvent): void {
    const { type, user, at, emoji = '' } = event;
    if (type === 'message.created') {
      this.#messages.set(event.seq, {
        created: event,
        text: event.text,
        editedAt: undefined,
        isDeleted: false,
        isPinned: false,
        reactions: new Map(),
        replies: 0,
        lastReplyAt: undefined,
        lastReply: undefined,
      });
      const root = this.#messages.get(event.thread ?? 0);
      if (root) Object.assign(root, { replies: root.replies + 1, lastReplyAt: at, lastReply: event.seq });
      return;
    }
    const target = this.#messages.get(event.target ?? 0);
    if (!target || target.isDeleted) return;
    const reacted = target.reactions.get(emoji) ?? [];
    switch (type) {
      case 'message.edited':
        Object.assign(target, { text: event.text, editedAt: at });
        break;
      case 'message.deleted': {
        Object.assign(target, { isDeleted: true, isPinned: false });
        const root = this.#messages.get(target.created.thread ?? 0);
        if (root) root.replies -= 1;
        break;
      }
      case 'message.pinned':
      case 'message.unpinned':
        target.isPinned = type === 'message.pinned';
        break;
      case 'reaction.added':
        if (!reacted.includes(user)) target.reactions.set(emoji, [...reacted, user]);
        break;
      case 'reaction.removed':
        target.reactions.set(
          emoji,
          reacted.filter((one) => one !== user),
        );
        break;
    }
  }
}

function shown(folding: Folding, viewer: string): Shown {
  const { created, isDeleted, isPinned, text, editedAt, replies, lastReplyAt, lastReply } = folding;
  const {
    text: _,
    deleted: __,
    mentions,
    everyone,
    attachments,
    ...rest
  } = created as RoomEvent & { readonly attachments?: unknown };
  const thread = {
    ...(replies > 0 ? { replyCount: replies, lastReplyAt } : {}),
    ...(lastReply === undefined ? {} : { lastReply }),
  };
  if (isDeleted) return { ...rest, deleted: true, reactions: {}, ...thread };
  const reactions = [...folding.reactions].filter(([, users]) => users.length > 0);
  return {
    ...rest,
    text,
    ...(attachments ? { attachments } : {}),
    ...(mentions ? { mentions } : {}),
    ...(everyone ? { everyone } : {}),
    ...(editedAt === undefined ? {} : { editedAt }),
    ...(isPinned ? { pinned: true } : {}),
    reactions: Object.fromEntries(
      reactions.map(([emoji, users]) => [
        emoji,
        { count: users.length, users: users.slice(0, NAMED), mine: users.includes(viewer) },
      ]),
    ),
    ...thread,
  };
}
