/** What becomes of messages: edits, deletions, reactions, pins, threads, and the projector behind them. */
import { SETTLE_EVERY } from '../../shared/chat/settle.ts';
import { bodyOf, freshName } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

async function newRoom({ alice }: Stage): Promise<string> {
  rooms += 1;
  const room = `message-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  return room;
}

/** The room that a user's scenes share, and how many events it takes before the settler moves `settled` again. */
const shared = new Map<string, { readonly room: string; left: number }>();

/**
 * A room of alice in which nothing is settled but its creation, as long as a scene needs it: what is not settled is read from the log
 * by whoever changes a message, and what is settled is not.
 *
 * @param events that the scene makes at most. To wait for a room to be settled takes a second, so that scenes share it.
 */
async function unsettled(stage: Stage, events: number): Promise<string> {
  const { user } = stage.alice;
  const known = shared.get(user);
  if (known && known.left >= events) {
    known.left -= events;
    return known.room;
  }
  const room = await newRoom(stage);
  await stage.chat.until({ pk: `ROOM#${room}`, sk: 'HEAD' }, (head) => head?.settled === 1);
  shared.set(user, { room, left: SETTLE_EVERY - 1 - events });
  return room;
}

/** A message of alice, and a socket of hers. */
async function withMessage(
  { alice }: Stage,
  room: string,
): Promise<{ client: Client; room: string; target: number }> {
  const sent = await alice.call('POST', `/api/rooms/${room}/messages`, { text: 'hello' });
  return { client: await alice.connect(), room, target: bodyOf<{ seq: number }>(sent, 201).seq };
}

const CHANGES = {
  EditMessage: ['editMessage', { text: 'hello again' }],
  DeleteMessage: ['deleteMessage', {}],
  AddReaction: ['addReaction', { emoji: '👍' }],
  RemoveReaction: ['removeReaction', { emoji: '👍' }],
  PinMessage: ['pinMessage', {}],
  UnpinMessage: ['unpinMessage', {}],
} as const;

/** What has to be there before a change can be taken back. */
const BEFORE: Partial<Record<keyof typeof CHANGES, string>> = {
  RemoveReaction: `reactions/${encodeURIComponent('👍')}`,
  UnpinMessage: 'pin',
};

const change =
  (name: keyof typeof CHANGES): Scene =>
  async (stage) => {
    // The message, what has to be there before, and the change.
    const { client, room, target } = await withMessage(stage, await unsettled(stage, 3));
    const before = BEFORE[name];
    const path = `/api/rooms/${room}/messages/${target}/${before}`;
    if (before !== undefined) bodyOf(await stage.alice.call('PUT', path), 200);
    const [action, fields] = CHANGES[name];
    await client.command(action, { room, target, ...fields });
  };

/** Speaks, twice under one id, and replies. */
export const send: Scene = async (stage) => {
  const { client, room, target: thread } = await withMessage(stage, await unsettled(stage, 3));
  const id = freshName('same');
  await client.command('sendMessage', { room, text: 'one', id });
  await client.command('sendMessage', { room, text: 'one', id });
  await client.command('sendMessage', { room, text: 'two', thread });
};

export const readHistory: Scene = async (stage) => {
  const { client, room, target: thread } = await withMessage(stage, await newRoom(stage));
  const reply = await stage.alice.call('POST', `/api/rooms/${room}/messages`, { text: 'a reply', thread });
  const { seq } = bodyOf<{ seq: number }>(reply, 201);
  const key = { pk: `ROOM#${room}`, sk: 'HEAD' };
  // A reply that is settled is read by its number; a change of rights has everything before it settled.
  bodyOf(await stage.bob.call('POST', `/api/rooms/${room}/join`), 200);
  await stage.chat.until(key, (head) => Number(head?.settled) > seq);
  await client.command('history', { room });
  const { messages } = await client.command('history', { room, thread });
  if (messages.length !== 1) throw new Error(`the thread shows ${messages.length} replies`);
};

/** A message that was edited, pinned and deleted: its item, the edit's text, and the list of pins. */
export const project: Scene = async (stage) => {
  const { client, room, target } = await withMessage(stage, await newRoom(stage));
  await client.command('editMessage', { room, target, text: 'hello again' });
  await client.command('pinMessage', { room, target });
  await client.command('deleteMessage', { room, target });
  const key = { pk: `ROOM#${room}`, sk: `E#${String(target).padStart(12, '0')}` };
  await stage.chat.until(key, (item) => item?.deleted === true);
};

export const CHANGE_SCENES: Readonly<Record<string, Scene>> = Object.fromEntries(
  (Object.keys(CHANGES) as (keyof typeof CHANGES)[]).map((name) => [
    `WebSocket/${name}Handler`,
    change(name),
  ]),
);
