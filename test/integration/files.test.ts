import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FileSigner, keptKey, thumbnailKey, uploadKey } from '../../shared/chat/file-store.ts';
import { addressOfFile, attachmentsOf, createFile } from '../../shared/chat/files.ts';
import { followMessage, lookAtUpload } from '../../shared/chat/keep-files.ts';
import { createRoom } from '../../shared/chat/rooms.ts';
import { isShown, type MakeThumbnail } from '../../shared/chat/thumbnails.ts';
import { getFile } from '../../shared/data/files.ts';
import type { FileId } from '../../shared/protocol/ids.ts';
import { chatContext, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { StoredFiles } from '../helper/stored-files.ts';

const HOUR_MS = 3_600_000;
const alice = user('alice');
/** What a form is for, and where an address leads. */
const signer: FileSigner = {
  form: ({ key }) => ({ url: 'form', fields: { key } }),
  address: ({ key }) => key,
};

let database: Database;
let store: StoredFiles;
let clock = Date.now();
let rooms = 0;
let id = room('none');

/** A thumbnail that says what it is of; none of what is no picture. */
const makeThumbnail: MakeThumbnail = async ({ from, to }) => {
  if (store.textOf(from)?.includes('broken')) return undefined;
  await store.add(to, 'image/png', new TextEncoder().encode(`small ${from}`));
  return { width: 320, height: 200 };
};
const ctx = () => chatContext(database, () => clock);

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());
beforeEach(async () => {
  clock = Date.now();
  store = new StoredFiles();
  rooms += 1;
  id = room(`files-${rooms}`);
  await createRoom(ctx(), { room: id, user: alice, name: 'Files', kind: 'private' });
});

async function announced(text: string, contentType = 'text/plain'): Promise<FileId> {
  const about = { room: id, user: alice, name: 'a.txt', size: text.length, contentType };
  return (await createFile({ chat: ctx(), files: signer, parts: store }, about)).file;
}

/** S3's notice of an upload. */
async function look(file: FileId, size: number): Promise<void> {
  await lookAtUpload({ chat: ctx(), store, makeThumbnail }, { key: uploadKey(id, file), size });
}

async function ready(text: string): Promise<FileId> {
  const file = await announced(text);
  store.put(uploadKey(id, file), text);
  await look(file, text.length);
  return file;
}

const follow = (kind: 'attach' | 'release', message: number, ...files: FileId[]) =>
  followMessage({ chat: ctx(), store }, { kind, room: id, message, files });
const address = (file: FileId) =>
  addressOfFile({ chat: ctx(), files: signer }, { room: id, user: alice, file });
const attach = (...files: FileId[]) => attachmentsOf(ctx(), { room: id, user: alice, files }, 'send');

describe('an upload', () => {
  it('is copied once it was looked at, and its own place is emptied', async () => {
    const file = await ready('hello');
    expect(store.textOf(keptKey(id, file))).toBe('hello');
    expect(store.textOf(uploadKey(id, file))).toBeUndefined();
    expect((await address(file)).url).toBe(keptKey(id, file));
  });

  it('that is told twice, or comes a second time, changes nothing', async () => {
    const file = await ready('hello');
    await look(file, 5);
    store.put(uploadKey(id, file), 'other');
    await look(file, 5);
    expect(store.textOf(keptKey(id, file))).toBe('hello');
    expect(store.objects.size).toBe(1);
  });

  it('that is replaced while it is looked at is not kept: the next notice is the one that counts', async () => {
    const file = await announced('hello');
    const key = uploadKey(id, file);
    store.put(key, 'hello');
    const readStart = store.readStart.bind(store);
    store.readStart = async (of) => {
      const start = await readStart(of);
      store.put(key, 'other');
      store.readStart = readStart;
      return start;
    };
    await look(file, 5);
    expect(store.textOf(keptKey(id, file))).toBeUndefined();
    await expect(address(file)).rejects.toMatchObject({ code: 'conflict' });
    await look(file, 5);
    expect(store.textOf(keptKey(id, file))).toBe('other');
  });

  it('of another size or type is refused for good', async () => {
    const [short, fake] = [await announced('hello'), await announced('no image', 'image/png')];
    store.put(uploadKey(id, short), 'hell');
    await look(short, 4);
    store.put(uploadKey(id, fake), 'no image');
    await look(fake, 8);
    expect(store.objects.size).toBe(0);
    for (const file of [short, fake]) {
      expect((await getFile(ctx().chat, id, file))?.state).toBe('refused');
      await expect(address(file)).rejects.toMatchObject({ code: 'conflict' });
      await expect(attach(file)).rejects.toMatchObject({ code: 'conflict' });
    }
  });

  it('that nobody announced is deleted', async () => {
    for (const key of [
      uploadKey(id, '0'.repeat(26) as FileId),
      'uploads/x',
      'parts/x',
      'uploads/no room/x',
      'uploads/a/b/c',
    ]) {
      store.put(key, 'x');
      await lookAtUpload({ chat: ctx(), store, makeThumbnail }, { key, size: 1 });
    }
    expect(store.objects.size).toBe(0);
  });
});

describe('the thumbnail of an image', () => {
  const GIF = 'GIF89a';
  const image = async (text: string, contentType = 'image/gif') => {
    const file = await announced(text, contentType);
    store.put(uploadKey(id, file), text);
    await look(file, text.length);
    return file;
  };
  const small = (file: FileId) =>
    addressOfFile({ chat: ctx(), files: signer }, { room: id, user: alice, file, thumbnail: true });

  it('is there once the file is ready, is told with it, and goes with it', async () => {
    const file = await image(GIF);
    const key = thumbnailKey(id, file);
    expect(store.textOf(key)).toBe(`small ${keptKey(id, file)}`);
    expect((await small(file)).url).toBe(key);
    expect((await address(file)).url).toBe(keptKey(id, file));
    expect(await attach(file)).toEqual([
      { file, name: 'a.txt', size: 6, contentType: 'image/gif', thumbnail: { width: 320, height: 200 } },
    ]);
    await follow('attach', 7, file);
    expect([...store.objects.values()].map(({ isMarked }) => isMarked)).toEqual([false, false]);
    await follow('release', 7, file);
    expect(store.objects.size).toBe(0);
  });

  it('may be missing: the file is ready all the same', async () => {
    const broken = await image(`${GIF}broken`);
    expect((await address(broken)).url).toBe(keptKey(id, broken));
    expect(await attach(broken)).toEqual([expect.not.objectContaining({ thumbnail: expect.anything() })]);
    await expect(small(broken)).rejects.toMatchObject({ code: 'not_found' });
    await follow('attach', 7, broken);
    expect(store.objects.get(keptKey(id, broken))?.isMarked).toBe(false);
  });

  it('is made of pictures only, and of none that are too large', async () => {
    expect(isShown({ contentType: 'Image/PNG', size: 32 * 1024 ** 2 })).toBe(true);
    expect(isShown({ contentType: 'image/png', size: 32 * 1024 ** 2 + 1 })).toBe(false);
    expect(isShown({ contentType: 'image/svg+xml', size: 10 })).toBe(false);
    await expect(small(await ready('hello'))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a file of a message', () => {
  it('stays: its mark, its end and the name of who uploaded it are gone', async () => {
    const file = await ready('hello');
    expect(store.objects.get(keptKey(id, file))?.isMarked).toBe(true);
    await follow('attach', 7, file);
    await follow('attach', 7, file);
    expect(store.objects.get(keptKey(id, file))?.isMarked).toBe(false);
    clock += 48 * HOUR_MS;
    expect(await getFile(ctx().chat, id, file)).toEqual({
      file,
      name: 'a.txt',
      size: 5,
      contentType: 'text/plain',
      state: 'ready',
      createdAt: expect.any(Number),
      message: 7,
    });
  });

  it('goes with the message, whatever is told first and however often', async () => {
    const [one, two] = [await ready('one'), await ready('two')];
    await follow('attach', 7, one);
    await follow('release', 7, one);
    await follow('release', 7, one);
    await follow('release', 8, two);
    await follow('attach', 8, two);
    expect(store.objects.size).toBe(0);
    for (const file of [one, two]) await expect(address(file)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is that message’s alone: another one can neither take it nor let it go', async () => {
    const file = await ready('hello');
    await follow('attach', 7, file);
    await follow('attach', 8, file);
    await follow('release', 8, file);
    expect((await getFile(ctx().chat, id, file))?.message).toBe(7);
    expect(store.textOf(keptKey(id, file))).toBe('hello');
    await expect(attach(file)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('can’t be taken any more shortly before it would be forgotten', async () => {
    const file = await ready('hello');
    clock += 22 * HOUR_MS;
    expect(await attach(file)).toEqual([{ file, name: 'a.txt', size: 5, contentType: 'text/plain' }]);
    clock += 1.5 * HOUR_MS;
    await expect(attach(file)).rejects.toMatchObject({ code: 'not_found' });
    clock += HOUR_MS;
    await expect(address(file)).rejects.toMatchObject({ code: 'not_found' });
  });
});
