/**
 * The frames of protocol.md as a stranger would read them: written from the document alone, sharing nothing with the
 * service, so that a mistake in its schemas can't hide itself in the tests.
 */

export const ERROR_CODES = [
  'bad_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'rate_limited',
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly issues?: readonly { readonly path: string; readonly reason: string }[];
  readonly retryAfterMs?: number;
}

export interface RoomEvent {
  readonly seq: number;
  readonly type: string;
  readonly user: string;
  readonly at: string;
  readonly id?: string;
  readonly n?: number;
  readonly text?: string;
  readonly thread?: number;
  readonly mentions?: readonly string[];
  readonly everyone?: boolean;
  readonly target?: number;
  readonly emoji?: string;
  readonly deleted?: boolean;
  readonly member?: string;
  readonly name?: string;
  readonly topic?: string;
  readonly kind?: string;
  readonly slowModeSeconds?: number;
  readonly retentionDays?: number | null;
  readonly role?: string;
  readonly mutedUntil?: string | null;
  readonly banned?: boolean;
}

export interface Message extends RoomEvent {
  readonly n: number;
  readonly reactions: Readonly<Record<string, unknown>>;
}

export interface Appended {
  readonly room: string;
  readonly seq: number;
  readonly at: string;
}

export interface SyncedRoom {
  readonly room: string;
  readonly seq: number;
  readonly read: number;
  readonly unread: number;
  readonly mentions: number;
  readonly events: readonly RoomEvent[];
  readonly more: boolean;
  readonly reset?: boolean;
}

/** The `data` of the replies, by action. */
export interface DataOf {
  sendMessage: Appended;
  editMessage: Appended;
  deleteMessage: Appended;
  addReaction: Appended;
  removeReaction: Appended;
  pinMessage: Appended;
  unpinMessage: Appended;
  joinRoom: Appended;
  leaveRoom: Appended;
  sync: { readonly rooms: readonly SyncedRoom[] };
  history: {
    readonly room: string;
    readonly messages: readonly Message[];
    readonly more: boolean;
    readonly unread?: number;
  };
  typing: Readonly<Record<string, never>>;
  markRead: {
    readonly room: string;
    readonly thread?: number;
    readonly seq: number;
    readonly unread: number;
  };
  presence: { readonly room: string; readonly online: readonly string[]; readonly count: number };
  authenticate: { readonly expiresAt: string };
  ping: { readonly at: string };
}
export type ServedAction = keyof DataOf;

export interface Reply {
  readonly type: 'reply';
  readonly id?: string;
  readonly action?: string;
  readonly data?: unknown;
  readonly error?: WireError;
}

export interface EventsFrame {
  readonly type: 'events';
  readonly room: string;
  readonly events: readonly RoomEvent[];
}

/** Somebody came or went, or how many are there where they are too many to be named. */
export interface PresenceFrame {
  readonly type: 'presence';
  readonly room: string;
  readonly user?: string;
  readonly online?: boolean;
  readonly rooms?: readonly string[];
  readonly count?: number;
}

/** Somebody types, or stopped. */
export interface TypingFrame {
  readonly type: 'typing';
  readonly room: string;
  readonly user: string;
  readonly on: boolean;
}

/** How far somebody has read. */
export interface ReadFrame {
  readonly type: 'read';
  readonly room: string;
  readonly user: string;
  readonly seq: number;
}

/** A message that its addressee has not read. */
export interface NotificationFrame {
  readonly type: 'notification';
  readonly kind: string;
  readonly room: string;
  readonly seq: number;
  readonly user: string;
  readonly preview: string;
}

export interface ClosingFrame {
  readonly type: 'closing';
  readonly code: string;
  readonly reconnect: boolean;
}

export type Frame =
  | Reply
  | EventsFrame
  | PresenceFrame
  | TypingFrame
  | ReadFrame
  | NotificationFrame
  | ClosingFrame;

/** Bytes of one `events` frame at most, and of a `sync` reply, the largest frame there is. */
const MAX_EVENTS_BYTES = 32 * 1024;
const MAX_FRAME_BYTES = 96 * 1024;
/** Code units of a notification's preview, at most. */
const MAX_PREVIEW = 100;

export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * Reads one frame, strictly.
 *
 * @throws {Error} with the frame's beginning, where it is not what protocol.md says.
 */
export function readFrame(text: string): Frame {
  const wrong = (what: string): Error => new Error(`a frame ${what}: ${text.slice(0, 300)}`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_FRAME_BYTES) throw wrong(`of ${bytes} bytes is over the limit`);
  const frame: unknown = JSON.parse(text);
  if (!isRecord(frame)) throw wrong('is no object');
  switch (frame.type) {
    case 'reply': {
      const fault = faultOfReply(frame);
      if (fault) throw wrong(fault);
      break;
    }
    case 'events': {
      const fault = bytes > MAX_EVENTS_BYTES ? `of ${bytes} bytes is over the limit` : faultOfEvents(frame);
      if (fault) throw wrong(fault);
      break;
    }
    case 'presence': {
      const fault = bytes > MAX_EVENTS_BYTES ? `of ${bytes} bytes is over the limit` : faultOfPresence(frame);
      if (fault) throw wrong(fault);
      break;
    }
    case 'typing':
      if (!isTold(frame) || typeof frame.on !== 'boolean') throw wrong('types badly');
      break;
    case 'read':
      if (!isTold(frame) || !Number.isSafeInteger(frame.seq)) throw wrong('reads badly');
      break;
    case 'notification':
      if (!isTold(frame) || !isNotification(frame)) throw wrong('notifies badly');
      break;
    case 'closing':
      if (typeof frame.code !== 'string' || typeof frame.reconnect !== 'boolean') throw wrong('closes badly');
      break;
    default:
      throw wrong('has an unknown type');
  }
  // Every field that the tests rely on was looked at just above.
  return frame as unknown as Frame;
}

/** Whether a frame about somebody in a room says who and where. */
function isTold({ room, user }: Record<string, unknown>): boolean {
  return typeof room === 'string' && typeof user === 'string';
}

/** Whether a notification says of which message, why, and how it begins. */
function isNotification({ kind, seq, preview }: Record<string, unknown>): boolean {
  return (
    ['mention', 'direct', 'message'].includes(String(kind)) &&
    Number.isSafeInteger(seq) &&
    typeof preview === 'string' &&
    preview.length <= MAX_PREVIEW
  );
}

/** What is wrong with an error, or nothing. */
export function faultOfError(error: unknown): string | undefined {
  if (!isRecord(error)) return 'has an error that is no object';
  if (!ERROR_CODES.some((code) => code === error.code)) return `has the unknown code ${String(error.code)}`;
  if (typeof error.message !== 'string' || !/^unable to [^;]+; \S/.test(error.message))
    return 'has an error text that is not "unable to <operation>; <reason>"';
  if (error.code === 'rate_limited' && typeof error.retryAfterMs !== 'number')
    return 'does not say when to retry';
  const leak = /\bat .+:\d+:\d+|node_modules|index\.js|dynamodb|arn:aws|[A-Z][a-z]+Exception\b|eyJ/i.exec(
    JSON.stringify(error),
  );
  return leak ? `tells an internal thing, "${leak[0]}"` : undefined;
}

function faultOfReply(frame: Record<string, unknown>): string | undefined {
  if ((frame.data === undefined) === (frame.error === undefined)) return 'has not just one of data and error';
  if (frame.data !== undefined && (typeof frame.id !== 'string' || typeof frame.action !== 'string'))
    return 'succeeds without id and action';
  return frame.error === undefined ? undefined : faultOfError(frame.error);
}

function faultOfEvents(frame: Record<string, unknown>): string | undefined {
  if (typeof frame.room !== 'string') return 'names no room';
  if (!Array.isArray(frame.events) || frame.events.length === 0) return 'holds no events';
  let before = 0;
  for (const event of frame.events as unknown[]) {
    const fault = faultOfEvent(event);
    if (fault) return fault;
    const { seq } = event as RoomEvent;
    if (seq <= before) return `holds event ${seq} after ${before}`;
    before = seq;
  }
  return undefined;
}

/** Names somebody, or counts: one of the two. */
function faultOfPresence({ room, user, online, rooms, count }: Record<string, unknown>): string | undefined {
  if (typeof room !== 'string') return 'names no room';
  if (count !== undefined) return Number.isInteger(count) && user === undefined ? undefined : 'counts badly';
  if (typeof user !== 'string' || typeof online !== 'boolean') return 'does not say who came or went';
  if (rooms !== undefined && !(Array.isArray(rooms) && rooms.length > 1 && rooms[0] === room))
    return 'names rooms badly';
  return undefined;
}

/** What is wrong with an event, or nothing. */
export function faultOfEvent(event: unknown): string | undefined {
  if (!isRecord(event)) return 'holds an event that is no object';
  if (!Number.isInteger(event.seq) || Number(event.seq) < 1) return 'holds an event without a number';
  if (typeof event.type !== 'string' || typeof event.user !== 'string')
    return 'holds an event without type or user';
  if (typeof event.at !== 'string' || !TIME.test(event.at)) return 'holds an event without its time';
  if (event.type === 'message.created' && (typeof event.text !== 'string' || !Number.isInteger(event.n)))
    return 'holds a message without text or n';
  return undefined;
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
