import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint, pause } from '../helper/endpoint.ts';
import { announce, PNG, sendForm, untilLookedAt, upload } from '../helper/files.ts';
import { createRoom, readMessages } from '../helper/room.ts';

let alice: Account;
let bob: Account;
let carol: Account;
beforeAll(async () => {
  [alice, bob, carol] = await people(endpoint(), 'alice', 'bob', 'carol');
});
afterAll(() => {
  for (const one of [alice, bob, carol]) one.disconnect();
});

/** What begins as a picture, and is none. */
const BROKEN_PNG = PNG.subarray(0, 40);
/** How long a deletion may take to reach the storage, milliseconds. */
const PATIENCE_MS = 20_000;

const fetchFile = (account: Account, room: string, file: string) =>
  account.call('GET', `/api/rooms/${room}/files/${file}`);

async function download(account: Account, room: string, file: string) {
  const { url } = bodyOf<{ url: string }>(
    await account.call('GET', `/api/rooms/${room}/files/${file}?redirect=false`),
    200,
  );
  return fetch(url);
}

describe('a file', () => {
  it('goes to the storage, into a message, and to every member, for saving', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    const file = await upload(alice, room, { name: 'a "pixel" é.png' });
    const attachment = { file, name: 'a "pixel" é.png', size: PNG.length, contentType: 'image/png' };
    const hers = await alice.connect();
    const { seq } = await hers.command('sendMessage', { room, text: 'look', attachments: [file] });
    expect(await his.untilHeard(room, seq)).toMatchObject({ text: 'look', attachments: [attachment] });
    expect((await readMessages(bob, room)).at(-1)).toMatchObject({ attachments: [attachment] });

    const led = await fetchFile(bob, room, file);
    expect(led.status).toBe(302);
    expect(led.headers.get('x-content-type-options')).toBe('nosniff');
    const response = await fetch(led.headers.get('location') ?? '');
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''a%20%22pixel%22%20%C3%A9.png",
    );
    expect(Buffer.from(await response.arrayBuffer()).equals(PNG)).toBe(true);
  });

  it('has a thumbnail where it is a picture, for members, as long as it is there', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const [picture, broken] = [await upload(alice, room), await upload(alice, room, { bytes: BROKEN_PNG })];
    const sent = await alice.call('POST', `/api/rooms/${room}/messages`, {
      text: 'look',
      attachments: [picture, broken],
    });
    const { seq } = bodyOf<{ seq: number }>(sent, 201);
    expect((await readMessages(bob, room)).at(-1)).toMatchObject({
      attachments: [
        expect.objectContaining({ file: picture, thumbnail: { width: 1, height: 1 } }),
        expect.not.objectContaining({ thumbnail: expect.anything() }),
      ],
    });
    const small = (account: Account, file: string) =>
      account.call('GET', `/api/rooms/${room}/files/${file}?redirect=false&thumbnail=true`);
    const { url } = bodyOf<{ url: string }>(await small(bob, picture), 200);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect((await small(bob, broken)).status).toBe(404);
    expect((await small(carol, picture)).status).toBe(403);
    bodyOf(await alice.call('DELETE', `/api/rooms/${room}/messages/${seq}`), 200);
    const deadline = Date.now() + PATIENCE_MS;
    while ((await fetch(url)).ok && Date.now() < deadline) await pause(200);
    expect((await fetch(url)).ok).toBe(false);
    expect((await small(bob, picture)).status).toBe(404);
  });

  it('is for members only (P6)', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const file = await upload(alice, room);
    expect((await fetchFile(bob, room, file)).status).toBe(302);
    expect((await fetchFile(carol, room, file)).status).toBe(403);
    bodyOf(await bob.call('POST', `/api/rooms/${room}/leave`), 200);
    expect((await fetchFile(bob, room, file)).status).toBe(403);
    const announced = await carol.call('POST', `/api/rooms/${room}/files`, {
      name: 'x',
      size: 1,
      contentType: 'text/plain',
    });
    expect(announced.status).toBe(403);
    // In no other room either.
    const other = await createRoom(carol);
    expect((await fetchFile(carol, other, file)).status).toBe(404);
  });

  it('is taken in exactly the size, the type and the place that was announced', async () => {
    const room = await createRoom(alice);
    const announced = await announce(alice, room, { name: 'x', size: 5, contentType: 'text/plain' });
    expect(await sendForm(announced, Buffer.from('six..!'))).toBe(400);
    expect(await sendForm(announced, Buffer.from('four'))).toBe(400);
    expect(await sendForm(announced, Buffer.from('12345'), { 'Content-Type': 'text/html' })).toBe(403);
    expect(await sendForm(announced, Buffer.from('12345'), { key: 'elsewhere' })).toBe(403);
    expect(await fetchFile(alice, room, announced.file)).toMatchObject({ status: 409 });
    expect(await sendForm(announced, Buffer.from('12345'))).toBe(204);
    expect((await untilLookedAt(alice, room, announced.file)).status).toBe(302);
  });

  it('that is not what it is said to be reaches nobody', async () => {
    const room = await createRoom(alice);
    const bytes = Buffer.from('<script>alert(1)</script>');
    const announced = await announce(alice, room, {
      name: 'pixel.png',
      size: bytes.length,
      contentType: 'image/png',
    });
    expect(await sendForm(announced, bytes)).toBe(204);
    const answer = await untilLookedAt(alice, room, announced.file);
    expect([answer.status, answer.text]).toEqual([
      409,
      expect.stringContaining('the file is not what it was declared to be'),
    ]);
    const sent = await alice.call('POST', `/api/rooms/${room}/messages`, {
      text: 'x',
      attachments: [announced.file],
    });
    expect(sent.status).toBe(409);
  });

  it('stays what was looked at, though something else is sent after it', async () => {
    const room = await createRoom(alice);
    const announced = await announce(alice, room, { name: 'x', size: 5, contentType: 'text/plain' });
    expect(await sendForm(announced, Buffer.from('first'))).toBe(204);
    await untilLookedAt(alice, room, announced.file);
    expect(await sendForm(announced, Buffer.from('other'))).toBe(204);
    await pause(2_000);
    expect(await (await download(alice, room, announced.file)).text()).toBe('first');
  });

  it('goes with its message', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const [file, kept] = [await upload(alice, room), await upload(alice, room)];
    const say = async (attachments: string[]) => {
      const sent = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'look', attachments });
      return bodyOf<{ seq: number }>(sent, 201).seq;
    };
    const seq = await say([file]);
    await say([kept]);
    const address = bodyOf<{ url: string }>(
      await bob.call('GET', `/api/rooms/${room}/files/${file}?redirect=false`),
      200,
    );
    bodyOf(await alice.call('DELETE', `/api/rooms/${room}/messages/${seq}`), 200);
    const deadline = Date.now() + PATIENCE_MS;
    while ((await fetchFile(bob, room, file)).status !== 404 && Date.now() < deadline) await pause(200);
    expect((await fetchFile(bob, room, file)).status).toBe(404);
    // An address that was given before is of no use either.
    while ((await fetch(address.url)).ok && Date.now() < deadline) await pause(200);
    expect((await fetch(address.url)).ok).toBe(false);
    expect((await fetchFile(bob, room, kept)).status).toBe(302);
  });
});

describe('a message with files', () => {
  it('is refused with files that are not the author’s, not there, or not ready', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const send = async (account: Account, attachments: string[], more: object = {}) =>
      (await account.call('POST', `/api/rooms/${room}/messages`, { text: 'x', attachments, ...more })).status;
    const file = await upload(alice, room);
    const pending = await announce(alice, room, { name: 'x', size: 1, contentType: 'text/plain' });
    const before = (await readMessages(alice, room)).length;
    expect(await send(bob, [file])).toBe(403);
    expect(await send(alice, ['a'.repeat(26)])).toBe(404);
    expect(await send(alice, [pending.file])).toBe(409);
    expect(await send(alice, [file, file])).toBe(400);
    expect(await send(alice, Array(11).fill(file))).toBe(400);
    expect((await readMessages(alice, room)).length).toBe(before);
    const elsewhere = await createRoom(alice);
    const foreign = await alice.call('POST', `/api/rooms/${elsewhere}/messages`, {
      text: 'x',
      attachments: [file],
    });
    expect(foreign.status).toBe(404);
  });

  it('is one, however often it is sent (P3), and its file no other message’s', async () => {
    const room = await createRoom(alice);
    const file = await upload(alice, room);
    const send = (id: string) =>
      alice.call('POST', `/api/rooms/${room}/messages`, { id, text: 'look', attachments: [file] });
    const { seq } = bodyOf<{ seq: number }>(await send('same'), 201);
    // By then the message has the file.
    const deadline = Date.now() + PATIENCE_MS;
    while ((await send(`other-${Date.now()}`)).status !== 409 && Date.now() < deadline) await pause(200);
    expect((await send('other')).status).toBe(409);
    expect(bodyOf<{ seq: number }>(await send('same'), 201).seq).toBe(seq);
  });
});

describe('an announcement', () => {
  it('of what can’t be a file is refused', async () => {
    const room = await createRoom(alice);
    const refused = async (change: object) => {
      const body = { name: 'x', size: 1, contentType: 'text/plain', ...change };
      return (await alice.call('POST', `/api/rooms/${room}/files`, body)).status;
    };
    expect(await refused({ size: 0 })).toBe(400);
    expect(await refused({ size: 5 * 1024 ** 3 + 1 })).toBe(400);
    expect(await refused({ name: '' })).toBe(400);
    expect(await refused({ contentType: 'no type' })).toBe(400);
    expect(await refused({ user: 'bob' })).toBe(400);
  });
});
