/** What the service sends over a WebSocket. */
import * as z from 'zod/mini';
import { ACTIONS, type Action } from './commands.ts';
import { WireError } from './errors.ts';
import { Message, RoomEvent } from './events.ts';
import { RoomId, SeenSeq, Seq, Time, UserId } from './ids.ts';

const Appended = z.object({ room: RoomId, seq: Seq, at: Time });

export const SyncedRoom = z.object({
  room: RoomId,
  seq: SeenSeq,
  read: SeenSeq,
  unread: z.int(),
  mentions: z.int(),
  events: z.array(RoomEvent),
  more: z.boolean(),
  /** The number that the client gave can't be continued: drop what is held and read `history`. */
  reset: z.optional(z.boolean()),
});
export type SyncedRoom = z.infer<typeof SyncedRoom>;

/** The `data` of each action's reply. */
export const REPLIES = {
  sendMessage: Appended,
  editMessage: Appended,
  deleteMessage: Appended,
  addReaction: Appended,
  removeReaction: Appended,
  pinMessage: Appended,
  unpinMessage: Appended,
  joinRoom: Appended,
  leaveRoom: Appended,
  typing: z.object({}),
  markRead: z.object({
    room: RoomId,
    /** Number of the message that the thread began with, where its own mark was moved. */
    thread: z.optional(Seq),
    seq: SeenSeq,
    unread: z.int(),
  }),
  sync: z.object({ rooms: z.array(SyncedRoom) }),
  history: z.object({
    room: RoomId,
    messages: z.array(Message),
    more: z.boolean(),
    /** Of a thread, with its newest replies: how many of them the user has not read. */
    unread: z.optional(z.int()),
  }),
  presence: z.object({ room: RoomId, online: z.array(UserId), count: z.int() }),
  authenticate: z.object({ expiresAt: Time }),
  ping: z.object({ at: Time }),
} as const satisfies Record<Action, z.core.$ZodType>;

export type ReplyData<A extends Action> = z.infer<(typeof REPLIES)[A]>;

export const ClosingCode = z.enum([
  'session_revoked',
  'token_expired',
  'banned',
  'removed',
  'too_slow',
  'going_away',
]);
export type ClosingCode = z.infer<typeof ClosingCode>;

export const Reply = z.object({
  type: z.literal('reply'),
  /** The command's id; absent only where the command had none that could be read. */
  id: z.optional(z.string()),
  action: z.optional(z.enum(ACTIONS as [Action, ...Action[]])),
  data: z.optional(z.unknown()),
  error: z.optional(WireError),
});
export type Reply = z.infer<typeof Reply>;

export const EventsFrame = z.object({
  type: z.literal('events'),
  room: RoomId,
  /** Ascending by `seq`. */
  events: z.array(RoomEvent).check(z.minLength(1)),
});
export type EventsFrame = z.infer<typeof EventsFrame>;

/** Somebody came online or went offline; or, where too many are online to be named, how many there are now. */
export const PresenceFrame = z.object({
  type: z.literal('presence'),
  room: RoomId,
  user: z.optional(UserId),
  online: z.optional(z.boolean()),
  /** All rooms that the two share, where they are more than one; `room` is the first of them. */
  rooms: z.optional(z.array(RoomId)),
  /** How many are online; then nobody is named. */
  count: z.optional(z.int()),
});
export type PresenceFrame = z.infer<typeof PresenceFrame>;

/** Why somebody is notified: its name or its room was called, it is a direct message, or it wants to hear of every message. */
export const NotificationKind = z.enum(['mention', 'direct', 'message']);
export type NotificationKind = z.infer<typeof NotificationKind>;

/** A message that its addressee has not read yet, a few seconds after it was sent. */
export const NotificationFrame = z.object({
  type: z.literal('notification'),
  kind: NotificationKind,
  room: RoomId,
  seq: Seq,
  /** Who wrote it. */
  user: UserId,
  /** How its text begins: 100 UTF-16 code units at most. */
  preview: z.string(),
});
export type NotificationFrame = z.infer<typeof NotificationFrame>;

export const Frame = z.discriminatedUnion('type', [
  Reply,
  EventsFrame,
  z.object({ type: z.literal('typing'), room: RoomId, user: UserId, on: z.boolean() }),
  PresenceFrame,
  z.object({ type: z.literal('read'), room: RoomId, user: UserId, seq: SeenSeq }),
  NotificationFrame,
  z.object({ type: z.literal('closing'), code: ClosingCode, reconnect: z.boolean() }),
]);
export type Frame = z.infer<typeof Frame>;
