/**
 * Every key and every index of the tables, and nothing else knows their shape. docs/data-model.md says what each item holds.
 */
import type { FileId, RoomId, UserId } from '../protocol/ids.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** The Chat table's one index: sparse, eventually consistent, for listings. */
export const BY_OWNER = 'byOwner';
export const BY_OWNER_KEYS = { partition: 'gsi1pk', sort: 'gsi1sk' } as const;
/** The attribute that DynamoDB's time to live reads, epoch seconds. */
export const TTL_ATTRIBUTE = 'expiresAt';

/** Twelve digits, so that text order is number order: one event a second for 30,000 years. */
export function paddedSeq(seq: number): string {
  return String(seq).padStart(12, '0');
}

/** Chat: what must last. */
export const chatKeys = {
  account: (user: UserId): Key => ({ pk: `ACCOUNT#${user}`, sk: 'ACCOUNT' }),
  /** Not beside the account: what opens sockets may ask whether a session lives, and can't name a password's hash. */
  session: (user: UserId, session: string): Key => ({ pk: `SESSIONS#${user}`, sk: `SESSION#${session}` }),
  /** Beside the sessions, for the same readers: who comes with another issuer's token has none, and is refused by this. */
  noEntry: (user: UserId): Key => ({ pk: `SESSIONS#${user}`, sk: 'DELETED' }),
  membership: (user: UserId, room: RoomId): Key => ({ pk: `USER#${user}`, sk: `ROOM#${room}` }),
  room: (room: RoomId): Key => ({ pk: `ROOM#${room}`, sk: 'ROOM' }),
  head: (room: RoomId): Key => ({ pk: `ROOM#${room}`, sk: HEAD }),
  event: (room: RoomId, seq: number): Key => ({ pk: `ROOM#${room}`, sk: `${EVENT_PREFIX}${paddedSeq(seq)}` }),
  /** `id` names the author too: `appendKey` of heads.ts. */
  claim: (room: RoomId, id: string): Key => ({ pk: `ROOM#${room}`, sk: `ID#${id}` }),
  ban: (room: RoomId, user: UserId): Key => ({ pk: `ROOM#${room}`, sk: `${BAN_PREFIX}${user}` }),
  /** When a member last spoke, in rooms with slow mode. */
  turn: (room: RoomId, user: UserId): Key => ({ pk: `ROOM#${room}`, sk: `TURN#${user}` }),
  report: (room: RoomId, seq: number, user: UserId): Key => ({
    pk: `ROOM#${room}`,
    sk: `${REPORT_PREFIX}${paddedSeq(seq)}#${user}`,
  }),
  file: (room: RoomId, file: FileId): Key => ({ pk: `ROOM#${room}`, sk: `FILE#${file}` }),
  pin: (room: RoomId, seq: number): Key => ({ pk: `ROOM#${room}`, sk: `${PIN_PREFIX}${paddedSeq(seq)}` }),
  /** `user` takes no direct messages from `other`. */
  block: (user: UserId, other: UserId): Key => ({ pk: `USER#${user}`, sk: `${BLOCK_PREFIX}${other}` }),
  /** A member that wants to be notified of every message: a hint, the membership says whether it is so. */
  wantsAll: (room: RoomId, user: UserId): Key => ({
    pk: `ROOM#${room}`,
    sk: `${WANTS_ALL_PREFIX}${user}`,
  }),
  /** That a user was notified of a message, or is about to be. */
  notified: (user: UserId, room: RoomId, seq: number): Key => ({
    pk: `USER#${user}`,
    sk: `${NOTIFIED_PREFIX}${room}#${paddedSeq(seq)}`,
  }),
  /** How far a user has read a thread. */
  threadMark: (user: UserId, room: RoomId, root: number): Key => ({
    pk: `USER#${user}`,
    sk: `${THREAD_MARK_PREFIX}${room}#${paddedSeq(root)}`,
  }),
  publicKeys: (): Key => ({ pk: 'KEYS', sk: 'JWKS' }),
  /** A room that a user was ever a member of: where its name stands in a log, long after the membership's tombstone has gone. */
  pastRoom: (user: UserId, room: RoomId): Key => ({ pk: `USER#${user}`, sk: `${PAST_ROOM_PREFIX}${room}` }),
  /** What was tried lately to log in under a name, by its hash: a name may be any text, and need not exist. */
  loginLane: (nameHash: string, lane: string): Key => ({ pk: `LOGIN#${nameHash}`, sk: `LANE#${lane}` }),
  knownSource: (nameHash: string, sourceHash: string): Key => ({
    pk: `LOGIN#${nameHash}`,
    sk: `SOURCE#${sourceHash}`,
  }),
};

/** The user and the session of a session's key, as a stream's record has it. */
export function readSessionKey({ pk, sk }: Key): { readonly user: UserId; readonly session: string } {
  const user = pk.slice(chatKeys.session('' as UserId, '').pk.length) as UserId;
  return { user, session: sk.slice(SESSION_PREFIX.length) };
}

/** The user of an account's partition key, as a stream's record has it. */
export function readAccountKey(pk: string): UserId {
  return pk.slice(chatKeys.account('' as UserId).pk.length) as UserId;
}

/** Sort key of a room's sequencer, and what the stream's filters look for (infra/ repeats it as text). */
export const HEAD = 'HEAD';
export const EVENT_PREFIX = 'E#';
export const MEMBERSHIP_PREFIX = 'ROOM#';
export const BAN_PREFIX = 'BAN#';
export const PIN_PREFIX = 'PIN#';
export const REPORT_PREFIX = 'REPORT#';
export const BLOCK_PREFIX = 'BLOCK#';
export const SESSION_PREFIX = 'SESSION#';
export const PAST_ROOM_PREFIX = 'PAST#';
export const WANTS_ALL_PREFIX = 'ALL#';
export const NOTIFIED_PREFIX = 'NOTIFIED#';
export const THREAD_MARK_PREFIX = 'THREAD#';

/** Partitions of the index `byOwner`. */
export const ownerKeys = {
  members: (room: RoomId) => ({ gsi1pk: `ROOM#${room}` }),
  member: (room: RoomId, user: UserId) => ({ gsi1pk: `ROOM#${room}`, gsi1sk: `MEMBER#${user}` }),
  publicRooms: () => ({ gsi1pk: 'ROOMS#public' }),
  publicRoom: (name: string, room: RoomId) => ({ gsi1pk: 'ROOMS#public', gsi1sk: `${name}#${room}` }),
  /** The replies of a thread, by number. */
  reply: (room: RoomId, root: number, seq: number) => ({
    gsi1pk: `THREAD#${room}#${root}`,
    gsi1sk: paddedSeq(seq),
  }),
  /** The threads of a room by their newest reply: on the message that each began with. */
  threads: (room: RoomId) => ({ gsi1pk: `THREADS#${room}` }),
  thread: (room: RoomId, lastReply: number) => ({
    gsi1pk: `THREADS#${room}`,
    gsi1sk: paddedSeq(lastReply),
  }),
  people: () => ({ gsi1pk: 'ACCOUNTS' }),
  person: (user: UserId) => ({ gsi1pk: 'ACCOUNTS', gsi1sk: user }),
};

/** What is noted of a room lies beside the subscriptions of its first shard: most rooms have no other, and one query reads both. */
function roomNote(room: RoomId, name: string): Key {
  return { pk: connectionKeys.subscription(room, 0, '').pk, sk: `${NOTE_PREFIX}${name}` };
}

/** Connections: what is true for two hours at most. */
export const connectionKeys = {
  connection: (connection: string): Key => ({ pk: `CONN#${connection}`, sk: 'CONN' }),
  /** The rooms and shards that a connection is subscribed to. */
  subscriptionsOf: (connection: string): Key => ({ pk: `CONN#${connection}`, sk: 'SUBS' }),
  userConnection: (user: UserId, connection: string): Key => ({
    pk: `USER#${user}`,
    sk: `CONN#${connection}`,
  }),
  subscription: (room: RoomId, shard: number, connection: string): Key => ({
    pk: `SUBS#${room}#${shard}`,
    sk: connection,
  }),
  shards: (room: RoomId): Key => roomNote(room, 'SHARDS'),
  /** A user whose membership ended: no event beyond that one is posted to subscriptions older than it. */
  left: (room: RoomId, user: UserId): Key => roomNote(room, `LEFT#${user}`),
  /** How many are online, where they are too many to be named. */
  onlineCount: (room: RoomId): Key => roomNote(room, 'ONLINE'),
  /** Whether a user is online, as it was told. Beside the user's connections, so that one query reads both. */
  presence: (user: UserId): Key => ({ pk: `USER#${user}`, sk: PRESENCE }),
  /** The same, found by the rooms in which it was told. No shard is called so. */
  onlineIn: (room: RoomId, user: string): Key => ({ pk: `SUBS#${room}#online`, sk: user }),
  ticket: (hash: string): Key => ({ pk: `TICKET#${hash}`, sk: 'TICKET' }),
  /** The rate bucket of a user's HTTP calls. */
  userRate: (user: UserId): Key => ({ pk: `RATE#${user}`, sk: 'USER' }),
  /** The rate bucket of calls from an address, by its hash. */
  addressRate: (hash: string): Key => ({ pk: `RATE#${hash}`, sk: 'ADDRESS' }),
};

export const USER_CONNECTION_PREFIX = 'CONN#';
/** With what the sort keys of the notes in a room's first shard begin. No connection's id holds it, and all of them sort behind it. */
export const NOTE_PREFIX = '#';
/** Sorts between a shard's notes and its subscriptions. */
export const BEHIND_NOTES = '$';
export const PRESENCE = 'PRESENCE';

/** Partitions that a room's words are spread over: the letters of an alphabet lie in different ones (code points in a row). */
export const WORD_LANES = 32;

/** Search: which messages hold which words. Made from the log, and made again from it. */
export const searchKeys = {
  /** A word in a message; words that begin alike lie together. No word holds `#`, which separates no words. */
  word: (room: RoomId, word: string, seq: number): Key => ({
    pk: searchKeys.lane(room, (word.codePointAt(0) ?? 0) % WORD_LANES),
    sk: `${word}#${paddedSeq(seq)}`,
  }),
  lane: (room: RoomId, lane: number): string => `WORDS#${room}#${lane}`,
};

/** The word and the message of a word's sort key. */
export function readWordKey(sk: string): { readonly word: string; readonly seq: number } {
  const end = sk.lastIndexOf('#');
  return { word: sk.slice(0, end), seq: Number(sk.slice(end + 1)) };
}
