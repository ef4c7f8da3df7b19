/** What becomes of files in the background: looked at when they are uploaded, kept with their message, gone with it. */
import { attachFile, forgetFile, getFile, judgeFile } from '../data/files.ts';
import { FileId, RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { type FileStore, type FileTask, keptKey } from './file-store.ts';
import { isOfType } from './file-types.ts';

interface KeepContext {
  readonly chat: Pick<ChatContext, 'chat'>;
  readonly store: FileStore;
}

/** An upload that came. */
export interface Uploaded {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Looks at an upload: what is as large as it was declared to be and begins as its type does is copied to where nobody can put
 * anything else in its place. Safe to repeat.
 */
export async function lookAtUpload({ chat, store }: KeepContext, { key, size }: Uploaded): Promise<void> {
  const place = readUploadKey(key);
  const record = place && (await getFile(chat.chat, place.room, place.file));
  // Of a file that was looked at before a second upload changes nothing, nor does one that nobody announced.
  if (!place || record?.state !== 'pending') {
    await store.drop(key);
    return;
  }
  const { room, file } = place;
  const start = await store.readStart(key);
  const isGood = record.size === size && isOfType(record.contentType, start.bytes);
  // Replaced in this very moment: that is an upload of its own, which is told too.
  if (isGood && !(await store.keep(key, keptKey(room, file), start.etag))) return;
  await judgeFile(chat.chat, room, file, isGood ? 'ready' : 'refused');
  await store.drop(key);
}

function readUploadKey(key: string): { readonly room: RoomId; readonly file: FileId } | undefined {
  const [, roomText, fileText] = /^uploads\/([^/]+)\/([^/]+)$/.exec(key) ?? [];
  const [room, file] = [RoomId.safeParse(roomText), FileId.safeParse(fileText)];
  return room.success && file.success ? { room: room.data, file: file.data } : undefined;
}

/** Keeps a message's files for good, or lets them go with it. Safe to repeat, and in any order. */
export async function followMessage({ chat, store }: KeepContext, task: FileTask): Promise<void> {
  const { kind, room, message, files } = task;
  await Promise.all(
    files.map(async (file) => {
      const key = keptKey(room, file);
      if (kind === 'release') {
        if (await forgetFile(chat.chat, room, file, message)) await store.drop(key);
      } else if (await attachFile(chat.chat, room, file, message)) await store.unmark(key);
    }),
  );
}
