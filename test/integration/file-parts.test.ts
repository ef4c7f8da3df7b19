import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addressesOfParts, completeFile, layOut, listParts } from '../../shared/chat/file-parts.ts';
import { type FileSigner, keptKey, partsKey, uploadKey } from '../../shared/chat/file-store.ts';
import { addressOfFile, attachmentsOf, createFile } from '../../shared/chat/files.ts';
import { followMessage, lookAtUpload } from '../../shared/chat/keep-files.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { getFile } from '../../shared/data/files.ts';
import type { FileId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { StoredFiles } from '../helper/stored-files.ts';

const MEBIBYTE = 1024 ** 2;
/** Seven parts, the last of which is smaller. */
const SIZE = 100 * MEBIBYTE;
const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')];
const signer: FileSigner = {
  form: ({ key }) => ({ url: 'form', fields: { key } }),
  address: ({ key }) => key,
};

let database: Database;
let store: StoredFiles;
let rooms = 0;
let id = room('none');
const ctx = () => chatContext(database, Date.now);

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());
beforeEach(async () => {
  store = new StoredFiles();
  rooms += 1;
  id = room(`parts-${rooms}`);
  await createRoom(ctx(), { room: id, user: alice, name: 'Parts', kind: 'public' });
  await joinRoom(ctx(), { room: id, user: bob });
});

const announce = (size = SIZE, contentType = 'text/plain') =>
  createFile(
    { chat: ctx(), files: signer, parts: store },
    { room: id, user: alice, name: 'large', size, contentType },
  );
const tools = () => ({ chat: ctx(), parts: store });
const addresses = (file: FileId, wanted: readonly number[], by: UserId = alice) =>
  addressesOfParts(tools(), { room: id, user: by, file, wanted });
const list = (file: FileId, by: UserId = alice) => listParts(tools(), { room: id, user: by, file });
const complete = (file: FileId, by: UserId = alice) => completeFile(tools(), { room: id, user: by, file });
const look = (key: string, size = SIZE) =>
  lookAtUpload({ chat: ctx(), store, makeThumbnail: async () => undefined }, { key, size });
const follow = (kind: 'attach' | 'release', file: FileId) =>
  followMessage({ chat: ctx(), store }, { kind, room: id, message: 7, files: [file] });

async function send(file: FileId, ...wanted: number[]): Promise<void> {
  for (const { url } of await addresses(file, wanted)) store.sendPart(url);
}

async function completed(contentType?: string): Promise<FileId> {
  const { file } = await announce(SIZE, contentType);
  await send(file, 1, 2, 3, 4, 5, 6, 7);
  await complete(file);
  return file;
}

describe('a large file', () => {
  it('is laid out in parts beyond 100 MB, up to 5 GiB', async () => {
    expect(layOut(100_000_000)).toBeUndefined();
    expect(layOut(100_000_001)).toEqual({ partSize: 16 * MEBIBYTE, parts: 6 });
    expect(layOut(5 * 1024 ** 3)).toEqual({ partSize: 16 * MEBIBYTE, parts: 320 });
    expect(await announce(100)).not.toHaveProperty('multipart');
    expect(store.uploads.size).toBe(0);
    expect(await announce()).toMatchObject({
      upload: { method: 'POST' },
      multipart: { partSize: 16 * MEBIBYTE, parts: 7 },
    });
  });

  it('goes on where it was cut off, in parts of exactly their sizes', async () => {
    const { file } = await announce();
    expect(await list(file)).toEqual([]);
    await send(file, 7, 2);
    expect(await list(file)).toEqual([
      { part: 2, size: 16 * MEBIBYTE, etag: expect.any(String) },
      { part: 7, size: 4 * MEBIBYTE, etag: expect.any(String) },
    ]);
    await expect(complete(file)).rejects.toMatchObject({
      code: 'conflict',
      message: 'unable to complete the file; 5 of 7 parts are missing, the first is 1',
    });
    await send(file, 1, 3, 4, 5, 6);
    await complete(file);
    await look(partsKey(id, file));
    expect(store.objects.has(partsKey(id, file))).toBe(true);
    const address = await addressOfFile({ chat: ctx(), files: signer }, { room: id, user: bob, file });
    expect(address.url).toBe(partsKey(id, file));
  });

  it('is refused with a part of another size', async () => {
    const { file } = await announce();
    await send(file, 1, 2, 3, 4, 5, 6);
    const [last] = await addresses(file, [7]);
    store.sendPart(last?.url.replace(/\d+$/, '5') ?? '');
    await expect(complete(file)).rejects.toMatchObject({ message: expect.stringContaining('1 of 7 parts') });
  });

  it('is the uploader’s alone, and a member’s', async () => {
    const { file } = await announce();
    for (const [by, code] of [
      [bob, 'forbidden'],
      [carol, 'forbidden'],
    ] as const) {
      await expect(addresses(file, [1], by)).rejects.toMatchObject({ code });
      await expect(list(file, by)).rejects.toMatchObject({ code });
      await expect(complete(file, by)).rejects.toMatchObject({ code });
    }
    await expect(addresses('0'.repeat(26) as FileId, [1])).rejects.toMatchObject({ code: 'not_found' });
  });

  it('has no more parts than it has, and a small one none', async () => {
    const { file } = await announce();
    await expect(addresses(file, [7, 8])).rejects.toMatchObject({
      code: 'bad_request',
      issues: [{ path: 'parts', reason: 'must be between 1 and 7' }],
    });
    const { file: small } = await announce(100);
    await expect(addresses(small, [1])).rejects.toMatchObject({ code: 'conflict' });
    await expect(complete(small)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('can be completed again after a lost answer, before it is looked at and after', async () => {
    const file = await completed();
    await complete(file);
    await expect(list(file)).rejects.toMatchObject({ code: 'conflict' });
    await look(partsKey(id, file));
    await complete(file);
    await expect(addresses(file, [1])).rejects.toMatchObject({ code: 'conflict' });
    // One whose upload ended by its day was never completed.
    const { file: late } = await announce();
    store.uploads.clear();
    await expect(complete(late)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is not completed with a part that is replaced in that very moment', async () => {
    const { file } = await announce();
    await send(file, 1, 2, 3, 4, 5, 6, 7);
    const listed = store.list.bind(store);
    store.list = async (key, upload) => {
      const parts = await listed(key, upload);
      const [one] = await addresses(file, [1]);
      store.sendPart(one?.url ?? '', 'replaced');
      store.list = listed;
      return parts;
    };
    await expect(complete(file)).rejects.toMatchObject({ code: 'conflict' });
    await complete(file);
  });
});

describe('what parts became', () => {
  it('is looked at where it is, however often that is told', async () => {
    const file = await completed();
    const key = partsKey(id, file);
    await Promise.all([look(key), look(key)]);
    await look(key);
    expect([...store.objects.keys()]).toEqual([key]);
    expect(await getFile(ctx().chat, id, file)).toMatchObject({ state: 'ready', inParts: true });
    expect(await attachmentsOf(ctx(), { room: id, user: alice, files: [file] }, 'send')).toEqual([
      { file, name: 'large', size: SIZE, contentType: 'text/plain' },
    ]);
  });

  it('is gone where it is not what it was declared to be', async () => {
    const file = await completed('image/png');
    await look(partsKey(id, file));
    expect(store.objects.size).toBe(0);
    expect((await getFile(ctx().chat, id, file))?.state).toBe('refused');
    await look(partsKey(id, file));
  });

  it('loses its mark with a message, and goes with it', async () => {
    const file = await completed();
    const key = partsKey(id, file);
    await look(key);
    expect(store.objects.get(key)?.isMarked).toBe(true);
    await follow('attach', file);
    expect(store.objects.get(key)?.isMarked).toBe(false);
    await expect(complete(file)).rejects.toMatchObject({ code: 'conflict' });
    await follow('release', file);
    expect(store.objects.size).toBe(0);
  });

  it('changes nothing where the form was faster, nor that where it was', async () => {
    const first = await completed();
    store.put(uploadKey(id, first), 'by its form');
    await look(uploadKey(id, first));
    await look(partsKey(id, first));
    expect([...store.objects.keys()]).toEqual([keptKey(id, first)]);
    store.objects.clear();
    const second = await completed();
    store.put(uploadKey(id, second), 'by its form');
    await look(partsKey(id, second));
    await look(uploadKey(id, second));
    expect([...store.objects.keys()]).toEqual([partsKey(id, second)]);
  });
});
