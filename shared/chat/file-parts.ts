/** Large files in parts: each goes straight to the storage by an address of its own, so that what was cut off goes on where it was. */
import { type FileRecord, getFile, noteCompletion } from '../data/files.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { FileId, RoomId, UserId } from '../protocol/ids.ts';
import type { Multipart, PartAddress, UploadedPart } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { type PartStore, partsKey, type StoredPart } from './file-store.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';

/** Files of more bytes than this may come in parts. */
const LARGE_BYTES = 100_000_000;
/**
 * Bytes of each part but the last: what a broken connection costs at most. S3 takes 5 MiB to 5 GiB, and 10,000 parts; the largest file has
 * 320, which one call of ListParts tells.
 */
const PART_BYTES = 16 * 1024 ** 2;
/** A part has to begin within this, seconds: a hundred of them go one after another over a slow line. */
const PART_SECONDS = 60 * 60;

interface PartContext {
  readonly chat: ChatContext;
  readonly parts: PartStore;
}

interface PartRequest {
  readonly room: RoomId;
  readonly user: UserId;
  readonly file: FileId;
}

/** In which parts a file may come; undefined for one that is not large. @param size bytes. */
export function layOut(size: number): Multipart | undefined {
  return size > LARGE_BYTES ? { partSize: PART_BYTES, parts: Math.ceil(size / PART_BYTES) } : undefined;
}

/**
 * Where parts are sent to, each of exactly its size.
 *
 * @throws {ParleyError} `not_found` where there is no such file; `forbidden` for who is no member, or did not announce it; `conflict` where
 *   it does not come in parts, or came already; `bad_request` for a part that it does not have; `unavailable`.
 */
export function addressesOfParts(
  { chat: ctx, parts }: PartContext,
  request: PartRequest & { readonly wanted: readonly number[] },
): Promise<PartAddress[]> {
  const operation = 'send parts of the file';
  return refusing(operation, async () => {
    const { room, file, wanted } = request;
    const { record, upload } = await unfinished(ctx, request, operation);
    const last = partCount(record);
    if (wanted.some((part) => part > last)) {
      const reason = `must be between 1 and ${last}`;
      throw new ParleyError('bad_request', operation, `parts ${reason}`, {
        issues: [{ path: 'parts', reason }],
      });
    }
    return wanted.map((part) => ({
      part,
      url: parts.partAddress({
        key: partsKey(room, file),
        upload,
        part,
        size: sizeOfPart(record, part),
        expiresSeconds: PART_SECONDS,
      }),
    }));
  });
}

/**
 * The parts that came.
 *
 * @throws {ParleyError} as `addressesOfParts`, but for parts that it does not have.
 */
export function listParts({ chat: ctx, parts }: PartContext, request: PartRequest): Promise<UploadedPart[]> {
  const operation = 'list parts of the file';
  return refusing(operation, async () => {
    const { upload } = await unfinished(ctx, request, operation);
    const stored = await parts.list(partsKey(request.room, request.file), upload);
    if (!stored) throw hasEnded(operation);
    return [...stored];
  });
}

/**
 * Makes the parts one, which is then looked at as any upload is. Safe to repeat.
 *
 * @throws {ParleyError} `not_found`, `forbidden` as `addressesOfParts`; `conflict` where the file does not come in parts, or not all of
 *   them are there in their sizes; `unavailable`.
 */
export function completeFile({ chat: ctx, parts }: PartContext, request: PartRequest): Promise<void> {
  const operation = 'complete the file';
  return refusing(operation, async () => {
    const { room, file } = request;
    const { record, upload } = await ownFile(ctx, request, operation);
    if (record.state !== 'pending') return;
    const key = partsKey(room, file);
    const stored = await parts.list(key, upload);
    if (!stored) {
      if (record.completed) return;
      throw hasEnded(operation);
    }
    requireAll(record, stored, operation);
    // First, or a repeat after a lost answer could not know what became of the upload.
    await noteCompletion(ctx.chat, room, file);
    if (await parts.complete(key, upload, stored)) return;
    // Another call may have been faster; or the uploader sends a part again just now.
    if ((await parts.list(key, upload)) === undefined) return;
    throw new ParleyError('conflict', operation, 'a part was sent again meanwhile');
  });
}

function requireAll(record: FileRecord, stored: readonly StoredPart[], operation: string): void {
  const sizes = new Map(stored.map(({ part, size }) => [part, size]));
  const wanted = Array.from({ length: partCount(record) }, (_, index) => index + 1);
  const missing = wanted.filter((part) => sizes.get(part) !== sizeOfPart(record, part));
  if (missing.length === 0) return;
  const [first] = missing;
  const reason = `${missing.length} of ${wanted.length} parts are missing, the first is ${first}`;
  throw new ParleyError('conflict', operation, reason);
}

function partCount({ size }: FileRecord): number {
  return Math.ceil(size / PART_BYTES);
}

function sizeOfPart({ size }: FileRecord, part: number): number {
  return Math.min(PART_BYTES, size - (part - 1) * PART_BYTES);
}

interface OwnFile {
  readonly record: FileRecord;
  readonly upload: string;
}

async function ownFile(
  ctx: ChatContext,
  { room, user, file }: PartRequest,
  operation: string,
): Promise<OwnFile> {
  const { view, standing } = await readRoom(ctx, { room, user }, operation);
  await requireMember(ctx, operation, { standing, view });
  const record = await getFile(ctx.chat, room, file);
  if (!record) throw new ParleyError('not_found', operation, 'there is no such file');
  // Whose it was is not kept once a message has it.
  if (record.message !== undefined) throw isThere(operation);
  if (record.user !== user) throw new ParleyError('forbidden', operation, 'the file is not yours');
  const { upload } = record;
  if (upload === undefined) throw new ParleyError('conflict', operation, 'the file does not come in parts');
  return { record, upload };
}

/** As `ownFile`, of a file that is still to come. */
async function unfinished(ctx: ChatContext, request: PartRequest, operation: string): Promise<OwnFile> {
  const own = await ownFile(ctx, request, operation);
  if (own.record.state !== 'pending') throw isThere(operation);
  return own;
}

function isThere(operation: string): ParleyError {
  return new ParleyError('conflict', operation, 'the file is uploaded already');
}

/** Completed, or never completed in the day that an upload has. */
function hasEnded(operation: string): ParleyError {
  return new ParleyError('conflict', operation, 'the upload has ended');
}
