/** The HTTP API: bodies, queries and answers of every call under `/api`. */
import * as z from 'zod/mini';
import { messageFields } from './commands.ts';
import { Message, RetentionDays, RoomName, RoomTopic, SlowModeSeconds } from './events.ts';
import {
  ClientId,
  characters,
  Emoji,
  FileId,
  MAX_HISTORY_LIMIT,
  MAX_SEQ,
  Notify,
  Role,
  RoomId,
  RoomKind,
  SeenSeq,
  Seq,
  Time,
  UserId,
} from './ids.ts';

/**
 * NIST SP 800-63B: at least 8 characters; the upper bound only keeps the hash's input small. It is hashed normalized (NFKC), and argon2id
 * takes eight bytes or more: a few letters that are typed with two accents each can be less.
 */
export const Password = characters(8, 256)
  .check(
    z.refine(
      (text: string) => new TextEncoder().encode(text.normalize('NFKC')).length >= 8,
      'must hold more letters',
    ),
  )
  .register(z.globalRegistry, { minLength: 8, maxLength: 256 });
export const DisplayName = characters(1, 64);

export const User = z.object({ user: UserId, displayName: z.string(), createdAt: z.optional(Time) });
export type User = z.infer<typeof User>;

/** Someone else: online is told only of who shares a room with who asks. */
export const Person = z.object({ user: UserId, displayName: z.string(), online: z.boolean() });
export type Person = z.infer<typeof Person>;

export const Tokens = z.object({
  user: User,
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Seconds until the access token ends. */
  expiresIn: z.int(),
});
export type Tokens = z.infer<typeof Tokens>;

export const RegisterBody = z.strictObject({
  username: UserId,
  password: Password,
  displayName: z.optional(DisplayName),
});
/** Any strings at all: a name that can't exist is told from a wrong password neither in words nor in time. */
export const LoginBody = z.strictObject({
  username: z.string().check(z.maxLength(256)),
  password: z.string().check(z.maxLength(1_024)),
});
export const RefreshBody = z.strictObject({ refreshToken: z.string().check(z.maxLength(256)) });
export const UpdateMeBody = z.strictObject({
  displayName: z.optional(DisplayName),
  password: z.optional(z.strictObject({ current: z.string().check(z.maxLength(1_024)), next: Password })),
});
/** `?everywhere=true`: all sessions of the user, not this one alone. */
export const LogoutQuery = z.object({ everywhere: z.optional(z.enum(['true', 'false'])) });
export const Ticket = z.object({ ticket: z.string(), expiresIn: z.int() });

/** Who can choose a room's kind: `direct` rooms are opened by `POST /api/direct` only. */
export const ChosenKind = z.enum(['public', 'private']);
/** Ids that begin so are direct rooms' own. */
export const DIRECT_ROOM_PREFIX = 'dm-';
/** No room's id: `/api/rooms/public` is the list of public rooms. */
export const RESERVED_ROOM = 'public';
export const CreateRoomBody = z.strictObject({
  room: z.optional(RoomId.check(z.refine((room: string) => room !== RESERVED_ROOM, 'is not for a room'))),
  name: RoomName,
  kind: ChosenKind,
  topic: z.optional(RoomTopic),
});
export const UpdateRoomBody = z.strictObject({
  name: z.optional(RoomName),
  topic: z.optional(RoomTopic),
  kind: z.optional(ChosenKind),
  slowModeSeconds: z.optional(SlowModeSeconds),
  retentionDays: z.optional(z.nullable(RetentionDays)),
});
/** One change of a room, so that a repeat with the same `id` makes no second one (P3). */
export const ChangeQuery = z.object({ id: z.optional(ClientId) });
export const RemoveMemberQuery = z.extend(ChangeQuery, { ban: z.optional(z.enum(['true', 'false'])) });
/** What a member wants to be notified of in a room. */
export const PreferencesBody = z.strictObject({ notify: Notify });
export const Preferences = z.object({ room: RoomId, notify: Notify });
export type Preferences = z.infer<typeof Preferences>;
/** What changed a room: the number and the time of its event. */
export const Changed = z.object({ room: RoomId, seq: Seq, at: Time });
export type Changed = z.infer<typeof Changed>;
export const OpenDirectBody = z.strictObject({ user: UserId });
export const UpdateMemberBody = z.strictObject({
  role: z.optional(Role),
  mutedUntil: z.optional(z.nullable(Time)),
});

/** A room as anyone who may see it sees it. */
export const Room = z.object({
  room: RoomId,
  name: z.string(),
  kind: RoomKind,
  topic: z.optional(z.string()),
  slowModeSeconds: z.int(),
  /** Days that its messages are kept; absent where the room has no rule of its own. */
  retentionDays: z.optional(z.int()),
  createdAt: Time,
});
export type Room = z.infer<typeof Room>;

/** One of the caller's rooms, with what is new in it. */
export const JoinedRoom = z.extend(Room, {
  role: Role,
  seq: SeenSeq,
  read: SeenSeq,
  unread: z.int(),
  mentions: z.int(),
  lastMessage: z.optional(Message),
  /** What the user wants to be notified of. */
  notify: Notify,
  /** The other one of a direct room. */
  with: z.optional(UserId),
});
export type JoinedRoom = z.infer<typeof JoinedRoom>;

export const Member = z.object({
  user: UserId,
  role: Role,
  joinedAt: Time,
  mutedUntil: z.optional(Time),
  online: z.optional(z.boolean()),
});
export type Member = z.infer<typeof Member>;

export const SendMessageBody = z.strictObject({ id: z.optional(ClientId), ...messageFields });
/** A message with its earlier texts, the first one first. */
export const MessageWithEdits = z.extend(Message, {
  edits: z.optional(z.array(z.object({ text: z.string(), at: Time }))),
});
export type MessageWithEdits = z.infer<typeof MessageWithEdits>;

/** A message that was found: its room, and where its text matches, as UTF-16 code units, half open. */
export const FoundMessage = z.extend(Message, {
  room: RoomId,
  matches: z.array(z.tuple([z.int(), z.int()])),
});
export type FoundMessage = z.infer<typeof FoundMessage>;

/** A thread that the user takes part in: the message that it began with, and how many replies the user has not read. */
export const Thread = z.object({ root: Message, unread: z.int() });
export type Thread = z.infer<typeof Thread>;

export const EditMessageBody = z.strictObject({ id: z.optional(ClientId), text: messageFields.text });
export const ReportBody = z.strictObject({ reason: characters(1, 500) });
/** A report: who wants the admins to look at a message, and why; with the message as it is now. */
export const Report = z.object({
  seq: Seq,
  user: UserId,
  at: Time,
  reason: z.string(),
  message: z.optional(Message),
});
export type Report = z.infer<typeof Report>;

/** Who may not come back to a room; who banned, and when. */
export const Ban = z.object({ user: UserId, by: UserId, at: Time });
export type Ban = z.infer<typeof Ban>;

/** Whom the caller has blocked, and since when. */
export const Block = z.object({ user: UserId, at: Time });
export type Block = z.infer<typeof Block>;
export const CreateFileBody = z.strictObject({
  name: characters(1, 255),
  size: z.int().check(z.gte(1), z.lte(5 * 1024 ** 3)),
  contentType: z.string().check(z.regex(/^[\w.+-]{1,64}\/[\w.+-]{1,64}$/, 'must be a media type')),
});
/** A large file may come in so many parts of so many bytes instead; the last one is what is left. */
export const Multipart = z.object({ partSize: z.int(), parts: z.int() });
export type Multipart = z.infer<typeof Multipart>;
/** A file that was announced, and the form that takes its bytes: its fields first, then the file as `file`. */
export const FileUpload = z.object({
  file: FileId,
  upload: z.object({ method: z.literal('POST'), url: z.string(), fields: z.record(z.string(), z.string()) }),
  multipart: z.optional(Multipart),
});
export type FileUpload = z.infer<typeof FileUpload>;
/** Which parts are to be sent now; S3 counts to 10,000. */
export const SignPartsBody = z.strictObject({
  parts: z.array(z.int().check(z.gte(1), z.lte(10_000))).check(z.minLength(1), z.maxLength(100)),
});
/** Where a part is sent to, by PUT. */
export const PartAddress = z.object({ part: z.int(), url: z.string() });
export type PartAddress = z.infer<typeof PartAddress>;
/** A part that came: its bytes, and what the storage answered as `ETag`. */
export const UploadedPart = z.object({ part: z.int(), size: z.int(), etag: z.string() });
export type UploadedPart = z.infer<typeof UploadedPart>;
/** Where a file is, for the seconds that the address is good. */
export const FileAddress = z.object({ url: z.string(), expiresIn: z.int() });
export type FileAddress = z.infer<typeof FileAddress>;
/** `redirect=false`: the address in the answer's body, for pages that can't follow it with a token. `thumbnail=true`: of the thumbnail. */
export const FileQuery = z.object({
  redirect: z.optional(z.enum(['true', 'false'])),
  thumbnail: z.optional(z.enum(['true', 'false'])),
});
/** What the paths hold. */
export const FilePath = z.object({ room: RoomId, file: FileId });
export const RoomPath = z.object({ room: RoomId });
export const MemberPath = z.object({ room: RoomId, user: UserId });
export const MessagePath = z.object({ room: RoomId, seq: queryNumber(1, MAX_SEQ) });
export const UserPath = z.object({ user: UserId });
export const ReactionPath = z.extend(MessagePath, { emoji: Emoji });
export const EditsQuery = z.object({ edits: z.optional(z.enum(['true', 'false'])) });

/** A whole number in a query, as text. */
function queryNumber(least: number, most: number) {
  return z.pipe(
    z.string().check(z.regex(/^\d{1,12}$/, 'must be a whole number')),
    z.pipe(
      z.transform((text: string) => Number(text)),
      z.int().check(z.gte(least), z.lte(most)),
    ),
  );
}

export const DEFAULT_PAGE_LIMIT = 50;
/** A page of a list: `limit` items after `cursor`, which is opaque. */
export const PageQuery = z.object({
  limit: z.optional(queryNumber(1, 100)),
  cursor: z.optional(z.string().check(z.maxLength(1_024))),
});
export const PrefixQuery = z.extend(PageQuery, { prefix: z.optional(z.string().check(z.maxLength(100))) });
/** Characters of a search's cursor, which says where each of many rooms stopped, and still fits in an address. */
const MAX_SEARCH_CURSOR = 6_144;
/** Words to search for: all must be there, the last one may be a beginning. `before` is a number of `room`. */
export const SearchQuery = z.object({
  q: characters(1, 400),
  room: z.optional(RoomId),
  from: z.optional(UserId),
  before: z.optional(queryNumber(1, MAX_SEQ)),
  limit: z.optional(queryNumber(1, 100)),
  cursor: z.optional(z.string().check(z.maxLength(MAX_SEARCH_CURSOR))),
});
export const HistoryQuery = z.object({
  before: z.optional(queryNumber(1, 999_999_999_999)),
  limit: z.optional(queryNumber(1, MAX_HISTORY_LIMIT)),
  thread: z.optional(queryNumber(1, 999_999_999_999)),
});

/** What a healthy service says; one whose storage does not answer says `unavailable`, as every call does. */
export const Health = z.object({ status: z.literal('ok'), version: z.string() });

/** A page of a list. */
export function pageOf<S extends z.core.$ZodType>(item: S) {
  return z.object({ items: z.array(item), cursor: z.optional(z.string()) });
}
