import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append } from '../../shared/chat/append.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { watchedTable } from '../helper/watched-table.ts';

const alice = user('alice');
const bob = user('bob');
let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase();
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

let rooms = 0;
async function newRoom(texts: readonly string[] = [], kind: 'public' | 'private' = 'public') {
  const id = room(`history-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind });
  for (const text of texts) await send(id, text);
  return id;
}
const send = (id: RoomId, text: string) =>
  sendMessage(ctx, { room: id, user: alice, id: clientId(text), text });
const textsOf = async (id: RoomId, page: { before?: number; limit?: number } = {}) => {
  const { messages, more } = await readHistory(ctx, { user: alice, room: id, ...page });
  return { texts: messages.map(({ text }) => text), more };
};
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `t${i + 1}`);

/** A reaction: an event that is no message. */
const react = (id: RoomId, target: number) =>
  append(ctx, {
    room: id,
    user: alice,
    operation: 'react',
    body: { type: 'reaction.added', target, emoji: '👍' },
    authorise: () => undefined,
  });

describe('readHistory', () => {
  it('gives the newest messages, oldest first, and says whether there are more', async () => {
    const id = await newRoom(numbered(5));
    expect(await textsOf(id)).toEqual({ texts: numbered(5), more: false });
    expect(await textsOf(id, { limit: 5 })).toEqual({ texts: numbered(5), more: false });
    expect(await textsOf(id, { limit: 2 })).toEqual({ texts: ['t4', 't5'], more: true });
  });

  it('pages backwards over settled and unsettled events until all is read, each message once', async () => {
    const id = await newRoom(numbered(12));
    await settleAll(ctx, id);
    for (const text of ['u1', 'u2', 'u3']) await send(id, text);
    const all: (string | undefined)[] = [];
    let before: number | undefined;
    for (let more = true; more; ) {
      const page = await readHistory(ctx, { user: alice, room: id, before, limit: 4 });
      all.unshift(...page.messages.map(({ text }) => text));
      before = page.messages[0]?.seq;
      more = page.more;
    }
    expect(all).toEqual([...numbered(12), 'u1', 'u2', 'u3']);
  });

  it('a message carries its own fields, and nothing of the tables', async () => {
    const id = await newRoom(['hello']);
    const { messages } = await readHistory(ctx, { user: alice, room: id });
    expect(messages).toEqual([
      {
        seq: 2,
        type: 'message.created',
        user: 'alice',
        at: expect.stringMatching(/Z$/),
        id: 'hello',
        n: 1,
        text: 'hello',
        reactions: {},
      },
    ]);
  });

  it('finds messages in a log that is mostly something else', async () => {
    const id = await newRoom(['first', 'second']);
    for (let i = 0; i < 500; i++) {
      await react(id, 2);
      if (i % 50 === 49) await settleAll(ctx, id);
    }
    await send(id, 'third');
    expect(await textsOf(id, { limit: 2 })).toEqual({ texts: ['second', 'third'], more: true });
    expect(await textsOf(id, { before: 504, limit: 2 })).toEqual({ texts: ['first', 'second'], more: false });
  });

  it('P1 one order: stops at a number that is not stored yet, and shows what lies behind it when it is', async () => {
    const id = await newRoom(['a', 'b', 'c', 'd']);
    const missing = (await readLog(ctx, id)).find(({ event }) => event.seq === 4);
    await ctx.chat.delete(chatKeys.event(id, 4));
    expect(await textsOf(id)).toEqual({ texts: ['a', 'b'], more: false });
    expect(await textsOf(id, { before: 4 })).toEqual({ texts: ['a', 'b'], more: false });
    if (missing) await ctx.chat.put({ ...chatKeys.event(id, 4), ...missing.event, n: missing.n });
    expect(await textsOf(id)).toEqual({ texts: ['a', 'b', 'c', 'd'], more: false });
  });

  it('shows the newest event from the head while it is not stored yet', async () => {
    const id = await newRoom(['a', 'b']);
    await ctx.chat.delete(chatKeys.event(id, 3));
    expect(await textsOf(id)).toEqual({ texts: ['a', 'b'], more: false });
  });

  it('waits for a number that is a moment away', async () => {
    const id = await newRoom(['a', 'b', 'c']);
    const late = (await readLog(ctx, id)).find(({ event }) => event.seq === 3);
    await ctx.chat.delete(chatKeys.event(id, 3));
    let sleeps = 0;
    const patient: ChatContext = {
      ...ctx,
      sleep: async () => {
        if (++sleeps === 3 && late)
          await ctx.chat.put({ ...chatKeys.event(id, 3), ...late.event, n: late.n });
      },
    };
    const { messages } = await readHistory(patient, { user: alice, room: id });
    expect(messages.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(sleeps).toBe(3);
  });

  it('an empty room, and a number before its first message', async () => {
    const id = await newRoom();
    expect(await textsOf(id)).toEqual({ texts: [], more: false });
    await send(id, 'x');
    expect(await textsOf(id, { before: 1 })).toEqual({ texts: [], more: false });
    expect(await textsOf(id, { before: 999_999_999_999 })).toEqual({ texts: ['x'], more: false });
  });

  it('P6 members only: refuses strangers, and does not tell a hidden room from none', async () => {
    const open = await newRoom(['secret']);
    const hidden = await newRoom(['secret'], 'private');
    const ask = async (id: RoomId) => {
      const calls: string[] = [];
      const chat = watchedTable(ctx.chat, (call) => void calls.push(call));
      const refusal = await readHistory({ ...ctx, chat }, { user: bob, room: id }).catch((error) =>
        error.toWire(),
      );
      return { refusal, calls };
    };
    expect((await ask(open)).refusal.code).toBe('forbidden');
    expect((await ask(hidden)).refusal.code).toBe('not_found');
    expect(await ask(hidden)).toEqual(await ask(room('never-was')));
  });

  it('P6 members only: nothing that was read after a removal is given out', async () => {
    const id = await newRoom(['before']);
    await joinRoom(ctx, { room: id, user: bob });
    let removed = false;
    const chat = watchedTable(ctx.chat, async (call) => {
      if (call !== 'query' || removed) return;
      removed = true;
      await leaveRoom(ctx, { room: id, user: bob });
      await send(id, 'after-bob-left');
    });
    const reading = readHistory({ ...ctx, chat }, { user: bob, room: id });
    await expect(reading).rejects.toMatchObject({ code: 'forbidden' });
  });
});
