/** Files of a room: the bytes go straight to the storage and come straight from there; the service says who may. */
import { batchGetFiles, type FileRecord, getFile, putFile } from '../data/files.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Attachment } from '../protocol/events.ts';
import { FileId, type RoomId, type UserId } from '../protocol/ids.ts';
import type { FileAddress, FileUpload } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { layOut } from './file-parts.ts';
import { type FileSigner, type PartStore, partsKey, placeOf, thumbnailKey, uploadKey } from './file-store.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';
import { refuseMuted, refuseToBlocked } from './speaking.ts';

/** An upload has to begin within this, seconds. */
const FORM_SECONDS = 15 * 60;
/** A download has to begin within this, seconds: long enough for a click, too short to be passed on. */
const ADDRESS_SECONDS = 60;
/** A file that no message takes is forgotten after this, milliseconds; its bytes go a day later (infra/files.ts). */
const UNATTACHED_MS = 24 * 60 * 60 * 1_000;
/** A message takes a file while so much of that is left, milliseconds: it must not be forgotten before that is noted. */
const ATTACH_MARGIN_MS = 60 * 60 * 1_000;

interface FileContext {
  readonly chat: ChatContext;
  readonly files: FileSigner;
}

interface UploadContext extends FileContext {
  readonly parts: Pick<PartStore, 'begin'>;
}

/**
 * Announces a file.
 *
 * @returns its id, and the form that takes its bytes; of a large one also in which parts it may come instead.
 * @throws {ParleyError} `not_found`; `forbidden` for who is no member, muted or blocked; `unavailable`.
 */
export function createFile(
  { chat: ctx, files, parts }: UploadContext,
  request: { readonly room: RoomId; readonly user: UserId } & Pick<
    FileRecord,
    'name' | 'size' | 'contentType'
  >,
): Promise<FileUpload> {
  const operation = 'upload the file';
  const { room, user, name, size, contentType } = request;
  return refusing(operation, async () => {
    const { view, standing } = await readRoom(ctx, { room, user }, operation);
    refuseMuted(ctx, await requireMember(ctx, operation, { standing, view }), operation);
    await refuseToBlocked(ctx, { view, user }, operation);
    const now = ctx.now();
    const file = newFileId(ctx);
    const multipart = layOut(size);
    const upload = multipart && (await parts.begin({ key: partsKey(room, file), contentType }));
    await putFile(
      ctx.chat,
      room,
      {
        file,
        name,
        size,
        contentType,
        state: 'pending',
        createdAt: now,
        user,
        ...(upload !== undefined && { upload }),
      },
      now + UNATTACHED_MS,
    );
    const key = uploadKey(room, file);
    const form = files.form({ key, contentType, size, expiresSeconds: FORM_SECONDS, now });
    return { file, upload: { method: 'POST', ...form }, ...(multipart && { multipart }) };
  });
}

/** Nobody can guess it: 122 random bits in 26 digits. */
function newFileId(ctx: ChatContext): FileId {
  return FileId.parse(
    BigInt(`0x${ctx.newId().replaceAll('-', '')}`)
      .toString(36)
      .padStart(26, '0'),
  );
}

/**
 * Where a member gets a file, or its thumbnail: an address that is good for a minute, and whose answer is for saving.
 *
 * @throws {ParleyError} `not_found` also where there is no such file or thumbnail, or it was not looked at yet, or it went with its message;
 *   `forbidden` for who is no member of a public room; `conflict` where it was not what it was declared to be; `unavailable`.
 */
export function addressOfFile(
  { chat: ctx, files }: FileContext,
  request: {
    readonly room: RoomId;
    readonly user: UserId;
    readonly file: FileId;
    readonly thumbnail?: boolean;
  },
): Promise<FileAddress> {
  const operation = 'fetch the file';
  const { room, user, file } = request;
  return refusing(operation, async () => {
    const { view, standing } = await readRoom(ctx, { room, user }, operation);
    await requireMember(ctx, operation, { standing, view });
    const record = await getFile(ctx.chat, room, file);
    if (!record) throw noSuchFile(operation);
    refuseUnready(record, operation);
    if (request.thumbnail && !record.thumbnail) {
      throw new ParleyError('not_found', operation, 'the file has no thumbnail');
    }
    const query = {
      'response-content-disposition': `attachment; filename*=UTF-8''${encodeName(record.name)}`,
      'response-cache-control': 'private, max-age=3600',
      // A thumbnail has a type of its own.
      ...(!request.thumbnail && { 'response-content-type': record.contentType }),
    };
    const key = request.thumbnail ? thumbnailKey(room, file) : placeOf(room, record);
    const url = files.address({ key, expiresSeconds: ADDRESS_SECONDS, query });
    return { url, expiresIn: ADDRESS_SECONDS };
  });
}

/** RFC 8187, section 3.2.1. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The attachments of a message, of the files that its author names.
 *
 * @throws {ParleyError} `not_found` for one that is not there, `forbidden` for somebody else's, `conflict` for one that another message
 *   has, that is not uploaded or not looked at yet, or was not what it was declared to be; `bad_request` for one that is named twice.
 */
export async function attachmentsOf(
  ctx: ChatContext,
  { room, user, files }: { readonly room: RoomId; readonly user: UserId; readonly files: readonly FileId[] },
  operation: string,
): Promise<Attachment[]> {
  if (new Set(files).size < files.length) {
    const reason = 'must not name a file twice';
    throw new ParleyError('bad_request', operation, `attachments ${reason}`, {
      issues: [{ path: 'attachments', reason }],
    });
  }
  const records = new Map((await batchGetFiles(ctx.chat, room, files)).map((one) => [one.file, one]));
  return files.map((file) => {
    const record = records.get(file);
    if (!record || ctx.now() > record.createdAt + UNATTACHED_MS - ATTACH_MARGIN_MS)
      throw noSuchFile(operation);
    // Whose it was is not kept once a message has it.
    if (record.message !== undefined) {
      throw new ParleyError('conflict', operation, 'a message has the file already');
    }
    if (record.user !== user) throw new ParleyError('forbidden', operation, 'the file is not yours');
    refuseUnready(record, operation);
    const { name, size, contentType, thumbnail } = record;
    return { file, name, size, contentType, ...(thumbnail && { thumbnail }) };
  });
}

function refuseUnready({ state }: FileRecord, operation: string): void {
  if (state === 'ready') return;
  const reason =
    state === 'refused'
      ? 'the file is not what it was declared to be'
      : 'the file is not uploaded, or not looked at yet';
  throw new ParleyError('conflict', operation, reason);
}

export function noSuchFile(operation: string): ParleyError {
  return new ParleyError('not_found', operation, 'there is no such file');
}
