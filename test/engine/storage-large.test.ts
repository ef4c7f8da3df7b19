import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolders } from './engine-helper.ts';
import { FILES, type StorageEngine, startStorage } from './storage-helper.ts';

const GIGABYTE = 1024 ** 3;
/** Sixty-four of them. */
const PART = 16 * 1024 ** 2;
const CHUNK = Buffer.alloc(1024 ** 2, 'a gigabyte of this ');
/** What the process may grow by while a gigabyte passes through server and client, which share it, bytes. */
const GROWTH = 200 * 1024 ** 2;
const TIME_MS = 180_000;

let engine: StorageEngine;

beforeAll(async () => {
  engine = await startStorage();
});
afterAll(async () => {
  await engine?.close();
  await removeFolders();
});

/** How much the process grew at most while it worked. */
async function growth(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

function* gigabyte() {
  for (let sent = 0; sent < GIGABYTE; sent += CHUNK.length) yield CHUNK;
}

/** Sends a body that is made while it goes; the status of the answer. */
async function send(
  url: string,
  method: string,
  headers: Record<string, string | number>,
  body: Iterable<Buffer>,
) {
  const outgoing = request(url, { method, headers });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  await pipeline(Readable.from(body), outgoing);
  return answered;
}

/** Sends half of a body and goes away. */
async function cutOff(url: string, size: number): Promise<void> {
  const outgoing = request(url, { method: 'PUT', headers: { 'content-length': size } });
  outgoing.on('error', () => {});
  outgoing.write(Buffer.alloc(size / 2), () => outgoing.destroy());
  await new Promise((resolve) => outgoing.once('close', resolve));
}

async function download(url: string): Promise<number> {
  const response = await fetch(url);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  return bytes;
}

describe('a gigabyte', () => {
  it(
    'goes up by a form and down by an address with flat memory',
    async () => {
      const { url, fields } = await engine.form({
        Bucket: FILES,
        Key: 'large',
        Conditions: [['content-length-range', 1, GIGABYTE]],
      });
      const boundary = 'the-boundary';
      const parts = Object.entries(fields).map(
        ([name, value]) =>
          `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const head = `${parts.join('')}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n`;
      const tail = `\r\n--${boundary}--\r\n`;
      function* body() {
        yield Buffer.from(head);
        yield* gigabyte();
        yield Buffer.from(tail);
      }
      const headers = {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head.length + GIGABYTE + tail.length,
      };
      const up = await growth(async () => {
        expect(await send(url, 'POST', headers, body())).toBe(204);
      });
      const address = await engine.address('GetObject', { Bucket: FILES, Key: 'large' });
      const down = await growth(async () => {
        expect(await download(address)).toBe(GIGABYTE);
      });
      expect(up).toBeLessThan(GROWTH);
      expect(down).toBeLessThan(GROWTH);
    },
    TIME_MS,
  );

  it(
    'goes up by an address with flat memory',
    async () => {
      const url = await engine.address('PutObject', { Bucket: FILES, Key: 'large' });
      const up = await growth(async () => {
        expect(await send(url, 'PUT', { 'content-length': GIGABYTE }, gigabyte())).toBe(200);
      });
      expect(up).toBeLessThan(GROWTH);
    },
    TIME_MS,
  );

  it(
    'goes up in parts with flat memory, is cut off in the middle and goes on',
    async () => {
      const at = { Bucket: FILES, Key: 'in parts' };
      const { UploadId } = await engine.call('CreateMultipartUpload', at);
      const parts = GIGABYTE / PART;
      const sendPart = async (PartNumber: number) => {
        const signing = { options: { signableHeaders: ['content-length'] } };
        const parameters = { ...at, UploadId, PartNumber, ContentLength: PART };
        const url = await engine.address('UploadPart', parameters, signing);
        if (PartNumber === parts / 2) await cutOff(url, PART);
        const bytes = Array<Buffer>(PART / CHUNK.length).fill(CHUNK);
        expect(await send(url, 'PUT', { 'content-length': PART }, bytes)).toBe(200);
      };
      const list = async () => {
        const { Parts } = await engine.call('ListParts', { ...at, UploadId });
        return Parts as { PartNumber: number; ETag: string; Size: number }[];
      };
      const up = await growth(async () => {
        for (let part = 1; part <= parts / 2; part++) await sendPart(part);
        const came = new Set((await list()).map(({ PartNumber }) => PartNumber));
        expect(came.size).toBe(parts / 2);
        for (let part = 1; part <= parts; part++) if (!came.has(part)) await sendPart(part);
        const MultipartUpload = { Parts: await list() };
        const done = await engine.call('CompleteMultipartUpload', { ...at, UploadId, MultipartUpload });
        expect(done).toMatchObject({ status: 200 });
      });
      const address = await engine.address('GetObject', at);
      const down = await growth(async () => {
        expect(await download(address)).toBe(GIGABYTE);
      });
      expect(up).toBeLessThan(GROWTH);
      expect(down).toBeLessThan(GROWTH);
    },
    TIME_MS,
  );
});
