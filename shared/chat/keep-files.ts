/** What becomes of files in the background: looked at when they are uploaded, kept with their message, gone with it. */
import { attachFile, type FileRecord, forgetFile, getFile, judgeFile } from '../data/files.ts';
import { FileId, RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import {
  type FileStore,
  type FileTask,
  keptKey,
  partsKey,
  placeOf,
  thumbnailKey,
  uploadKey,
} from './file-store.ts';
import { isOfType } from './file-types.ts';
import { isShown, type MakeThumbnail } from './thumbnails.ts';

interface KeepContext {
  readonly chat: Pick<ChatContext, 'chat'>;
  readonly store: FileStore;
  readonly makeThumbnail: MakeThumbnail;
}

/** An upload that came. */
export interface Uploaded {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

interface Place {
  readonly room: RoomId;
  readonly file: FileId;
}

/**
 * Looks at an upload: what is as large as it was declared to be and begins as its type does is kept. Safe to repeat.
 *
 * What a form put is copied to where nobody can put anything else in its place. What parts became stays where it is, as their upload
 * has ended with that.
 */
export async function lookAtUpload(tools: KeepContext, { key, size }: Uploaded): Promise<void> {
  const place = readKey(key);
  const record = place && (await getFile(tools.chat.chat, place.room, place.file));
  if (!place || !record) await tools.store.drop(key);
  else if (key === partsKey(place.room, place.file)) await lookAtParts(tools, place, { record, size });
  else await lookAtForm(tools, place, { record, size });
}

async function lookAtForm(
  { chat, store, makeThumbnail }: KeepContext,
  { room, file }: Place,
  { record, size }: { readonly record: FileRecord; readonly size: number },
): Promise<void> {
  const key = uploadKey(room, file);
  // Of a file that was looked at before a second upload changes nothing.
  if (record.state === 'pending') {
    const start = await store.readStart(key);
    const isGood = isAsDeclared(record, size, start.bytes);
    // Replaced in this very moment: that is an upload of its own, which is told too.
    if (isGood && !(await store.keep(key, keptKey(room, file), start.etag))) return;
    if (isGood) {
      // Before it is ready: a message says once and for all what its files are.
      const image = { from: keptKey(room, file), to: thumbnailKey(room, file), size };
      const thumbnail = isShown(record) ? await makeThumbnail(image) : undefined;
      await judgeFile(chat.chat, room, file, { state: 'ready', ...(thumbnail && { thumbnail }) });
    } else await judgeFile(chat.chat, room, file, { state: 'refused' });
  }
  await store.drop(key);
}

async function lookAtParts(
  { chat, store }: KeepContext,
  { room, file }: Place,
  { record, size }: { readonly record: FileRecord; readonly size: number },
): Promise<void> {
  const key = partsKey(room, file);
  if (record.state === 'pending') {
    const { bytes } = await store.readStart(key);
    const isGood = isAsDeclared(record, size, bytes);
    await judgeFile(chat.chat, room, file, isGood ? { state: 'ready', inParts: true } : { state: 'refused' });
  }
  // It may have come by its form as well, and that may have been looked at first.
  const judged = await getFile(chat.chat, room, file);
  if (!judged?.inParts) await store.drop(key);
}

function isAsDeclared(record: FileRecord, size: number, start: Uint8Array): boolean {
  return record.size === size && isOfType(record.contentType, start);
}

function readKey(key: string): Place | undefined {
  const [, roomText, fileText] = /^(?:uploads|parts)\/([^/]+)\/([^/]+)$/.exec(key) ?? [];
  const [room, file] = [RoomId.safeParse(roomText), FileId.safeParse(fileText)];
  return room.success && file.success ? { room: room.data, file: file.data } : undefined;
}

/** Keeps a message's files for good, or lets them go with it. Safe to repeat, and in any order. */
export async function followMessage(
  { chat, store }: Omit<KeepContext, 'makeThumbnail'>,
  task: FileTask,
): Promise<void> {
  const { kind, room, message, files, until } = task;
  await Promise.all(
    files.map(async (file) => {
      if (kind === 'release') {
        // Where it lies is forgotten with it.
        const keys = [keptKey(room, file), partsKey(room, file), thumbnailKey(room, file)];
        if (await forgetFile(chat.chat, room, file, message)) await Promise.all(keys.map(store.drop));
      } else {
        const attached = await attachFile(chat.chat, room, file, { message, until });
        if (!attached) return;
        await store.unmark(placeOf(room, attached));
        if (attached.thumbnail) await store.unmark(thumbnailKey(room, file));
      }
    }),
  );
}
