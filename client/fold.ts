/** What events make of messages: pure functions, so that a message here is what `history` would say of it. */
import type { EventOf, Message, RoomEvent } from '../shared/protocol/events.ts';
import type { UserId } from '../shared/protocol/ids.ts';

/** An event about one message. */
export type MessageChange = Extract<RoomEvent, { target: number }>;

export function isChange(event: RoomEvent): event is MessageChange {
  return 'target' in event;
}

/** The message that an event begins. */
export function created({ deleted, ...event }: EventOf<'message.created'>): Message {
  const message: Message = { ...event, reactions: {} };
  return deleted ? emptied(message) : message;
}

/** What is left of a message that was deleted. */
function emptied(message: Message): Message {
  const { text: _, attachments: __, mentions: ___, everyone: ____, ...left } = message;
  const { editedAt: _____, pinned: ______, ...rest } = left;
  return { ...rest, deleted: true, reactions: {} };
}

/** Names that the service gives of those who reacted; beyond them only the count goes on. */
const NAMED_REACTORS = 50;

/** The message after an event about it; the same object where nothing changed. */
export function changed(message: Message, event: MessageChange, me: UserId): Message {
  if (message.deleted) return message;
  switch (event.type) {
    case 'message.edited':
      return event.deleted ? message : { ...message, text: event.text, editedAt: event.at };
    case 'message.deleted':
      return emptied(message);
    case 'message.pinned':
      return message.pinned ? message : { ...message, pinned: true };
    case 'message.unpinned': {
      const { pinned, ...rest } = message;
      return pinned ? rest : message;
    }
    default:
      return { ...message, reactions: reacted(message.reactions, event, me) };
  }
}

function reacted(
  reactions: Message['reactions'],
  { type, emoji, user }: EventOf<'reaction.added' | 'reaction.removed'>,
  me: UserId,
): Message['reactions'] {
  const {
    count = 0,
    users = [],
    mine = false,
  } = Object.hasOwn(reactions, emoji) ? (reactions[emoji] ?? {}) : {};
  const isThere = users.includes(user) || (user === me && mine);
  const adds = type === 'reaction.added';
  // Read from history, a message may hold what an event says once more.
  if (adds === isThere && (adds || count === users.length)) return reactions;
  if (!adds && count <= 1) {
    const { [emoji]: _, ...rest } = reactions;
    return rest;
  }
  const others = users.filter((other) => other !== user);
  return {
    ...reactions,
    [emoji]: {
      count: count + (adds ? 1 : -1),
      users: adds && users.length < NAMED_REACTORS ? [...others, user] : others,
      mine: user === me ? adds : mine,
    },
  };
}

/** A message after one more reply to it. One that is told twice, as history had it already, is not after the last. */
export function replied(root: Message, { at, seq }: Pick<Message, 'at' | 'seq'>): Message {
  const { lastReply = 0, replyCount = 0 } = root;
  return seq > lastReply ? { ...root, replyCount: replyCount + 1, lastReplyAt: at, lastReply: seq } : root;
}

/** A message after a reply to it was deleted. */
export function unreplied(root: Message): Message {
  const { replyCount = 0, lastReplyAt: _, ...rest } = root;
  if (replyCount > 1) return { ...root, replyCount: replyCount - 1 };
  return rest;
}
