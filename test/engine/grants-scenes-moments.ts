/** What is true for a moment: typing and read marks, told by the functions that are asked. */
import { bodyOf } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

/** A room with one message, which alice and bob hear. */
async function together({ alice, bob }: Stage): Promise<{ room: string; a: Client; b: Client }> {
  rooms += 1;
  const room = `moment-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  bodyOf(await bob.call('POST', `/api/rooms/${room}/join`), 200);
  bodyOf(await alice.call('POST', `/api/rooms/${room}/messages`, { text: `hello ${room}` }), 201);
  return { room, a: await alice.connect(), b: await bob.connect() };
}

const typing: Scene = async (stage) => {
  const { room, a, b } = await together(stage);
  await b.command('typing', { room, on: true });
  await a.waitFor('typing', () => a.frames.find((frame) => frame.type === 'typing' && frame.room === room));
};

const markRead: Scene = async (stage) => {
  const { room, a, b } = await together(stage);
  await a.command('sendMessage', { room, thread: 3, text: `more ${room}` });
  const { unread: replies } = await b.command('markRead', { room, thread: 3, seq: 3 });
  if (replies !== 1) throw new Error(`${replies} replies are unread`);
  const { unread } = await b.command('markRead', { room, seq: 3 });
  if (unread !== 1) throw new Error(`${unread} are unread`);
  await a.waitFor('a read mark', () =>
    a.frames.find((frame) => frame.type === 'read' && frame.room === room),
  );
  await readWhatIsOver(stage);
};

/** Up to a message whose time was over, so that it is gone: how many came before it is found by the next. */
async function readWhatIsOver(stage: Stage): Promise<void> {
  const { room, b } = await together(stage);
  // A change of the room has everything before it settled.
  bodyOf(await stage.alice.call('PATCH', `/api/rooms/${room}`, { topic: 'Tea' }), 200);
  await stage.chat.until({ pk: `ROOM#${room}`, sk: 'HEAD' }, (head) => head?.settled === 4);
  await stage.chat.delete({ pk: `ROOM#${room}`, sk: 'E#000000000003' });
  await b.command('markRead', { room, seq: 3 });
}

export const MOMENT_SCENES: Readonly<Record<string, Scene>> = {
  'WebSocket/TypingHandler': typing,
  'WebSocket/MarkReadHandler': markRead,
};
