/** What an event makes of the message that it is about: pure functions, for the projector and for readers alike. */
import type { Committed } from '../data/events.ts';
import { type MessageState, type StoredMessage, UNTOUCHED } from '../data/message-state.ts';
import type { EventOf, RoomEvent } from '../protocol/events.ts';
import type { UserId } from '../protocol/ids.ts';

/** An event that changes one message. */
export type MessageChange = EventOf<
  | 'message.edited'
  | 'message.deleted'
  | 'message.pinned'
  | 'message.unpinned'
  | 'reaction.added'
  | 'reaction.removed'
>;

export function isMessageChange(event: RoomEvent): event is MessageChange {
  return 'target' in event;
}

/** The state after an event about the message. One that was applied before changes nothing; nor does any after the deletion. */
export function applyChange(state: MessageState, event: MessageChange): MessageState {
  if (event.seq <= state.applied) return state;
  const next = { ...state, applied: event.seq };
  if (state.deleted !== undefined) return next;
  switch (event.type) {
    case 'message.edited':
      if (event.deleted) return next;
      return { ...next, text: event.text, editedAt: event.at, edits: [...state.edits, event.seq] };
    case 'message.deleted': {
      const { counted, replies, lastReplyAt, lastReply, participants, edits } = state;
      return {
        counted,
        replies,
        ...(lastReplyAt === undefined ? {} : { lastReplyAt }),
        ...(lastReply === undefined ? {} : { lastReply }),
        ...(participants === undefined ? {} : { participants }),
        applied: event.seq,
        deleted: event.seq,
        edits,
        reactions: {},
      };
    }
    case 'message.pinned':
      return { ...next, pinned: state.pinned ?? event.seq };
    case 'message.unpinned': {
      const { pinned: _, ...unpinned } = next;
      return unpinned;
    }
    case 'reaction.added':
    case 'reaction.removed':
      return { ...next, reactions: react(state.reactions, event) };
  }
}

/** Number of the last among these events that pinned the message or took the pin away; undefined where none did. */
export function pinMoved(before: MessageState, events: readonly MessageChange[]): number | undefined {
  let [state, moved]: [MessageState, number | undefined] = [before, undefined];
  for (const event of events) {
    const next = applyChange(state, event);
    if (next.pinned !== state.pinned) moved = event.seq;
    state = next;
  }
  return moved;
}

function react(
  reactions: MessageState['reactions'],
  { type, emoji, user, seq }: EventOf<'reaction.added' | 'reaction.removed'>,
): MessageState['reactions'] {
  const before = reactions[emoji] ?? [];
  const others = before.filter((one) => one.user !== user);
  // Once for each person: the first reaction stands.
  if (type === 'reaction.added') {
    return others.length < before.length ? reactions : { ...reactions, [emoji]: [...before, { user, seq }] };
  }
  const { [emoji]: _, ...rest } = reactions;
  return others.length > 0 ? { ...rest, [emoji]: others } : rest;
}

/** One reply more in a thread, or one less, as it was deleted. */
export interface ReplyCount {
  /** Number of the message that the thread is about. */
  readonly root: number;
  /** Number and time of the event. */
  readonly seq: number;
  readonly at: string;
  readonly by: 1 | -1;
  /** Who replied, or deleted. */
  readonly user: UserId;
}

/** People who replied that a thread remembers, so that its item stays small: 3 KB. */
export const MAX_PARTICIPANTS = 100;

/** The state of a thread's root after a reply, or after a reply's deletion. */
export function countReply(
  state: MessageState,
  { seq, at, by, user }: Omit<ReplyCount, 'root'>,
): MessageState {
  if (seq <= state.counted) return state;
  const replies = Math.max(0, state.replies + by);
  if (by < 0) return { ...state, counted: seq, replies };
  const before = state.participants ?? [];
  const isKnown = before.includes(user) || before.length >= MAX_PARTICIPANTS;
  const participants = isKnown ? before : [...before, user];
  return { ...state, counted: seq, replies, lastReplyAt: at, lastReply: seq, participants };
}

/** A message as of the end of a log's tail, of which some events may have been applied to it already. */
export function upToDate(message: StoredMessage, tail: readonly Committed[]): StoredMessage {
  const before = message.state ?? UNTOUCHED;
  const { seq } = message.event;
  const state = tail.reduce((now, { event }) => {
    if (isMessageChange(event)) return event.target === seq ? applyChange(now, event) : now;
    if (event.type !== 'message.created' || event.thread !== seq) return now;
    return countReply(now, { seq: event.seq, at: event.at, by: 1, user: event.user });
  }, before);
  return state === before ? message : { ...message, state };
}
