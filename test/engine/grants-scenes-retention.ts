/** Scenes of retention: a room's messages are brought under a shorter one. */
import { bodyOf } from '../helper/account.ts';
import { upload } from '../helper/files.ts';
import type { Scene } from './grants-stage.ts';

let rooms = 0;

/** A message with a file, edited and pinned, in a room that then keeps messages for a day. */
export const trimRoom: Scene = async ({ alice, chat }) => {
  rooms += 1;
  const room = `trim-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
  const file = await upload(alice, room);
  const path = `/api/rooms/${room}/messages`;
  const sent = await alice.call('POST', path, { text: `look ${room}`, attachments: [file] });
  const { seq } = bodyOf<{ seq: number }>(sent, 201);
  bodyOf(await alice.call('PUT', `${path}/${seq}/pin`), 200);
  bodyOf(await alice.call('PATCH', `/api/rooms/${room}`, { retentionDays: 1 }), 200);
  const event = { pk: `ROOM#${room}`, sk: `E#${String(seq).padStart(12, '0')}` };
  await chat.until(event, (item) => item?.expiresAt !== undefined);
  // Until a message has it, a file has an end of its own.
  const kept = { pk: `ROOM#${room}`, sk: `FILE#${file}` };
  await chat.until(kept, (item) => item?.message === seq && item.expiresAt !== undefined);
};
