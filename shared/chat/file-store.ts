/** What files need of the storage that their bytes lie in. */
import type { FileRecord } from '../data/files.ts';
import type { FileId, RoomId } from '../protocol/ids.ts';

/** Bytes of a file's beginning that its type is judged by. */
export const FIRST_BYTES = 512;

/** The storage did not answer, or can't do it now; the same may succeed later. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

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

/** A part that came. */
export interface StoredPart {
  readonly part: number;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
}

/** What takes a file in parts; its calls may throw {StorageUnavailable}. Each file has one upload, and that ends with its completion: what it made is never written again. */
export interface PartStore {
  /** Begins the upload of a key, marked as in no message yet. @returns its id. */
  begin(file: { readonly key: string; readonly contentType: string }): Promise<string>;
  /** An address that takes one part of exactly this size, bytes, by PUT. */
  partAddress(part: {
    readonly key: string;
    readonly upload: string;
    readonly part: number;
    readonly size: number;
    readonly expiresSeconds: number;
  }): string;
  /** The parts that came, ascending; undefined where the upload has ended. */
  list(key: string, upload: string): Promise<readonly StoredPart[] | undefined>;
  /** Makes the parts one. @returns false where the upload has ended, or one of them was replaced meanwhile. */
  complete(key: string, upload: string, parts: readonly StoredPart[]): Promise<boolean>;
}

/** What is done with stored bytes. A call fails where there are none: another run was faster, and this one comes again. */
export interface FileStore {
  /** The first bytes of what lies under a key. @param count how many; as many as tell its type by default. */
  readStart(key: string, count?: number): Promise<{ readonly bytes: Uint8Array; readonly etag: string }>;
  /** Copies what still has this tag, marked as in no message yet. @returns false where it has changed. */
  keep(from: string, to: string, etag: string): Promise<boolean>;
  /** Puts bytes under a key, marked in the same way. */
  add(key: string, contentType: string, bytes: Uint8Array): Promise<void>;
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
  /** Until when the message is kept, epoch seconds; for ever without it. */
  readonly until?: number | undefined;
}

/** Under which an upload comes, for as long as its form is good; it goes by itself within a day. */
export const uploadKey = (room: RoomId, file: FileId): string => `uploads/${room}/${file}`;
/** Under which a file lies that was looked at. No form is ever made for it, so that it stays what was looked at. */
export const keptKey = (room: RoomId, file: FileId): string => `files/${room}/${file}`;
/** Under which its thumbnail lies: no file's id has a dot. */
export const thumbnailKey = (room: RoomId, file: FileId): string => `${keptKey(room, file)}.thumbnail`;
/** Under which the parts of a file become one, and stay. */
export const partsKey = (room: RoomId, file: FileId): string => `parts/${room}/${file}`;
/** Under which of the two a file lies that is ready. */
export function placeOf(room: RoomId, { file, inParts }: Pick<FileRecord, 'file' | 'inParts'>): string {
  return inParts ? partsKey(room, file) : keptKey(room, file);
}
