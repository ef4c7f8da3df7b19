/** Scenes of files: uploaded, looked at, sent, fetched, gone with their message. */
import { bodyOf } from '../helper/account.ts';
import { announce, PNG, sendForm, untilLookedAt, upload } from '../helper/files.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

/** How long the background may take, milliseconds. */
const PATIENCE_MS = 10_000;

async function uploaded({ alice }: Stage): Promise<{ room: string; file: string }> {
  rooms += 1;
  const room = `files-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
  return { room, file: await upload(alice, room) };
}

async function fetched({ alice }: Stage, { room, file }: { room: string; file: string }): Promise<string> {
  const { headers } = await alice.call('GET', `/api/rooms/${room}/files/${file}`);
  const address = headers.get('location') ?? '';
  if (!(await fetch(address)).ok) throw new Error('the file can not be fetched');
  return address;
}

/** What the HTTP API signs: a form, and an address. */
export const passFile: Scene = async (stage) => {
  await fetched(stage, await uploaded(stage));
};

export const sendFile: Scene = async (stage) => {
  const { room, file } = await uploaded(stage);
  const client = await stage.alice.connect();
  await client.command('sendMessage', { room, text: 'look', attachments: [file] });
};

/** One file from its announcement to its end, and one that is not what it is said to be. */
export const keepFiles: Scene = async (stage) => {
  const { alice, chat } = stage;
  const { room, file } = await uploaded(stage);
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
  const fake = await announce(alice, room, { name: 'x', size: PNG.length, contentType: 'image/gif' });
  if ((await sendForm(fake, PNG)) !== 204) throw new Error('the storage refuses the upload');
  bodyOf(await untilLookedAt(alice, room, fake.file), 409);
};
