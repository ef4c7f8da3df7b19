/** What the client does by calls of its own, which the seeds do not come by: files in parts, search, threads, notifications, export. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  connect,
  type Notification,
  type Parley,
  type Room,
  type Socket,
  type Storage,
  until,
} from '../../client/index.ts';
import { fileStorage } from '../../client/node/file-storage.ts';
import type { UploadAnswer, UploadRequest } from '../../client/platform.ts';
import { put } from '../../client/put.ts';
import { freshName } from '../helper/account.ts';
import { type Endpoint, pause } from '../helper/endpoint.ts';

const MEBIBYTE = 1_024 ** 2;
/** The smallest that comes in parts, the last of them smaller. */
const LARGE_BYTES = 100_000_001;
const PART_BYTES = 16 * MEBIBYTE;
const PARTS = 6;
const PATIENCE_MS = 20_000;

/** Every byte of it tells its place, about. */
function largeFile(): File {
  const pieces = Array.from({ length: Math.ceil(LARGE_BYTES / MEBIBYTE) }, (_, index) =>
    Buffer.alloc(Math.min(MEBIBYTE, LARGE_BYTES - index * MEBIBYTE), `${index} `),
  );
  return new File(pieces, 'map.bin', { type: 'application/octet-stream' });
}

/** @param endpoint of a service that is running by the time the tests do. */
export function describeCalls(endpoint: () => Endpoint): void {
  describe('what the client does by calls of its own', () => {
    const clients: Parley[] = [];
    const folders: string[] = [];
    /** What the storage of files is asked for, and what it answers in place of taking it. */
    let onPut: (request: UploadRequest) => Promise<UploadAnswer> | undefined = () => undefined;
    let [annsRoom, bensRoom]: (Room | undefined)[] = [];
    const rooms = (): readonly [Room, Room] => {
      if (!annsRoom || !bensRoom) throw new Error('the rooms are not open');
      return [annsRoom, bensRoom];
    };

    function load(storage: () => Promise<Storage>): Parley {
      const { http, websocket } = endpoint();
      const parley = connect({
        url: http,
        websocketUrl: websocket,
        platform: {
          openSocket: (url, headers) => new WebSocket(url, { headers }) as unknown as Socket,
          sendsHeaders: true,
          // What waits a random time waits a short one.
          random: () => Math.random() / 10,
          openStorage: storage,
          put: (request) => onPut(request) ?? put(request),
        },
      });
      clients.push(parley);
      return parley;
    }

    const online = ({ state }: Parley) => until(state, ({ status }) => status === 'online');

    async function enter(name: string): Promise<readonly [Parley, string]> {
      const folder = await mkdtemp(join(tmpdir(), 'parley-client-'));
      folders.push(folder);
      const parley = load(() => fileStorage(folder));
      await parley.register({ username: freshName(name), password: 'long enough for this' });
      await online(parley);
      return [parley, folder];
    }

    beforeAll(async () => {
      // One after the other: they are told apart by their order.
      const [ann] = await enter('ann');
      const [ben] = await enter('ben');
      annsRoom = await ann.createRoom({ room: freshName('calls'), name: 'Calls', kind: 'public' });
      bensRoom = ben.room(annsRoom.id);
      await bensRoom.join();
    });
    afterAll(async () => {
      for (const client of clients) await client.close();
      for (const folder of folders) await rm(folder, { recursive: true });
    });

    it('P3 sends a large file in parts, several at a time, and each again where it failed', async () => {
      const [room, others] = rooms();
      let [now, most, puts] = [0, 0, 0];
      onPut = async (request) => {
        const turn = ++puts;
        now++;
        most = Math.max(most, now);
        try {
          if (turn === 2) return { status: 503, text: 'slow down' };
          if (turn === 4) throw new Error('the cable was pulled');
          return await put(request);
        } finally {
          now--;
        }
      };
      const file = largeFile();
      const told: number[] = [];
      const attachment = await room.upload(file, { onProgress: ({ sent }) => told.push(sent) });
      onPut = () => undefined;
      expect(attachment).toMatchObject({ name: 'map.bin', size: LARGE_BYTES });
      expect(puts).toBe(PARTS + 2);
      expect(most).toBe(3);
      expect([told[0], told.at(-1), Math.max(...told)]).toEqual([0, LARGE_BYTES, LARGE_BYTES]);
      expect(told.some((sent) => sent > 0 && sent < LARGE_BYTES)).toBe(true);
      room.send('a map', { attachments: [attachment] });
      const { items } = await until(others.messages, (shown) =>
        shown.items.some(({ attachments }) => attachments?.[0]?.file === attachment.file),
      );
      expect(items.at(-1)).toMatchObject({ text: 'a map', status: 'sent' });
      const url = await others.fileUrl(attachment.file);
      for (let part = 1; part < PARTS; part++) {
        const [from, to] = [part * PART_BYTES - 10, part * PART_BYTES + 9];
        const seam = await fetch(url, { headers: { range: `bytes=${from}-${to}` } });
        expect(seam.headers.get('content-range')).toBe(`bytes ${from}-${to}/${LARGE_BYTES}`);
        expect(await seam.text()).toBe(await file.slice(from, to + 1).text());
      }
    }, 60_000);

    it('ends an upload in parts where it is told to, and where a part fails for good', async () => {
      const [room] = rooms();
      const abort = new AbortController();
      const reason = new Error('never mind');
      onPut = () => {
        abort.abort(reason);
        return Promise.reject(reason);
      };
      await expect(room.upload(largeFile(), { signal: abort.signal })).rejects.toBe(reason);
      let goOn = (): void => {};
      const isOver = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const asked: string[] = [];
      onPut = async ({ url }) => {
        const part = new URL(url).searchParams.get('partNumber') ?? '';
        asked.push(part);
        if (part === '1') throw new TypeError('nobody is there');
        await isOver;
        return { status: 200, text: '' };
      };
      await expect(room.upload(largeFile())).rejects.toMatchObject({ code: 'unavailable' });
      goOn();
      await pause(20);
      onPut = () => undefined;
      expect(asked.sort()).toEqual(['1', '1', '1', '1', '1', '2', '3']);
    }, 60_000);

    it('finds what was said by its words, a page at a time', async () => {
      const [room, others] = rooms();
      const [, ben] = clients;
      for (const text of ['High tide at noon', 'no wind today', 'the TIDE turns']) room.send(text);
      await until(others.messages, ({ items }) => items.some(({ text }) => text === 'the TIDE turns'));
      const find = (cursor?: string) =>
        ben?.search('tid', { room: room.id, limit: 1, ...(cursor && { cursor }) });
      const first = await find();
      const [hit] = first?.items ?? [];
      expect(hit).toMatchObject({ room: room.id, text: 'the TIDE turns' });
      expect(hit?.matches.map(([start, end]) => hit.text?.slice(start, end))).toEqual(['TIDE']);
      const second = await find(first?.cursor);
      expect(second?.items.map(({ text }) => text)).toEqual(['High tide at noon']);
      await expect(ben?.search('the')).rejects.toMatchObject({ code: 'bad_request' });
      await others.jumpTo(hit?.seq ?? 0);
      expect(others.messages.getSnapshot().items.some(({ text }) => text === hit?.text)).toBe(true);
    });

    it('keeps a thread: replies in order, its root, what is unread in it, and the list of threads', async () => {
      const [room, others] = rooms();
      room.send('who brings the boat?');
      const isRoot = ({ text }: { readonly text?: string | undefined }) => text === 'who brings the boat?';
      const { items } = await until(others.messages, (shown) => shown.items.some(isRoot));
      const found = items.find(isRoot);
      const root = found && 'seq' in found ? found.seq : 0;
      const [asked, answered] = [room.thread(root), others.thread(root)];
      asked.messages.subscribe(() => {});
      asked.rootMessage.subscribe(() => {});
      answered.send('I do');
      answered.send('and the oars');
      const replies = await until(asked.messages, (shown) => shown.items.length === 2);
      expect(replies.items.map(({ text }) => text)).toEqual(['I do', 'and the oars']);
      const told = await until(asked.rootMessage, (message) => message?.replyCount === 2);
      expect(told?.text).toBe('who brings the boat?');
      await expect
        .poll(async () => (await room.threads()).items, { timeout: PATIENCE_MS })
        .toMatchObject([{ root: { seq: root }, unread: 2 }]);
      await asked.jumpToEnd();
      await asked.markRead();
      expect(asked.unread.getSnapshot()).toBe(0);
      answered.send('and the sail');
      await until(asked.unread, (unread) => unread === 1);
      // Who comes later is told the same by history.
      const { messages } = await room.history({ thread: root });
      expect(messages.map(({ text }) => text)).toEqual(['I do', 'and the oars', 'and the sail']);
    });

    it('is told of every message where it wishes so, also after it was loaded again', async () => {
      const [room, others] = rooms();
      const [, ben] = clients;
      const heard: Notification[] = [];
      ben?.on('notification', (notification) => heard.push(notification));
      await others.setNotify('all');
      expect(others.summary.getSnapshot()?.notify).toBe('all');
      room.send('all hands');
      await expect
        .poll(() => heard, { timeout: PATIENCE_MS })
        .toContainEqual(expect.objectContaining({ kind: 'message', room: room.id, preview: 'all hands' }));
      await ben?.close();
      const again = load(() => fileStorage(folders[1] ?? ''));
      await online(again);
      const wished = await until(again.rooms, (list) => list.some(({ room: id }) => id === room.id));
      expect(wished.find(({ room: id }) => id === room.id)?.notify).toBe('all');
      await again.room(room.id).setNotify('mentions');
    });

    it('exports a room: its log from the first event to the last, for its admins', async () => {
      const [room, others] = rooms();
      const page = await room.exportLog();
      expect(page.items.map(({ seq }) => seq)).toEqual(
        Array.from({ length: page.seq }, (_, index) => index + 1),
      );
      expect(page.items[0]?.type).toBe('room.created');
      expect(page.cursor).toBeUndefined();
      await expect(clients.at(-1)?.room(others.id).exportLog()).rejects.toMatchObject({ code: 'forbidden' });
    });
  });
}
