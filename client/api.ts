/** What can be done with the client: its public face, implemented in parley.ts, room.ts and thread.ts. */
import type { Attachment, Message } from '../shared/protocol/events.ts';
import type { ExportRecord, RoomExport } from '../shared/protocol/export.ts';
import type { RoomId, UserId } from '../shared/protocol/ids.ts';
import type {
  Ban,
  Block,
  Changed,
  Member,
  MessageWithEdits,
  Person,
  Report,
  Room as RoomInfo,
  User,
} from '../shared/protocol/rest.ts';
import type { Listenable } from './emitter.ts';
import type { Observable } from './store.ts';
import type {
  ConnectionState,
  Notify,
  OutgoingMessage,
  Page,
  PageOptions,
  ParleyEvents,
  Presence,
  ReadMarks,
  RoomEvents,
  RoomSummary,
  SearchHit,
  Session,
  StorageState,
  Timeline,
  UploadProgress,
} from './types.ts';

/** A name and a password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One stretch of messages, and how to get about in it. */
export interface Messages {
  /**
   * The messages that are here. The first who subscribes makes the newest page load.
   *
   * @example
   * const { items, atStart } = useSyncExternalStore(room.messages.subscribe, room.messages.getSnapshot);
   */
  readonly messages: Observable<Timeline>;

  /**
   * Loads the page before what is here; the newest, where nothing is. Resolves when it is shown; at the start it does nothing.
   *
   * @throws {ParleyError} `unavailable` without a connection.
   * @example
   * if (!room.messages.getSnapshot().atStart) await room.loadOlder();
   */
  loadOlder(): Promise<void>;

  /** Loads the page after what is here, after a jump into the past; joins the live end when it is reached. */
  loadNewer(): Promise<void>;

  /**
   * Shows the messages around one, in place of what is here.
   *
   * @example
   * await room.jumpTo(hit.seq);
   */
  jumpTo(seq: number): Promise<void>;

  /** Back to the newest messages and the live end. */
  jumpToEnd(): Promise<void>;

  /**
   * Writes a message: it is shown at once as `pending`, kept over reloads and hours offline, sent in order and once, and ends as a
   * message of the log or as `failed` with a reason.
   *
   * @returns its id, which {@link Room.retry} and {@link Room.discard} take.
   * @throws {ParleyError} `bad_request` where the text is empty or longer than 4,000 characters.
   * @example
   * const id = room.send('hello', { attachments: [await room.upload(file)] });
   */
  send(text: string, options?: SendOptions): string;

  /**
   * Marks all up to a message as read; up to the newest that is here without a number. A mark never moves back.
   *
   * @example
   * await room.markRead();
   */
  markRead(seq?: number): Promise<void>;
}

export interface SendOptions {
  /** Number of the message that this replies to. */
  readonly thread?: number;
  /** What {@link Room.upload} gave, at most 10. */
  readonly attachments?: readonly Attachment[];
}

/** A message and its replies. */
export interface Thread extends Messages {
  readonly room: RoomId;
  /** Number of the message that it began with. */
  readonly root: number;
  /** That message; undefined until it has been read. */
  readonly rootMessage: Observable<Message | undefined>;
  /** Replies that the user has not read, as far as they are known. */
  readonly unread: Observable<number | undefined>;
}

/** One room: its messages, its people, and what can be done there. Got from {@link Parley.room}; there is one object for each room. */
export interface Room extends Messages, Listenable<RoomEvents> {
  readonly id: RoomId;
  /** What the list of rooms says of it; undefined while the user is no member. */
  readonly summary: Observable<RoomSummary | undefined>;
  /** Who is a member, by user id. Asked for when the first subscribes, then kept up to date. */
  readonly members: Observable<readonly Member[]>;
  /** Who is online. Asked for when the first subscribes, then kept up to date. */
  readonly presence: Observable<Presence>;
  /** Who is writing just now, without the user. */
  readonly typists: Observable<readonly UserId[]>;
  /** How far others have read, as far as it was heard. */
  readonly reads: Observable<ReadMarks>;

  /** Sends a failed message again. Where nobody can tell whether it was sent before, it is a new message. */
  retry(id: string): void;
  /** Forgets a failed message. */
  discard(id: string): void;

  /**
   * Gives one of the user's messages another text.
   *
   * @throws {ParleyError} `forbidden` where it is another's, `not_found` where it was deleted.
   * @example
   * await room.edit(17, 'hello, world');
   */
  edit(seq: number, text: string): Promise<void>;
  /** Deletes a message: one's own, or any as an admin. */
  delete(seq: number): Promise<void>;
  /**
   * Adds a reaction, one emoji or `:name:`.
   *
   * @example
   * await room.react(17, '👍');
   */
  react(seq: number, emoji: string): Promise<void>;
  unreact(seq: number, emoji: string): Promise<void>;
  /** Pins a message; for admins, and both in a direct room. */
  pin(seq: number): Promise<void>;
  unpin(seq: number): Promise<void>;
  /** Pinned messages, the newest first. */
  pins(options?: PageOptions): Promise<Page<Message>>;
  /** One message with its earlier texts, for its author and admins. */
  edits(seq: number): Promise<MessageWithEdits>;

  /**
   * Says that the user writes, or no longer does. May be called for each key: it is told once in three seconds at most.
   *
   * @example
   * input.addEventListener('input', () => room.typing());
   */
  typing(on?: boolean): void;

  /**
   * A message and its replies; the same object for the same number.
   *
   * @example
   * const { messages } = room.thread(17);
   */
  thread(root: number): Thread;
  /** Threads of the room that the user takes part in, last active first. */
  threads(options?: PageOptions): Promise<Page<{ readonly root: Message; readonly unread: number }>>;

  /**
   * Messages before a number, ascending, without touching {@link Messages.messages}.
   *
   * @example
   * const { messages, more } = await room.history({ limit: 100 });
   */
  history(options?: {
    readonly before?: number;
    readonly limit?: number;
    readonly thread?: number;
  }): Promise<{ readonly messages: readonly Message[]; readonly more: boolean }>;

  /**
   * Sends a file to the room's storage: up to 100 MB as one form, beyond in parts, several at a time and each again where it failed.
   *
   * @throws the signal's reason when it is aborted; {@link ParleyError} where the file is refused.
   * @example
   * const attachment = await room.upload(file, { onProgress: ({ sent, size }) => (bar.value = sent / size) });
   * room.send('the plan', { attachments: [attachment] });
   */
  upload(
    file: Blob & { readonly name?: string },
    options?: {
      readonly name?: string;
      readonly onProgress?: (progress: UploadProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Attachment>;
  /**
   * An address that is good for a minute. A file is `conflict` for a moment after its upload, while it is looked at: this waits for it.
   *
   * @example
   * image.src = await room.fileUrl(attachment.file, { thumbnail: true });
   */
  fileUrl(file: string, options?: { readonly thumbnail?: boolean }): Promise<string>;

  /** Chooses what the user is told of. */
  setNotify(notify: Notify): Promise<void>;
  /**
   * A page of all that the room's log holds, ascending, up to the event that was the last when the first page was asked for; for admins, and
   * both in a direct room.
   *
   * @example
   * for (let page = await room.exportLog(); ; page = await room.exportLog(page.cursor)) {
   *   for (const event of page.items) lines.push(JSON.stringify(event));
   *   if (page.cursor === undefined) break;
   * }
   */
  exportLog(cursor?: string): Promise<RoomExport>;
  /** Changes the room; for admins. */
  update(changes: {
    readonly name?: string;
    readonly topic?: string;
    readonly kind?: 'public' | 'private';
    readonly slowModeSeconds?: number;
    readonly retentionDays?: number | null;
  }): Promise<RoomInfo>;
  join(): Promise<void>;
  leave(): Promise<void>;
  /** Deletes the room for good; for its owners. */
  deleteRoom(): Promise<void>;

  /**
   * Makes somebody a member, perhaps as more than that; for admins.
   *
   * @example
   * await room.invite('carol');
   */
  invite(user: string, role?: Member['role']): Promise<Changed>;
  setRole(user: string, role: Member['role']): Promise<Changed>;
  /**
   * Keeps a member from writing until a time; `null` ends it.
   *
   * @example
   * await room.mute('mallory', new Date(Date.now() + 3_600_000));
   */
  mute(user: string, until: Date | null): Promise<Changed>;
  remove(user: string): Promise<Changed>;
  ban(user: string): Promise<Changed>;
  unban(user: string): Promise<Changed>;
  bans(options?: PageOptions): Promise<Page<Ban>>;
  /** Asks the admins to look at a message. */
  report(seq: number, reason: string): Promise<Report>;
  reports(options?: PageOptions): Promise<Page<Report>>;
}

/** A connection to the service, and all that is known of it. Made by {@link connect}. */
export interface Parley extends Listenable<ParleyEvents> {
  /**
   * How the client stands to the service.
   *
   * @example
   * await until(parley.state, ({ status }) => status === 'online');
   */
  readonly state: Observable<ConnectionState>;
  /** Who is logged in. */
  readonly session: Observable<Session>;
  /** Whether what was stored at the last visit has been read: before that, `session` may still appear by itself. */
  readonly ready: Promise<void>;
  /** The user's rooms, last active first, with what is new in each. From the cache first. */
  readonly rooms: Observable<readonly RoomSummary[]>;
  /** Whether the outbox survives a reload. */
  readonly storage: Observable<StorageState>;
  /** The outbox of all rooms. */
  readonly outbox: Observable<readonly OutgoingMessage[]>;

  /**
   * A room; the same object for the same id, a member of it or not.
   *
   * @example
   * parley.room('general').send('hello');
   */
  room(id: string): Room;

  /**
   * Makes an account and logs in.
   *
   * @throws {ParleyError} `conflict` where the name is taken, `bad_request` for a name or password that can't be.
   * @example
   * await parley.register({ username: 'carol', password: 'correct horse' });
   */
  register(account: Credentials & { readonly displayName?: string }): Promise<User>;
  /**
   * Logs in. Stays logged in over reloads, until {@link logout} or until the service ends the session.
   *
   * @throws {ParleyError} `unauthenticated` for a wrong name or password.
   * @example
   * await parley.login({ username: 'alice', password: 'parley-demo' });
   */
  login(credentials: Credentials): Promise<User>;
  /** Logs out, in all tabs, and forgets what was kept of the user, the outbox included. `everywhere`: on all devices. */
  logout(options?: { readonly everywhere?: boolean }): Promise<void>;
  updateMe(changes: {
    readonly displayName?: string;
    readonly password?: { readonly current: string; readonly next: string };
  }): Promise<User>;
  /** Deletes the account for good. */
  deleteMe(): Promise<void>;
  /** A page of all that is stored about the user. */
  exportMe(cursor?: string): Promise<Page<ExportRecord>>;

  /** People by user id. */
  users(options?: PageOptions & { readonly prefix?: string }): Promise<Page<Person>>;
  /** No more direct messages and notifications from somebody. */
  block(user: string): Promise<void>;
  unblock(user: string): Promise<void>;
  blocks(options?: PageOptions): Promise<Page<Block>>;

  /**
   * Opens a room; its id is made from its name unless it is given.
   *
   * @example
   * const room = await parley.createRoom({ name: 'Gardening', kind: 'public' });
   */
  createRoom(room: {
    readonly room?: string;
    readonly name: string;
    readonly kind: 'public' | 'private';
    readonly topic?: string;
  }): Promise<Room>;
  /** Rooms that anyone may join, by name. */
  discover(options?: PageOptions & { readonly prefix?: string }): Promise<Page<RoomInfo>>;
  /** The room of the user and another, which is made where there is none. */
  openDirect(user: string): Promise<Room>;

  /**
   * Messages of the user's rooms that hold all the words, newest first; the last word is a prefix.
   *
   * @example
   * const { items } = await parley.search('quarterly rep', { room: 'general' });
   */
  search(
    words: string,
    options?: PageOptions & {
      readonly room?: string;
      readonly from?: string;
      readonly before?: number | string;
    },
  ): Promise<Page<SearchHit>>;

  /** Looks at once whether the connection lives, or tries a new one: for a button. */
  retryNow(): void;
  /** Ends everything here. Nothing is logged out, and the outbox is kept for the next time. */
  close(): Promise<void>;
}
