/** What the client shows: plain values, and all of their types from the protocol. */
import type { WireError } from '../shared/protocol/errors.ts';
import type { Attachment, EventType, Message, RoomEvent } from '../shared/protocol/events.ts';
import type { Frame } from '../shared/protocol/frames.ts';
import type { RoomId, UserId } from '../shared/protocol/ids.ts';
import type { JoinedRoom, User } from '../shared/protocol/rest.ts';

/**
 * How the client stands to the service. It is never more hopeful than what was heard: a connection that fell silent is `offline` within
 * 15 seconds, and `online` only once nothing is missing.
 *
 * - `connecting`: a connection is being opened;
 * - `catching-up`: connected, and what was missed is on its way;
 * - `online`: all that happened is here;
 * - `offline`: there is no connection; another is tried in `retryInMs` milliseconds. `network`: the machine has none; `unreachable`: the
 *   service does not answer; `nonsense`: it answers what is not understood;
 * - `closed`: no connection, and none is tried. `logged_out`: nobody is logged in; `closed`: by {@link Parley.close}; else the
 *   service's own reason, `session_revoked`, `removed` (the account is gone) or `going_away` (this user opened too many).
 */
export type ConnectionState =
  | { readonly status: 'connecting' | 'catching-up' | 'online' }
  | {
      readonly status: 'offline';
      readonly reason: 'network' | 'unreachable' | 'nonsense';
      readonly retryInMs: number;
    }
  | { readonly status: 'closed'; readonly reason: string };

/** Where the outbox and the cache are kept. With `memory` they end with the page; `reason` says why, to be shown. */
export type StorageState =
  | { readonly kind: 'persistent' }
  | { readonly kind: 'memory'; readonly reason: string };

/** Who is logged in; undefined where nobody is. */
export type Session = { readonly user: User } | undefined;

/** What a room's member wants to be told of. */
export type Notify = 'all' | 'mentions' | 'nothing';

/** A room of the user, kept up to date. `lastMessage` is the newest that is known here. */
export type RoomSummary = Omit<JoinedRoom, 'notify'> & { readonly notify: Notify };

/** A message of the log, as later events changed it. */
export type SentMessage = Message & {
  readonly status: 'sent';
  /** The same while a message of this client goes from pending to sent: a key for lists. */
  readonly key: string;
};

/**
 * A message that was written here and is not in the log yet. `failed` means that it is certain not to be there, or that nobody can tell;
 * `error` says which. It stays until it is sent again or discarded.
 */
export interface OutgoingMessage {
  readonly status: 'pending' | 'failed';
  readonly key: string;
  readonly id: string;
  readonly room: RoomId;
  readonly user: UserId;
  readonly text: string;
  readonly thread?: number;
  readonly attachments?: readonly Attachment[];
  /** By this machine's clock: for showing only. */
  readonly at: string;
  readonly error?: WireError;
}

export type TimelineItem = SentMessage | OutgoingMessage;

/** A stretch of a room's messages without a hole. */
export interface Timeline {
  /** Ascending; where `atEnd`, followed by what is still in the outbox, in the order it was written. */
  readonly items: readonly TimelineItem[];
  /** Whether the first message of the room (or thread) is here. */
  readonly atStart: boolean;
  /** Whether new messages are appended as they come. False after a jump into the past. */
  readonly atEnd: boolean;
  /** Whether the first page has come, from the cache or from the service. */
  readonly isLoaded: boolean;
  readonly isLoading: boolean;
}

/** Who is online in a room: all names, or the first hundred and how many there are. */
export interface Presence {
  readonly online: readonly UserId[];
  readonly count: number;
}

/** How far members have read, as far as it was heard since the room was opened: user to seq. */
export type ReadMarks = Readonly<Record<string, number>>;

/** An event of a kind that this version does not know: numbered like any other, kept and passed on. */
export type UnknownEvent = { readonly seq: number; readonly type: string } & Readonly<
  Record<string, unknown>
>;

export type Notification = Extract<Frame, { type: 'notification' }>;

/** What a room tells listeners, in the log's order, each once: by type, or all as `event`. */
export type RoomEvents = { [T in EventType]: Extract<RoomEvent, { type: T }> } & {
  readonly event: RoomEvent | UnknownEvent;
  /** What was missed could not be told event by event: the messages were read anew. */
  readonly reset: { readonly seq: number };
};

/** What the client tells listeners. */
export interface ParleyEvents {
  /** Every event of every room. */
  readonly event: { readonly room: RoomId; readonly event: RoomEvent | UnknownEvent };
  readonly notification: Notification;
  /** What was sent by the service and not understood: skipped, and worth a line in a log. */
  readonly problem: { readonly what: string };
}

/** One page of a list; `cursor` leads to the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}

export interface PageOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

/** A message found by its words: half-open ranges of UTF-16 code units of `text` that matched. */
export type SearchHit = Message & {
  readonly room: RoomId;
  readonly matches: readonly (readonly [start: number, end: number])[];
};

export interface UploadProgress {
  /** Bytes that have been taken. */
  readonly sent: number;
  readonly size: number;
}
