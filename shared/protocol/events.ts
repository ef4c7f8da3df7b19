/** The events of a room's log: one ordered, numbered, append-only story of everything that changed. */
import * as z from 'zod/mini';
import {
  ClientId,
  characters,
  Emoji,
  FileId,
  MAX_TEXT_CHARACTERS,
  Role,
  RoomKind,
  Seq,
  Time,
  UserId,
} from './ids.ts';

export const Attachment = z.object({
  file: FileId,
  name: z.string(),
  size: z.number(),
  contentType: z.string(),
  /** Of an image that has one: its size, pixels. */
  thumbnail: z.optional(z.object({ width: z.int(), height: z.int() })),
});
export type Attachment = z.infer<typeof Attachment>;

export const RoomName = characters(1, 100);
export const RoomTopic = characters(0, 500);
/** Seconds between two messages of one member, at most an hour. */
export const SlowModeSeconds = z.int().check(z.gte(0), z.lte(3_600));

/** Days that messages are kept, at most ten years. */
export const RetentionDays = z.int().check(z.gte(1), z.lte(3_650));

/**
 * What every event carries, in the order in which it is sent: its number, what it is, who did it, when, and the client's id where one
 * was given.
 */
function common<T extends string>(type: T) {
  return { seq: Seq, type: z.literal(type), user: UserId, at: Time, id: z.optional(ClientId) };
}

/** What was said; empty, beside `deleted`, once the message is deleted. */
const SaidText = characters(0, MAX_TEXT_CHARACTERS);

export const MessageCreated = z.object({
  ...common('message.created'),
  /** The how-many-eth message of the room. */
  n: z.int().check(z.gte(1)),
  text: SaidText,
  deleted: z.optional(z.literal(true)),
  thread: z.optional(Seq),
  attachments: z.optional(z.array(Attachment)),
  mentions: z.optional(z.array(UserId)),
  /** It mentions the whole room. */
  everyone: z.optional(z.literal(true)),
});
export type MessageCreated = z.infer<typeof MessageCreated>;

export const RoomEvent = z.discriminatedUnion('type', [
  MessageCreated,
  z.object({
    ...common('message.edited'),
    target: Seq,
    text: SaidText,
    deleted: z.optional(z.literal(true)),
  }),
  z.object({ ...common('message.deleted'), target: Seq }),
  z.object({ ...common('reaction.added'), target: Seq, emoji: Emoji }),
  z.object({ ...common('reaction.removed'), target: Seq, emoji: Emoji }),
  z.object({ ...common('message.pinned'), target: Seq }),
  z.object({ ...common('message.unpinned'), target: Seq }),
  z.object({
    ...common('member.joined'),
    member: UserId,
    /** Where it is not `member`: who was invited as more. */
    role: z.optional(Role),
    /** The end of a mute that leaving did not end. */
    mutedUntil: z.optional(Time),
  }),
  z.object({ ...common('member.left'), member: UserId }),
  z.object({ ...common('member.removed'), member: UserId, banned: z.boolean() }),
  z.object({ ...common('member.unbanned'), member: UserId }),
  z.object({
    ...common('member.updated'),
    member: UserId,
    role: z.optional(Role),
    mutedUntil: z.optional(z.nullable(Time)),
  }),
  z.object({
    ...common('room.created'),
    name: z.optional(RoomName),
    topic: z.optional(RoomTopic),
    kind: z.optional(RoomKind),
    slowModeSeconds: z.optional(SlowModeSeconds),
  }),
  z.object({
    ...common('room.updated'),
    name: z.optional(RoomName),
    topic: z.optional(RoomTopic),
    kind: z.optional(RoomKind),
    slowModeSeconds: z.optional(SlowModeSeconds),
    /** Null: the room has no rule of its own any more. */
    retentionDays: z.optional(z.nullable(RetentionDays)),
  }),
  /** The last event of a log: after it the room is `not_found` to all. */
  z.object(common('room.deleted')),
]);
export type RoomEvent = z.infer<typeof RoomEvent>;
export type EventType = RoomEvent['type'];
export type EventOf<T extends EventType> = Extract<RoomEvent, { type: T }>;

/** A message as history shows it: `message.created` with what later events made of it. */
export const Message = z.object({
  seq: Seq,
  type: z.literal('message.created'),
  user: UserId,
  at: Time,
  id: z.optional(ClientId),
  n: z.int(),
  /** Absent once the message is deleted. */
  text: z.optional(z.string()),
  thread: z.optional(Seq),
  attachments: z.optional(z.array(Attachment)),
  mentions: z.optional(z.array(UserId)),
  everyone: z.optional(z.boolean()),
  editedAt: z.optional(Time),
  deleted: z.optional(z.boolean()),
  pinned: z.optional(z.boolean()),
  reactions: z.record(z.string(), z.object({ count: z.int(), users: z.array(UserId), mine: z.boolean() })),
  replyCount: z.optional(z.int()),
  lastReplyAt: z.optional(Time),
  /** Number of the newest reply that `replyCount` takes into account, whatever has become of it. */
  lastReply: z.optional(Seq),
});
export type Message = z.infer<typeof Message>;
