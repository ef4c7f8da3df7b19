import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { listRooms } from '../../shared/chat/lists.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import { project } from '../../shared/chat/project.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { deleteBlock, putBlock } from '../../shared/data/blocks.ts';
import { putMention } from '../../shared/data/mentions.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const [alice, bob, carol, dave] = [user('alice'), user('bob'), user('carol'), user('dave')];
let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase();
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

let rooms = 0;
/** A room of alice (its owner), bob and carol. */
async function newRoom(): Promise<RoomId> {
  const id = room(`mentions-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind: 'public' });
  for (const one of [bob, carol]) await joinRoom(ctx, { room: id, user: one });
  return id;
}
const say = async (id: RoomId, text: string, by = alice) =>
  (await sendMessage(ctx, { room: id, user: by, text })).seq;
const eventOf = async (id: RoomId, seq: number) =>
  (await readLog(ctx, id)).find(({ event }) => event.seq === seq)?.event;
async function mentionsOf(id: RoomId, who = bob): Promise<number | undefined> {
  await settleAll(ctx, id);
  const { items } = await listRooms(ctx, { user: who, limit: 100 });
  return items.find((one) => one.room === id)?.mentions;
}

describe('mentions', () => {
  it('are of members, found by the service, and counted until they are read', async () => {
    const id = await newRoom();
    const seq = await say(id, 'look, @bob and @Dave and @alice, and @carol.');
    expect(await eventOf(id, seq)).toMatchObject({ mentions: ['bob', 'carol'] });
    expect(await eventOf(id, await say(id, 'just @dave'))).not.toHaveProperty('mentions');
    await say(id, '@bob again');
    expect(await mentionsOf(id)).toBe(2);
    expect(await mentionsOf(id, carol)).toBe(1);
    await markRead(ctx, { user: bob, room: id, seq });
    expect(await mentionsOf(id)).toBe(1);
    await markRead(ctx, { user: bob, room: id, seq: 999 });
    expect(await mentionsOf(id)).toBe(0);
  });

  it('are counted once, whatever is repeated, and not again once they are read', async () => {
    const id = await newRoom();
    await say(id, '@bob one');
    await say(id, '@bob two');
    const log = await readLog(ctx, id);
    await Promise.all([project(ctx, id, log), project(ctx, id, log), project(ctx, id, log)]);
    expect(await mentionsOf(id)).toBe(2);
    await markRead(ctx, { user: bob, room: id, seq: 999 });
    await project(ctx, id, log);
    expect(await mentionsOf(id)).toBe(0);
  });

  it('of the whole room are for admins, and count once until they are read', async () => {
    const id = await newRoom();
    expect(await eventOf(id, await say(id, 'hey @room', bob))).not.toHaveProperty('everyone');
    expect(await eventOf(id, await say(id, 'hey @room'))).toMatchObject({ everyone: true });
    await say(id, '@room, @bob!');
    expect(await mentionsOf(id)).toBe(2);
    expect(await mentionsOf(id, carol)).toBe(1);
    expect(await mentionsOf(id, alice)).toBe(0);
    await markRead(ctx, { user: carol, room: id, seq: 999 });
    expect(await mentionsOf(id, carol)).toBe(0);
    await joinRoom(ctx, { room: id, user: dave });
    expect(await mentionsOf(id, dave)).toBe(0);
  });

  it('do not reach who has blocked the author', async () => {
    const id = await newRoom();
    await putBlock(ctx.chat, bob, carol, new Date().toISOString());
    expect(await eventOf(id, await say(id, '@bob @alice', carol))).toMatchObject({ mentions: ['alice'] });
    await deleteBlock(ctx.chat, bob, carol);
    expect(await eventOf(id, await say(id, '@bob', carol))).toMatchObject({ mentions: ['bob'] });
  });

  it('are counted up to a hundred, and those that were read make room', async () => {
    const id = await newRoom();
    const last = await say(id, 'the last one read');
    for (let seq = last + 1; seq <= last + 101; seq++)
      await putMention(ctx.chat, { user: bob, room: id, seq });
    expect(await mentionsOf(id)).toBe(100);
    const more = await say(id, 'more');
    await markRead(ctx, { user: bob, room: id, seq: more });
    await putMention(ctx.chat, { user: bob, room: id, seq: last + 200 });
    expect(await mentionsOf(id)).toBe(100);
  });
});
