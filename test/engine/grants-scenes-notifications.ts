/** Scenes of notifications: whom a message concerns hears of it. */
import { bodyOf } from '../helper/account.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

/** More than one run of the notifier sees to (shared/chat/notify.ts). */
const CROWD = 101;

async function newRoom({ alice, bob }: Stage): Promise<string> {
  rooms += 1;
  const room = `notes-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  bodyOf(await bob.call('POST', `/api/rooms/${room}/join`), 200);
  return room;
}

async function say({ alice }: Stage, room: string, text: string): Promise<number> {
  return bodyOf<{ seq: number }>(await alice.call('POST', `/api/rooms/${room}/messages`, { text }), 201).seq;
}

/** Members that nobody registered. @returns the last one's name. */
async function crowd({ chat }: Stage, room: string): Promise<string> {
  const names = Array.from({ length: CROWD }, (_, index) => `crowd-${String(index).padStart(3, '0')}`);
  await Promise.all(
    names.map((user) =>
      chat.put({
        pk: `USER#${user}`,
        sk: `ROOM#${room}`,
        gsi1pk: `ROOM#${room}`,
        gsi1sk: `MEMBER#${user}`,
        state: 'active',
        room,
        user,
        role: 'member',
        since: 2,
        asOf: 2,
        joinedAt: new Date().toISOString(),
        read: { seq: 2, n: 0 },
      }),
    ),
  );
  return names.at(-1) ?? '';
}

/** Somebody is mentioned, and its device hears of it. */
export const mention: Scene = async (stage) => {
  const room = await newRoom(stage);
  const client = await stage.bob.connect();
  const seq = await say(stage, room, `look, @${stage.bob.user}`);
  await client.waitFor('a notification', () =>
    client.frames.find((frame) => frame.type === 'notification' && frame.room === room && frame.seq === seq),
  );
};

/** A room is called that is larger than one run sees to; and a hint of somebody who wishes for less is met. */
export const notify: Scene = async (stage) => {
  const { bob, chat } = stage;
  await mention(stage);
  const room = await newRoom(stage);
  const last = await crowd(stage, room);
  const seq = await say(stage, room, 'hey @room');
  const claim = `NOTIFIED#${room}#${String(seq).padStart(12, '0')}`;
  await chat.until({ pk: `USER#${last}`, sk: claim }, (item) => item !== undefined);
  for (const wish of ['all', 'mentions']) {
    bodyOf(await bob.call('PUT', `/api/rooms/${room}/preferences`, { notify: wish }), 200);
  }
  await say(stage, room, `hello ${room}`);
  await chat.untilGone({ pk: `ROOM#${room}`, sk: `ALL#${bob.user}` });
};
