import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint, pause } from '../helper/endpoint.ts';
import { addressesOf, announce, type PartAddress, sendPart, untilLookedAt } from '../helper/files.ts';
import { createRoom } from '../helper/room.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  for (const one of [alice, bob]) one.disconnect();
});

/** The smallest that comes in parts: six, the last of them smaller. */
const SIZE = 100_000_001;
const TIME_MS = 120_000;
/** How long a deletion may take to reach the storage, milliseconds. */
const PATIENCE_MS = 20_000;

/** The bytes of a part: a PDF by its beginning, then the number over and over. */
function bytesOf(part: number, size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size, `${part} `);
  if (part === 1) bytes.write('%PDF-1.7\n');
  return bytes;
}

/** Sends half of a part and goes away. */
async function cutOff({ url }: PartAddress, bytes: Buffer): Promise<void> {
  const ask = url.startsWith('https:') ? secureRequest : request;
  const outgoing = ask(url, { method: 'PUT', headers: { 'content-length': bytes.length } });
  outgoing.on('error', () => {});
  outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy());
  await new Promise((resolve) => outgoing.once('close', resolve));
}

async function hashOf(response: Response): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of response.body ?? []) hash.update(chunk);
  return hash.digest('hex');
}

describe('a file of more than 100 MB', () => {
  it(
    'comes in parts, goes on where it was cut off, and is one file',
    async () => {
      const room = await createRoom(alice, { members: [bob] });
      const announced = await announce(alice, room, {
        name: 'book.pdf',
        size: SIZE,
        contentType: 'application/pdf',
      });
      const { file, multipart: { partSize, parts } = { partSize: 0, parts: 0 } } = announced;
      const path = `/api/rooms/${room}/files/${file}`;
      expect([partSize, parts]).toEqual([16 * 1024 ** 2, 6]);
      const sizeOf = (part: number) => Math.min(partSize, SIZE - (part - 1) * partSize);
      const send = async (...wanted: number[]) => {
        for (const address of await addressesOf(alice, room, { file, parts: wanted })) {
          expect(await sendPart(address, bytesOf(address.part, sizeOf(address.part)))).toBe(200);
        }
      };
      const came = async () => {
        const { items } = bodyOf<{ items: { part: number; size: number }[] }>(
          await alice.call('GET', `${path}/parts`),
          200,
        );
        return items.map(({ part, size }) => [part, size]);
      };
      const complete = (by: Account) => by.call('POST', `${path}/complete`);

      await send(1, 6);
      const [second] = await addressesOf(alice, room, { file, parts: [2] });
      if (!second) throw new Error('there is no address');
      await cutOff(second, bytesOf(2, sizeOf(2)));
      // Neither more bytes than it has nor fewer make a part, whether the storage takes them or not.
      await sendPart(second, bytesOf(2, sizeOf(2) + 1));
      await sendPart(second, bytesOf(2, 10));
      expect(await came()).toEqual(
        expect.arrayContaining([
          [1, partSize],
          [6, sizeOf(6)],
        ]),
      );
      expect((await complete(alice)).status).toBe(409);
      expect((await complete(bob)).status).toBe(403);
      expect((await bob.call('POST', `${path}/parts`, { parts: [1] })).status).toBe(403);
      expect((await alice.call('POST', `${path}/parts`, { parts: [7] })).status).toBe(400);

      await send(2, 3, 4, 5);
      expect(await came()).toEqual([1, 2, 3, 4, 5, 6].map((part) => [part, sizeOf(part)]));
      expect((await complete(alice)).status).toBe(204);
      expect((await complete(alice)).status).toBe(204);
      expect((await untilLookedAt(alice, room, file)).status).toBe(302);
      // What is there stays as it is.
      expect(await sendPart(second, bytesOf(3, sizeOf(2)))).not.toBe(200);

      const sent = await alice.call('POST', `/api/rooms/${room}/messages`, {
        text: 'read',
        attachments: [file],
      });
      const { seq } = bodyOf<{ seq: number }>(sent, 201);
      const { url } = bodyOf<{ url: string }>(await bob.call('GET', `${path}?redirect=false`), 200);
      const expected = createHash('sha256');
      for (let part = 1; part <= parts; part++) expected.update(bytesOf(part, sizeOf(part)));
      expect(await hashOf(await fetch(url))).toBe(expected.digest('hex'));

      bodyOf(await alice.call('DELETE', `/api/rooms/${room}/messages/${seq}`), 200);
      const deadline = Date.now() + PATIENCE_MS;
      const isThere = async () => {
        const response = await fetch(url, { headers: { range: 'bytes=0-0' } });
        await response.arrayBuffer();
        return response.ok;
      };
      while ((await isThere()) && Date.now() < deadline) await pause(200);
      expect(await isThere()).toBe(false);
    },
    TIME_MS,
  );
});
