import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { listRooms } from '../../shared/chat/lists.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { sync } from '../../shared/chat/sync.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const alice = user('alice');
const bob = user('bob');
let database: Database;
let ctx: ChatContext;
let rooms = 0;

beforeAll(async () => {
  database = await startDatabase();
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

/** A room of alice, which bob joined as event 2, and then so many messages of alice. */
async function roomWith(messages: number, kind: 'public' | 'private' = 'public'): Promise<RoomId> {
  const id = room(`read-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind });
  if (kind === 'public') await joinRoom(ctx, { user: bob, room: id });
  for (let i = 0; i < messages; i++) {
    await sendMessage(ctx, { room: id, user: alice, id: clientId(`m${i}`), text: `t${i}` });
  }
  return id;
}
const mark = (id: RoomId, seq: number, who = bob) => markRead(ctx, { user: who, room: id, seq });

describe('markRead', () => {
  it('moves the mark to a message, and tells exactly what is unread from there', async () => {
    const id = await roomWith(4);
    expect(await mark(id, 4)).toEqual({ data: { room: id, seq: 4, unread: 2 }, moved: true });
    expect(await mark(id, 6)).toEqual({ data: { room: id, seq: 6, unread: 0 }, moved: true });
    const [synced] = (await sync(ctx, { user: bob })).rooms.filter(({ room: one }) => one === id);
    expect(synced).toMatchObject({ read: 6, unread: 0 });
    const listed = (await listRooms(ctx, { user: bob, limit: 100 })).items.find((one) => one.room === id);
    expect(listed).toMatchObject({ read: 6, unread: 0 });
  });

  it('counts messages alone: an event that is none leaves nothing unread', async () => {
    const id = await roomWith(2);
    await leaveRoom(ctx, { user: bob, room: id });
    await joinRoom(ctx, { user: bob, room: id });
    await sendMessage(ctx, { room: id, user: alice, id: clientId('last'), text: 'x' });
    expect((await mark(id, 6)).data).toEqual({ room: id, seq: 6, unread: 1 });
  });

  it('never moves it back', async () => {
    const id = await roomWith(4);
    await mark(id, 5);
    for (const seq of [0, 2, 4, 5]) {
      expect(await mark(id, seq)).toEqual({ data: { room: id, seq: 5, unread: 1 }, moved: false });
    }
  });

  it('ends up at the largest of many at once', async () => {
    const id = await roomWith(8);
    await Promise.all([3, 9, 5, 10, 4, 7].map((seq) => mark(id, seq)));
    expect(await mark(id, 0)).toEqual({ data: { room: id, seq: 10, unread: 0 }, moved: false });
  });

  it('takes a number beyond the log for its end', async () => {
    const id = await roomWith(2);
    expect((await mark(id, 999_999)).data).toEqual({ room: id, seq: 4, unread: 0 });
    await sendMessage(ctx, { room: id, user: alice, id: clientId('after'), text: 'x' });
    expect((await mark(id, 0)).data).toEqual({ room: id, seq: 4, unread: 1 });
  });

  it('is kept by what happens to the membership later', async () => {
    const id = await roomWith(3);
    await mark(id, 5);
    await settleAll(ctx, id);
    expect((await mark(id, 0)).data.seq).toBe(5);
  });

  it('waits for who has left and come back until its item says so: the mark of before ends with that', async () => {
    const id = await roomWith(2);
    const key = chatKeys.membership(bob, id);
    const before = await ctx.chat.get(key);
    await leaveRoom(ctx, { user: bob, room: id });
    await joinRoom(ctx, { user: bob, room: id });
    const after = await ctx.chat.get(key);
    if (!before || !after) throw new Error('bob has no item');
    // As if whoever committed both had died right after that.
    await ctx.chat.put(before);
    await expect(mark(id, 6)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await ctx.chat.get(key)).toEqual(before);
    await ctx.chat.put(after);
    await sendMessage(ctx, { room: id, user: alice, id: clientId('last'), text: 'x' });
    expect((await mark(id, 7)).data).toEqual({ room: id, seq: 7, unread: 0 });
  });

  it('writes once, to the membership', async () => {
    const id = await roomWith(3);
    const written: string[] = [];
    const watched: ChatContext = {
      ...ctx,
      chat: {
        ...ctx.chat,
        update: (key, change) => {
          written.push(`${key.pk} ${key.sk}`);
          return ctx.chat.update(key, change);
        },
      },
    };
    await markRead(watched, { user: bob, room: id, seq: 4 });
    expect(written).toEqual([`USER#bob ROOM#${id}`]);
  });

  it('P6 members only: refuses others, and hides a private room', async () => {
    const id = await roomWith(1);
    await leaveRoom(ctx, { user: bob, room: id });
    await expect(mark(id, 1)).rejects.toMatchObject({ code: 'forbidden' });
    const hidden = await roomWith(1, 'private');
    await expect(mark(hidden, 1)).rejects.toMatchObject({ code: 'not_found' });
    await expect(mark(room('nowhere'), 1)).rejects.toMatchObject({ code: 'not_found' });
  });
});
