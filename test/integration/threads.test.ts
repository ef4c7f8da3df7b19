import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { markRead, markThreadRead } from '../../shared/chat/mark-read.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { listThreads } from '../../shared/chat/threads.ts';
import { type Committed, putEvent } from '../../shared/data/events.ts';
import { RoomEvent } from '../../shared/protocol/events.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { notifyAll, notifying, tasksOf } from '../helper/notified.ts';

const [alice, bob, carol, dave] = [user('alice'), user('bob'), user('carol'), user('dave')];
let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

let rooms = 0;
/** A room of alice (its owner), bob and carol. */
async function newRoom(kind: 'public' | 'private' = 'public'): Promise<RoomId> {
  const id = room(`threads-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind });
  if (kind === 'public') for (const one of [bob, carol]) await joinRoom(ctx, { room: id, user: one });
  return id;
}
const say = async (id: RoomId, text: string, by = alice, thread?: number) =>
  (await sendMessage(ctx, { room: id, user: by, text, thread })).seq;
const mark = (id: RoomId, thread: number, seq: number, who = bob) =>
  markThreadRead(ctx, { user: who, room: id, thread, seq });
async function threadsOf(id: RoomId, who = bob): Promise<string[]> {
  const { items } = await listThreads(ctx, { user: who, room: id });
  return items.map(({ root, unread }) => `${root.seq}: ${unread}`);
}
/** Whatever is settled and whatever is not: the same. */
async function always(id: RoomId, check: () => Promise<void>): Promise<void> {
  await check();
  await settleAll(ctx, id);
  await check();
}

describe('the mark of a thread', () => {
  it('moves forward only, in one write, and tells how many replies of others are unread', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    const replies = [];
    for (const text of ['one', 'two', 'three']) replies.push(await say(id, text, alice, root));
    await say(id, 'my own', bob, root);
    const [first = 0, , last = 0] = replies;
    await always(id, async () => {
      expect((await readHistory(ctx, { user: carol, room: id, thread: root })).unread).toBe(4);
    });
    expect(await mark(id, root, first)).toEqual({ room: id, thread: root, seq: first, unread: 2 });
    expect(await mark(id, root, last)).toEqual({ room: id, thread: root, seq: last, unread: 0 });
    expect(await mark(id, root, first)).toEqual({ room: id, thread: root, seq: last, unread: 0 });
    const beyond = await mark(id, root, 999);
    expect(beyond.seq).toBe(last + 1);
    await say(id, 'four', carol, root);
    await always(id, async () => {
      expect(await mark(id, root, 0)).toEqual({ ...beyond, unread: 1 });
      expect((await readHistory(ctx, { user: bob, room: id, thread: root })).unread).toBe(1);
    });
  });

  it('is not the room’s, nor that of another thread', async () => {
    const id = await newRoom();
    const [one, two] = [await say(id, 'one'), await say(id, 'two')];
    for (const root of [one, two]) await say(id, 'reply', alice, root);
    await markRead(ctx, { user: bob, room: id, seq: 999 });
    expect((await readHistory(ctx, { user: bob, room: id, thread: one })).unread).toBe(1);
    await mark(id, one, 999);
    expect((await readHistory(ctx, { user: bob, room: id, thread: one })).unread).toBe(0);
    expect((await readHistory(ctx, { user: bob, room: id, thread: two })).unread).toBe(1);
    expect(await readHistory(ctx, { user: bob, room: id })).not.toHaveProperty('unread');
    expect(await readHistory(ctx, { user: bob, room: id, thread: two, before: 99 })).not.toHaveProperty(
      'unread',
    );
  });

  it('counts no deleted reply, and none from before the user joined', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    const slip = await say(id, 'a slip', alice, root);
    await joinRoom(ctx, { room: id, user: dave });
    const late = await say(id, 'late', alice, root);
    await say(id, 'later', alice, root);
    await deleteMessage(ctx, { room: id, user: alice, target: slip });
    await deleteMessage(ctx, { room: id, user: alice, target: late });
    await always(id, async () => {
      expect((await readHistory(ctx, { user: bob, room: id, thread: root })).unread).toBe(1);
      expect((await readHistory(ctx, { user: dave, room: id, thread: root })).unread).toBe(1);
    });
  });

  it('counts to a hundred', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    const at = new Date().toISOString();
    const reply = (seq: number): Committed => {
      const event = { seq, type: 'message.created', user: alice, at, n: seq, text: 'more', thread: root };
      return { event: RoomEvent.parse(event), n: seq };
    };
    // As the log would have them, and quicker said.
    await Promise.all(Array.from({ length: 103 }, (_, i) => putEvent(ctx.chat, id, reply(1_000 + i))));
    expect((await mark(id, root, root)).unread).toBe(100);
  });

  it('is refused for what is no thread, and to who is no member; nothing is stored', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    const reply = await say(id, 'answer', alice, root);
    await expect(mark(id, 1, 1)).rejects.toMatchObject({ code: 'not_found' });
    await expect(mark(id, 999, 1)).rejects.toMatchObject({ code: 'not_found' });
    await expect(mark(id, reply, 1)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(mark(id, root, 1, dave)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(mark(await newRoom('private'), 1, 1)).rejects.toMatchObject({ code: 'not_found' });
    const { items } = await ctx.chat.query({
      where: 'pk = :pk AND begins_with(sk, :prefix)',
      values: { ':pk': `USER#${dave}`, ':prefix': 'THREAD#' },
    });
    expect(items).toEqual([]);
  });

  it('keeps notifications of what was read there away', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    await say(id, 'look, @bob', alice, root);
    await mark(id, root, 999);
    const notified = notifying(ctx);
    for (const task of await tasksOf(ctx, id)) await notifyAll(notified.tools, task);
    expect(notified.published).toEqual([]);
  });
});

describe('the threads of a user', () => {
  it('are those that it began or replied in, the last active first', async () => {
    const id = await newRoom();
    const [began, joined, foreign] = [await say(id, 'b', bob), await say(id, 'a'), await say(id, 'c')];
    expect(await threadsOf(id)).toEqual([]);
    await say(id, 'to bob', alice, began);
    await say(id, 'me too', bob, joined);
    await say(id, 'not me', carol, foreign);
    await always(id, async () => expect(await threadsOf(id)).toEqual([`${joined}: 0`, `${began}: 1`]));
    await say(id, 'more', carol, began);
    await always(id, async () => {
      expect(await threadsOf(id)).toEqual([`${began}: 2`, `${joined}: 0`]);
      expect(await threadsOf(id, alice)).toEqual([`${began}: 1`, `${foreign}: 1`, `${joined}: 1`]);
    });
    await mark(id, began, 999);
    expect(await threadsOf(id)).toEqual([`${began}: 0`, `${joined}: 0`]);
  });

  it('show what it began with as it is now: deleted, with the replies that are left', async () => {
    const id = await newRoom();
    const root = await say(id, 'question', bob);
    const reply = await say(id, 'answer', alice, root);
    await deleteMessage(ctx, { room: id, user: bob, target: root });
    await always(id, async () => {
      const { items } = await listThreads(ctx, { user: bob, room: id });
      expect(items).toMatchObject([{ root: { seq: root, deleted: true, replyCount: 1 }, unread: 1 }]);
    });
    await deleteMessage(ctx, { room: id, user: alice, target: reply });
    await settleAll(ctx, id);
    expect(await threadsOf(id)).toEqual([]);
  });

  it('come by pages, with and without what is not settled, among many of others', async () => {
    const id = await newRoom();
    const mine: number[] = [];
    for (let i = 0; i < 40; i++) {
      const isMine = i % 8 === 0;
      const root = await say(id, `t${i}`, isMine ? bob : alice);
      await say(id, 'reply', carol, root);
      if (isMine) mine.unshift(root);
      if (i === 20) await settleAll(ctx, id);
    }
    await always(id, async () => {
      const found: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await listThreads(ctx, { user: bob, room: id, limit: 2, cursor });
        expect(page.items.length).toBeLessThanOrEqual(2);
        found.push(...page.items.map(({ root }) => root.seq));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found).toEqual(mine);
    });
  });

  it('are for members, by cursors of their own', async () => {
    const id = await newRoom();
    await expect(listThreads(ctx, { user: dave, room: id })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(listThreads(ctx, { user: bob, room: id, cursor: 'x' })).rejects.toMatchObject({
      code: 'bad_request',
    });
    await leaveRoom(ctx, { room: id, user: bob });
    await expect(listThreads(ctx, { user: bob, room: id })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
