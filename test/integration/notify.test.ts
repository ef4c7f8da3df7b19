import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteMessage, editMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { openDirect } from '../../shared/chat/direct.ts';
import { listRooms } from '../../shared/chat/lists.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import { ClaimedByAnother, NotPublished } from '../../shared/chat/notify.ts';
import { setPreferences } from '../../shared/chat/preferences.ts';
import { deleteRoom } from '../../shared/chat/room-settings.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { putBlock } from '../../shared/data/blocks.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { CLAIM_LEASE_MS } from '../../shared/data/notifications.ts';
import type { Table } from '../../shared/data/table.ts';
import type { Notify, RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import '../helper/matchers.ts';
import { type Notified, notifyAll, notifying, tasksOf } from '../helper/notified.ts';
import { registered } from '../helper/people.ts';

const [alice, bob, carol, dave] = [user('alice'), user('bob'), user('carol'), user('dave')];
let database: Database;
let ctx: ChatContext;
let notified: Notified;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());
beforeEach(() => {
  notified = notifying(ctx);
});

let rooms = 0;
/** A room of alice (its owner), bob and carol. */
async function newRoom(): Promise<RoomId> {
  const id = room(`notify-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind: 'public' });
  for (const one of [bob, carol]) await joinRoom(ctx, { room: id, user: one });
  return id;
}
const say = async (id: RoomId, text: string, by = alice) =>
  (await sendMessage(ctx, { room: id, user: by, text })).seq;
const wish = (id: RoomId, who: UserId, wanted: Notify) =>
  setPreferences(ctx, { room: id, user: who, notify: wanted });
/** Sees to all that the settler hands on. */
async function run(id: RoomId, from = 1): Promise<void> {
  for (const task of await tasksOf(ctx, id, from)) await notifyAll(notified.tools, task);
}
/** The same once a claim that nobody made good on is over. */
async function runLater(id: RoomId): Promise<void> {
  const later = { ...ctx, now: () => ctx.now() + CLAIM_LEASE_MS };
  for (const task of await tasksOf(ctx, id)) await notifyAll({ ...notified.tools, context: later }, task);
}
const published = () => notified.published.map(({ user: who, seq, kind }) => `${who} ${seq} ${kind}`).sort();
const hintOf = (id: RoomId, who: UserId) => ctx.chat.get(chatKeys.wantsAll(id, who));

describe('somebody is notified', () => {
  it('of a message that mentions it and that it has not read: on the topic and on its devices', async () => {
    const id = await newRoom();
    const seq = await say(id, 'look, @bob');
    await run(id);
    const [one] = notified.published;
    expect(one).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      kind: 'mention',
      room: id,
      seq,
      user: bob,
      from: alice,
      at: expect.any(String),
      preview: 'look, @bob',
    });
    expect(notified.told).toEqual([one]);
    expect(notified.published).toHaveLength(1);
  });

  it('of a message that calls the whole room, but for its author', async () => {
    const id = await newRoom();
    const seq = await say(id, 'dinner, @room');
    await run(id);
    expect(published()).toEqual([`bob ${seq} mention`, `carol ${seq} mention`]);
  });

  it('of every message where it wishes so, and of none where it wishes nothing', async () => {
    const id = await newRoom();
    expect(await tasksOf(ctx, id)).toEqual([]);
    expect(await wish(id, carol, 'all')).toEqual({ room: id, notify: 'all' });
    await wish(id, bob, 'nothing');
    const { items } = await listRooms(ctx, { user: carol, limit: 100 });
    expect(items.find((one) => one.room === id)?.notify).toBe('all');
    const first = await say(id, 'hello');
    const second = await say(id, 'hello @carol and @bob');
    await say(id, 'hello myself', carol);
    await say(id, 'hey @room');
    await run(id);
    const last = second + 2;
    expect(published()).toEqual(
      [`carol ${first} message`, `carol ${second} mention`, `carol ${last} mention`].sort(),
    );
  });

  it('of every message in a direct room, unless it wishes nothing', async () => {
    const [ann, ben] = await registered(ctx, 'ann', 'ben');
    const { room: direct } = await openDirect(ctx, { user: ann, other: ben });
    const seq = await say(direct.room, 'psst', ann);
    await wish(direct.room, ben, 'mentions');
    await run(direct.room);
    expect(published()).toEqual([`${ben} ${seq} direct`]);
    await wish(direct.room, ben, 'nothing');
    await say(direct.room, `psst @${ben}`, ann);
    await run(direct.room, seq + 1);
    expect(notified.published).toHaveLength(1);
  });

  it('with how the text begins as it is now', async () => {
    const id = await newRoom();
    const seq = await say(id, 'look, @bob');
    await editMessage(ctx, { room: id, user: alice, target: seq, text: `look ${'👨‍👩‍👧'.repeat(50)}` });
    await run(id);
    expect(notified.published[0]?.preview).toBe(`look ${'👨‍👩‍👧'.repeat(11)}…`);
  });
});

describe('nobody is notified', () => {
  it.each<[what: string, meanwhile: (id: RoomId, seq: number) => Promise<unknown>]>([
    ['who has read the message', (id, seq) => markRead(ctx, { room: id, user: bob, seq })],
    ['who has left', (id) => leaveRoom(ctx, { room: id, user: bob })],
    [
      'who has left and come back',
      async (id) => {
        await leaveRoom(ctx, { room: id, user: bob });
        await joinRoom(ctx, { room: id, user: bob });
      },
    ],
    ['of a deleted message', (id, seq) => deleteMessage(ctx, { room: id, user: alice, target: seq })],
    [
      'of a deleted message that is settled',
      async (id, seq) => {
        await deleteMessage(ctx, { room: id, user: alice, target: seq });
        await settleAll(ctx, id);
      },
    ],
    ['in a deleted room', (id) => deleteRoom(ctx, { room: id, user: alice })],
    ['who has blocked the author', () => putBlock(ctx.chat, bob, alice, new Date().toISOString())],
    ['who wishes nothing', (id) => wish(id, bob, 'nothing')],
  ])('%s meanwhile', async (_, meanwhile) => {
    const id = await newRoom();
    const seq = await say(id, 'look, @bob');
    const tasks = await tasksOf(ctx, id);
    await meanwhile(id, seq);
    for (const task of tasks) await notifyAll(notified.tools, task);
    expect(tasks).toEqual([{ room: id, seq }]);
    expect(published()).toEqual([]);
    await ctx.chat.delete(chatKeys.block(bob, alice));
  });

  it('of what was said before it joined', async () => {
    const id = await newRoom();
    await say(id, 'hey @room');
    await joinRoom(ctx, { room: id, user: dave });
    await run(id);
    expect(published().some((one) => one.startsWith('dave'))).toBe(false);
  });
});

describe('once', () => {
  it('however often and however late the message comes', async () => {
    const id = await newRoom();
    const seq = await say(id, 'hey @room and @bob');
    const [task] = await tasksOf(ctx, id);
    if (!task) throw new Error('nothing was handed on');
    // Who finds another at it fails, so that its message comes again.
    await Promise.allSettled([1, 2, 3].map(() => notifyAll(notified.tools, task)));
    await notifyAll(notified.tools, task);
    expect(published()).toEqual([`bob ${seq} mention`, `carol ${seq} mention`]);
  });

  it('but again where it was refused for certain; the others were notified already', async () => {
    const id = await newRoom();
    const seq = await say(id, 'hey @room');
    const publish = notified.publish;
    notified.publish = async (one) => {
      if (one.user === bob) throw new NotPublished('throttled');
      await publish(one);
    };
    await expect(run(id)).rejects.toThrow('throttled');
    expect(published()).toEqual([`carol ${seq} mention`]);
    notified.publish = publish;
    await run(id);
    await run(id);
    expect(published()).toEqual([`bob ${seq} mention`, `carol ${seq} mention`]);
  });

  it('but again, with the same id, where it is in doubt; not before whoever is at it must be dead', async () => {
    const id = await newRoom();
    await say(id, 'hey @bob');
    const { publish } = notified;
    notified.publish = async (one) => {
      await publish(one);
      throw new Error('no answer');
    };
    await expect(run(id)).rejects.toThrow('no answer');
    notified.publish = publish;
    await expect(run(id)).rejects.toThrow(ClaimedByAnother);
    expect(notified.doubts).toHaveLength(1);
    expect(notified.told).toHaveLength(0);
    await runLater(id);
    await runLater(id);
    expect(notified.published).toHaveLength(2);
    expect(new Set(notified.published.map((one) => one.id)).size).toBe(1);
    expect(notified.told).toHaveLength(1);
  });

  it('by another where the one who had claimed it died before it published', async () => {
    const id = await newRoom();
    const seq = await say(id, 'hey @bob');
    notified.publish = () => new Promise(() => {});
    void run(id);
    await vi.waitFor(async () => expect(await ctx.chat.get(chatKeys.notified(bob, id, seq))).toBeDefined());
    notified.publish = async (one) => {
      notified.published.push(one);
    };
    await expect(run(id)).rejects.toThrow(ClaimedByAnother);
    expect(published()).toEqual([]);
    await runLater(id);
    await run(id);
    expect(published()).toEqual([`bob ${seq} mention`]);
    expect(notified.told).toHaveLength(1);
  });

  it('not by another who finds that it was read meanwhile', async () => {
    const id = await newRoom();
    const seq = await say(id, 'hey @bob');
    notified.publish = async () => {
      throw new Error('no answer');
    };
    await expect(run(id)).rejects.toThrow('no answer');
    await markRead(ctx, { room: id, user: bob, seq });
    notified.publish = async (one) => {
      notified.published.push(one);
    };
    await runLater(id);
    expect(published()).toEqual([]);
  });
});

describe('in a large room', () => {
  it('everyone is notified of what calls the room, a hundred at a time', async () => {
    const id = await newRoom();
    for (let i = 0; i < 105; i++) await joinRoom(ctx, { room: id, user: user(`member-${i}`) });
    const seq = await say(id, 'hey @room');
    const [task] = await tasksOf(ctx, id);
    expect(await notifyAll(notified.tools, task ?? { room: id, seq })).toBe(2);
    expect(new Set(published()).size).toBe(107);
    expect(notified.published).toHaveLength(107);
  });
});

describe('the hint of who wishes for everything', () => {
  it('goes when it is met by who finds other wishes', async () => {
    const id = await newRoom();
    await wish(id, carol, 'all');
    await wish(id, bob, 'all');
    await wish(id, carol, 'mentions');
    await leaveRoom(ctx, { room: id, user: bob });
    expect(await hintOf(id, carol)).toBeDefined();
    await say(id, 'hello');
    await run(id);
    expect(published()).toEqual([]);
    expect(await hintOf(id, carol)).toBeUndefined();
    expect(await hintOf(id, bob)).toBeUndefined();
    expect(await tasksOf(ctx, id)).toEqual([]);
  });

  it('stays where the wish came back while somebody looked', async () => {
    const id = await newRoom();
    await wish(id, bob, 'all');
    await wish(id, bob, 'mentions');
    await say(id, 'hello');
    const [task] = await tasksOf(ctx, id);
    // Between the look at the membership and the deletion of the hint.
    const chat: Table = {
      ...ctx.chat,
      async batchGet(keys, options) {
        const items = await ctx.chat.batchGet(keys, options);
        await wish(id, bob, 'all');
        return items;
      },
    };
    await notifyAll({ ...notified.tools, context: { ...ctx, chat } }, task ?? { room: id, seq: 0 });
    expect(await hintOf(id, bob)).toBeDefined();
    const seq = await say(id, 'hello again');
    await run(id, seq);
    expect(published()).toEqual([`bob ${seq} message`]);
  });

  it('is a new one for who comes back and wishes anew: the wishes of the one who left are over', async () => {
    const id = await newRoom();
    await wish(id, bob, 'all');
    await leaveRoom(ctx, { room: id, user: bob });
    await joinRoom(ctx, { room: id, user: bob });
    await say(id, 'hello');
    await run(id);
    expect(published()).toEqual([]);
    await wish(id, bob, 'all');
    const seq = await say(id, 'hello again');
    await run(id, seq);
    expect(published()).toEqual([`bob ${seq} message`]);
  });
});

describe('preferences are refused', () => {
  it('to who is no member, as everywhere', async () => {
    const id = await newRoom();
    await expect(wish(id, dave, 'all')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(wish(room('nowhere'), dave, 'all')).rejects.toMatchObject({ code: 'not_found' });
    expect(await hintOf(id, dave)).toBeUndefined();
  });
});
