/** Scenes of files: uploaded, looked at, sent, fetched, gone with their message. */
import { bodyOf } from '../helper/account.ts';
import { addressesOf, announce, PNG, sendForm, sendPart, untilLookedAt, upload } from '../helper/files.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

/** How long the background may take, milliseconds. */
const PATIENCE_MS = 10_000;

async function privateRoom({ alice }: Stage): Promise<string> {
  rooms += 1;
  const room = `files-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
  return room;
}

async function uploaded(stage: Stage): Promise<{ room: string; file: string }> {
  const room = await privateRoom(stage);
  return { room, file: await upload(stage.alice, room) };
}

async function fetched({ alice }: Stage, { room, file }: { room: string; file: string }): Promise<string> {
  const { headers } = await alice.call('GET', `/api/rooms/${room}/files/${file}`);
  const address = headers.get('location') ?? '';
  if (!(await fetch(address)).ok) throw new Error('the file can not be fetched');
  return address;
}

/** What the HTTP API signs: a form, an address, and addresses of parts, which it sees and makes one. */
export const passFile: Scene = async (stage) => {
  await fetched(stage, await uploaded(stage));
  await fetched(stage, await uploadedInParts(stage));
};

/** The smallest file that comes in parts. */
const LARGE_BYTES = 100_000_001;

async function uploadedInParts(stage: Stage): Promise<{ room: string; file: string }> {
  const { alice } = stage;
  const room = await privateRoom(stage);
  const large = { name: 'large', size: LARGE_BYTES, contentType: 'text/plain' };
  const { file, multipart } = await announce(alice, room, large);
  const { partSize = 0, parts = 0 } = multipart ?? {};
  const numbers = Array.from({ length: parts }, (_, index) => index + 1);
  await Promise.all(
    (await addressesOf(alice, room, { file, parts: numbers })).map(async (address) => {
      const bytes = Buffer.alloc(Math.min(partSize, LARGE_BYTES - (address.part - 1) * partSize));
      if ((await sendPart(address, bytes)) !== 200) throw new Error('the storage refuses the part');
    }),
  );
  bodyOf(await alice.call('POST', `/api/rooms/${room}/files/${file}/complete`), 204);
  await untilLookedAt(alice, room, file);
  return { room, file };
}

export const sendFile: Scene = async (stage) => {
  const { room, file } = await uploaded(stage);
  const client = await stage.alice.connect();
  await client.command('sendMessage', { room, text: 'look', attachments: [file] });
};

/** One file from its announcement to its end, and one that is not what it is said to be. */
export const keepFile: Scene = async (stage) => {
  const picture = await uploaded(stage);
  const small = await stage.alice.call(
    'GET',
    `/api/rooms/${picture.room}/files/${picture.file}?thumbnail=true`,
  );
  if (small.status !== 302) throw new Error('the picture has no thumbnail');
  await keepUntilDeleted(stage, picture);
  await refuseFakes(stage);
};

/** The same, and with one that comes in parts. */
export const keepFiles: Scene = async (stage) => {
  await keepFile(stage);
  await keepUntilDeleted(stage, await uploadedInParts(stage));
};

async function keepUntilDeleted(stage: Stage, { room, file }: { room: string; file: string }): Promise<void> {
  const { alice, chat } = stage;
  const address = await fetched(stage, { room, file });
  const client = await alice.connect();
  const { seq } = await client.command('sendMessage', { room, text: 'look', attachments: [file] });
  const item = { pk: `ROOM#${room}`, sk: `FILE#${file}` };
  await chat.until(item, (one) => one?.message === seq);
  bodyOf(await alice.call('DELETE', `/api/rooms/${room}/messages/${seq}`), 200);
  await chat.untilGone(item);
  const deadline = Date.now() + PATIENCE_MS;
  while ((await fetch(address)).ok) {
    if (Date.now() > deadline) throw new Error('the file outlives its message');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function refuseFakes(stage: Stage): Promise<void> {
  const { alice } = stage;
  const room = await privateRoom(stage);
  const fake = await announce(alice, room, { name: 'x', size: PNG.length, contentType: 'image/gif' });
  if ((await sendForm(fake, PNG)) !== 204) throw new Error('the storage refuses the upload');
  bodyOf(await untilLookedAt(alice, room, fake.file), 409);
}
