/** The items of uploaded files, `FILE#<id>` of their room. The bytes lie in S3, under keys that follow from room and id. */
import * as z from 'zod/mini';
import { FileId, type RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, ignoreFailedCondition, type Table } from './table.ts';

/** `pending`: not uploaded, or not looked at yet. `ready`: it is what it was declared to be. `refused`: it is not, and its bytes are gone. */
export const FileState = z.enum(['pending', 'ready', 'refused']);

export const FileRecord = z.object({
  file: FileId,
  name: z.string(),
  /** Bytes. */
  size: z.int(),
  contentType: z.string(),
  state: FileState,
  /** Epoch milliseconds. */
  createdAt: z.int(),
  /** Who uploads it. Gone once a message has it: then the message says who sent it. */
  user: z.optional(UserId),
  /** Number of the message that it belongs to. */
  message: z.optional(z.int()),
  /** Of a file that may come in parts: the upload that takes them. */
  upload: z.optional(z.string()),
  /** Whether the uploader said that all parts are there. */
  completed: z.optional(z.literal(true)),
  /** Whether it came in parts, and lies where they became one. */
  inParts: z.optional(z.literal(true)),
  /** Size of its thumbnail, pixels. */
  thumbnail: z.optional(z.object({ width: z.int(), height: z.int() })),
});
export type FileRecord = z.infer<typeof FileRecord>;

/** Stores a new file, which goes by itself unless a message takes it. @param until epoch milliseconds. */
export async function putFile(table: Table, room: RoomId, file: FileRecord, until: number): Promise<void> {
  await table.put({ ...chatKeys.file(room, file.file), ...file, [TTL_ATTRIBUTE]: Math.ceil(until / 1_000) });
}

export async function getFile(table: Table, room: RoomId, file: FileId): Promise<FileRecord | undefined> {
  const item = await table.get(chatKeys.file(room, file));
  return item && z.parse(FileRecord, item);
}

/** Those of the files that there are, in no order. */
export async function batchGetFiles(
  table: Table,
  room: RoomId,
  files: readonly FileId[],
): Promise<readonly FileRecord[]> {
  const items = await table.batchGet(files.map((file) => chatKeys.file(room, file)));
  return items.map((item) => z.parse(FileRecord, item));
}

/** What the look at an upload said. */
export type Judgement =
  | { readonly state: 'refused' }
  | ({ readonly state: 'ready' } & Pick<FileRecord, 'inParts' | 'thumbnail'>);

/** Notes what the look at an upload said; a file that was looked at before stays as it was found. */
export async function judgeFile(
  table: Table,
  room: RoomId,
  file: FileId,
  judgement: Judgement,
): Promise<void> {
  const found = Object.entries(judgement).filter(([, value]) => value !== undefined);
  await ignoreFailedCondition(
    table.update(chatKeys.file(room, file), {
      update: `SET ${found.map(([name]) => `#${name} = :${name}`).join(', ')}`,
      condition: '#state = :pending',
      names: Object.fromEntries(found.map(([name]) => [`#${name}`, name])),
      values: {
        ...Object.fromEntries(found.map(([name, value]) => [`:${name}`, value])),
        ':pending': 'pending',
      },
    }),
  );
}

/** Notes that the parts of a file are about to become one: then an upload that has ended was completed. */
export async function noteCompletion(table: Table, room: RoomId, file: FileId): Promise<void> {
  await ignoreFailedCondition(
    table.update(chatKeys.file(room, file), {
      update: 'SET completed = :true',
      condition: 'attribute_exists(pk)',
      values: { ':true': true },
    }),
  );
}

/**
 * Gives a file to the message that took it first, for as long as that stays.
 *
 * @param of the message's number, and until when it is kept, epoch seconds; for ever without it.
 * @returns it, where the message has it.
 */
export async function attachFile(
  table: Table,
  room: RoomId,
  file: FileId,
  { message, until }: { readonly message: number; readonly until?: number | undefined },
): Promise<FileRecord | undefined> {
  const keepsLonger = '(#message = :message AND (attribute_not_exists(#ttl) OR #ttl > :until))';
  try {
    const item = await table.update(chatKeys.file(room, file), {
      update: `SET #message = :message${until === undefined ? ' REMOVE #user, #ttl' : ', #ttl = :until REMOVE #user'}`,
      condition: `attribute_exists(pk) AND (attribute_not_exists(#message)${until === undefined ? '' : ` OR ${keepsLonger}`})`,
      names: { '#message': 'message', '#user': 'user', '#ttl': TTL_ATTRIBUTE },
      values: { ':message': message, ...(until === undefined ? {} : { ':until': until }) },
      returns: 'ALL_NEW',
    });
    return item && z.parse(FileRecord, item);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // The message has it already, and lives no longer than that.
    return error.item?.message === message ? z.parse(FileRecord, error.item) : undefined;
  }
}

/** Forgets a file whose message is deleted. @returns whether it may go: not where another message has it. */
export async function forgetFile(
  table: Table,
  room: RoomId,
  file: FileId,
  message: number,
): Promise<boolean> {
  const record = await getFile(table, room, file);
  if (record?.message !== undefined && record.message !== message) return false;
  if (record) await table.delete(chatKeys.file(room, file));
  return true;
}
