import type { ErrorCode, Message, RoomEvent, SyncedRoom } from '../helper/wire.ts';

/** Actions that append an event. */
export type Appending = 'sendMessage' | 'joinRoom' | 'leaveRoom' | Moderating | Changing;
/** What is done to a message, over HTTP. */
export type Changing =
  | 'editMessage'
  | 'deleteMessage'
  | 'addReaction'
  | 'removeReaction'
  | 'pinMessage'
  | 'unpinMessage';
/** What a room's owner does with others, over HTTP. */
export type Moderating = 'inviteMember' | 'muteMember' | 'removeMember' | 'banMember' | 'unbanMember';

/** A command as it was meant: sending it again, over any way, is the same command (P3). */
export interface Command {
  readonly action: Appending;
  readonly room: string;
  readonly id: string;
  readonly text?: string;
  /** Whom it is done to. */
  readonly member?: string;
  /** The message that it is done to, and with which emoji. */
  readonly target?: number;
  readonly emoji?: string;
  /** The message that it replies to. */
  readonly thread?: number;
}

/** What the service shows of a room in the end, beside its log. */
export interface Shown {
  readonly messages: readonly Message[];
  /** Numbers of the pinned messages, the newest message first. */
  readonly pins: readonly number[];
}

/** How far somebody has read a room by the service's word, and what is left. */
export interface Counters {
  readonly user: string;
  readonly room: string;
  readonly read: number;
  readonly unread: number;
  readonly mentions: number;
}

/** The same of a thread. */
export interface ThreadCounter {
  readonly user: string;
  readonly room: string;
  readonly root: number;
  readonly unread: number;
}

/** What the service counts for the people of a run. */
export interface Counted {
  /** A line for each room that somebody is in. */
  readonly rooms: readonly Counters[];
  /** A line for each thread that somebody has marked and may read. */
  readonly threads: readonly ThreadCounter[];
}

/** That somebody has read a room, or the thread that began with `thread`, up to a number. */
export interface Mark {
  readonly user: string;
  readonly room: string;
  readonly seq: number;
  readonly thread?: number;
}

/** One thing that a client did or saw. Its place in the history is its time: what comes later, happened later. */
export type Occurrence =
  | { readonly kind: 'asked'; readonly ask: number; readonly user: string; readonly command: Command }
  | { readonly kind: 'answered'; readonly ask: number; readonly seq: number; readonly at: string }
  | { readonly kind: 'refused'; readonly ask: number; readonly code: ErrorCode }
  | { readonly kind: 'dialled'; readonly connection: number; readonly user: string; readonly device: string }
  | { readonly kind: 'opened'; readonly connection: number }
  | {
      readonly kind: 'closed';
      readonly connection: number;
      readonly by: 'client' | 'service';
      readonly code: number;
    }
  | { readonly kind: 'logging out'; readonly connection: number }
  | {
      readonly kind: 'logged out';
      readonly connection: number;
      /** From the answer to the close; undefined where it was not closed. */
      readonly milliseconds: number | undefined;
    }
  | { readonly kind: 'banning'; readonly connection: number }
  | {
      readonly kind: 'banned';
      readonly connection: number;
      /** As of `logged out`. */
      readonly milliseconds: number | undefined;
    }
  | { readonly kind: 'heard'; readonly connection: number; readonly room: string; readonly event: RoomEvent }
  | {
      readonly kind: 'sync asked';
      readonly sync: number;
      readonly user: string;
      readonly device: string;
      readonly rooms: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'synced'; readonly sync: number; readonly rooms: readonly SyncedRoom[] }
  | { readonly kind: 'mark asked'; readonly mark: number; readonly what: Mark }
  | { readonly kind: 'marked'; readonly mark: number; readonly seq: number; readonly unread: number }
  | { readonly kind: 'mark refused'; readonly mark: number; readonly code: ErrorCode }
  | { readonly kind: 'page asked'; readonly page: number; readonly user: string; readonly room: string }
  | { readonly kind: 'page read'; readonly page: number; readonly messages: readonly Message[] }
  | { readonly kind: 'page refused'; readonly page: number; readonly code: ErrorCode };

/** All that happened in one run, and what the rooms' logs say in the end. */
export interface History {
  readonly occurrences: readonly Occurrence[];
  /** Each room's log from 1 on, as read when all was quiet. */
  readonly logs: ReadonlyMap<string, readonly RoomEvent[]>;
  /** What the service shows to `viewer` of each room, when all was quiet. */
  readonly shown?: { readonly viewer: string; readonly rooms: ReadonlyMap<string, Shown> };
  /** What it counts for everyone, when all was quiet. */
  readonly counted?: Counted;
  /** Whether nothing was broken on purpose: then no connection is lost and no good command fails. */
  readonly calm: boolean;
}

/** Where in the protocol a run and the promises part. */
export interface Violation {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'P9';
  readonly what: string;
}
