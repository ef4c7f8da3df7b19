/** What files need of the storage that their bytes lie in. */
import type { FileId, RoomId } from '../protocol/ids.ts';

/** Bytes of a file's beginning that its type is judged by. */
export const FIRST_BYTES = 512;

/** What lets others talk to the storage. */
export interface FileSigner {
  /** A form that puts one file of exactly this type and size, bytes, under a key. @param now epoch milliseconds. */
  form(file: {
    readonly key: string;
    readonly contentType: string;
    readonly size: number;
    readonly expiresSeconds: number;
    readonly now: number;
  }): { readonly url: string; readonly fields: Readonly<Record<string, string>> };
  /** An address to read a key at. @param query parameters that change headers of the answer. */
  address(request: {
    readonly key: string;
    readonly expiresSeconds: number;
    readonly query?: Readonly<Record<string, string>>;
  }): string;
}

/** What is done with stored bytes. A call fails where there are none: another run was faster, and this one comes again. */
export interface FileStore {
  /** The first bytes of what lies under a key. */
  readStart(key: string): Promise<{ readonly bytes: Uint8Array; readonly etag: string }>;
  /** Copies what still has this tag, marked as in no message yet. @returns false where it has changed. */
  keep(from: string, to: string, etag: string): Promise<boolean>;
  /** Takes that mark away. */
  unmark(key: string): Promise<void>;
  /** Deletes what lies under a key, if anything does. */
  drop(key: string): Promise<void>;
}

/** What is left to do with a message's files, by a queue: the message is there, or deleted. */
export interface FileTask {
  readonly kind: 'attach' | 'release';
  readonly room: RoomId;
  /** The message's number. */
  readonly message: number;
  readonly files: readonly FileId[];
}

/** Under which an upload comes, for as long as its form is good; it goes by itself within a day. */
export const uploadKey = (room: RoomId, file: FileId): string => `uploads/${room}/${file}`;
/** Under which a file lies that was looked at. No form is ever made for it, so that it stays what was looked at. */
export const keptKey = (room: RoomId, file: FileId): string => `files/${room}/${file}`;
