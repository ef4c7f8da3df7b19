import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, prepareAppend } from '../../shared/chat/append.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { putEvent } from '../../shared/data/events.ts';
import { MAX_PENDING } from '../../shared/data/head-writes.ts';
import { getHead } from '../../shared/data/heads.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { Table } from '../../shared/data/table.ts';
import { chatContext, clientId, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { watchedTable } from '../helper/watched-table.ts';

const alice = user('alice');
const bob = user('bob');
let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase();
  ctx = chatContext(database);
});
afterAll(() => database.stop());

let rooms = 0;
async function newRoom(kind: 'public' | 'private' = 'public') {
  const id = room(`append-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind });
  return id;
}

describe('append', () => {
  it('P1 one order: fifty writers at once get the numbers 2 to 51, each once', async () => {
    const id = await newRoom();
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => sendMessage(ctx, { room: id, user: alice, text: `text ${i}` })),
    );
    expect(replies.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 2),
    );
    const log = await readLog(ctx, id);
    expect(log.map(({ event }) => event.seq)).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
    expect(log.at(-1)).toMatchObject({ n: 50, event: { n: 50, type: 'message.created' } });
  });

  it('P2 durable before acknowledged: the event is stored when the reply is there', async () => {
    const id = await newRoom();
    const { seq, at } = await sendMessage(ctx, { room: id, user: alice, id: clientId('m1'), text: 'hello' });
    const item = await ctx.chat.get(chatKeys.event(id, seq));
    expect(item).toMatchObject({ seq, at, user: 'alice', id: 'm1', text: 'hello', n: 1 });
  });

  it('P3 once: one id over many handlers at once makes one event, and every reply has its seq', async () => {
    const id = await newRoom();
    const handlers = Array.from({ length: 10 }, () => chatContext(database));
    const send = (handler: ChatContext) =>
      sendMessage(handler, { room: id, user: alice, id: clientId('same'), text: 'once' });
    const replies = await Promise.all([...handlers, ...handlers].map(send));
    await settleAll(ctx, id);
    replies.push(...(await Promise.all(handlers.map(send))), await send(chatContext(database)));
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(await readLog(ctx, id)).toHaveLength(2);
  });

  it.each([
    ['and settled', 1],
    ['and settled long ago', 2],
    ['in a room that was quiet since', 0],
  ])(
    'P3 once: a day later the same id makes a new event, once: the first is stored %s',
    async (_, settlings) => {
      const id = await newRoom();
      await settleAll(ctx, id);
      const message = { room: id, user: alice, id: clientId('daily'), text: 'today' };
      const first = await sendMessage(ctx, message);
      for (let i = 0; i < settlings; i++) {
        await settleAll(ctx, id);
        await sendMessage(ctx, { room: id, user: alice, text: 'between' });
      }
      const tomorrow = chatContext(database, () => Date.now() + 24 * 3_600_000 + 5_000);
      const second = await sendMessage(tomorrow, { ...message, text: 'tomorrow' });
      expect(second.seq).toBe(first.seq + settlings + 1);
      expect(await sendMessage(tomorrow, message)).toEqual(second);
    },
  );

  it('P3 once: the same id from two users is two events', async () => {
    const id = await newRoom();
    await joinRoom(ctx, { room: id, user: bob });
    const first = await sendMessage(ctx, { room: id, user: alice, id: clientId('x'), text: 'a' });
    const second = await sendMessage(ctx, { room: id, user: bob, id: clientId('x'), text: 'b' });
    expect(second.seq).toBe(first.seq + 1);
  });

  it("P3 once: a repeat is answered with the first sender's text and time", async () => {
    const id = await newRoom();
    const request = (text: string) => ({
      room: id,
      user: alice,
      id: clientId('m'),
      operation: 'send',
      body: { type: 'message.created', text } as const,
      authorise: () => undefined,
    });
    const first = await append(ctx, request('first'));
    const second = await append(chatContext(database), request('second'));
    expect(second).toEqual({ ...first, duplicate: true });
  });

  it('P3 once: finds its own commit when the answer was lost and the write sent again', async () => {
    const id = await newRoom();
    await sendMessage(ctx, { room: id, user: alice, text: 'warm' });
    let again = true;
    const chat: Table = {
      ...ctx.chat,
      async update(key, update) {
        // What the table client does after a lost answer.
        if (again && key.sk === 'HEAD') {
          again = false;
          await ctx.chat.update(key, update);
        }
        return ctx.chat.update(key, update);
      },
    };
    const reply = await sendMessage({ ...ctx, chat }, { room: id, user: alice, text: 'lost' });
    expect(reply.seq).toBe(3);
    expect(await readLog(ctx, id)).toHaveLength(3);
  });

  it('P3 once: finds its own commit even when it was settled before the write was sent again', async () => {
    const id = await newRoom();
    let again = true;
    const chat: Table = {
      ...ctx.chat,
      async update(key, update) {
        if (again && key.sk === 'HEAD') {
          again = false;
          await ctx.chat.update(key, update);
          const head = await getHead(ctx.chat, id);
          if (head) await putEvent(ctx.chat, id, head.last);
          await settleAll(ctx, id);
        }
        return ctx.chat.update(key, update);
      },
    };
    const reply = await sendMessage({ ...ctx, chat }, { room: id, user: alice, text: 'lost' });
    expect(reply.seq).toBe(2);
    expect(await readLog(ctx, id)).toHaveLength(2);
  });

  it('answers a repeat whose first sender died before it stored the event: from the head', async () => {
    const id = await newRoom();
    const dying: Table = {
      ...ctx.chat,
      put: (item, condition) =>
        item.sk.startsWith('E#') ? Promise.reject(new Error('killed')) : ctx.chat.put(item, condition),
    };
    const message = { room: id, user: alice, id: clientId('m'), text: 'of the dead' };
    await expect(sendMessage({ ...ctx, chat: dying }, message)).rejects.toThrow('killed');
    expect((await sendMessage(ctx, message)).seq).toBe(2);
    expect((await readLog(ctx, id)).at(-1)?.event).toMatchObject({ seq: 2, text: 'of the dead' });
  });

  it('answers `unavailable` to such a repeat when later events hide the first, until it is settled', async () => {
    const id = await newRoom();
    const dying: Table = {
      ...ctx.chat,
      put: (item, condition) =>
        item.sk.startsWith('E#') ? Promise.reject(new Error('killed')) : ctx.chat.put(item, condition),
    };
    const message = { room: id, user: alice, id: clientId('m'), text: 'of the dead' };
    await expect(sendMessage({ ...ctx, chat: dying }, message)).rejects.toThrow('killed');
    await sendMessage(ctx, { room: id, user: alice, text: 'later' });
    const hasty = { ...ctx, sleep: async () => {} };
    await expect(sendMessage(hasty, message)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await readLog(ctx, id)).toHaveLength(2);
  });

  it('takes three calls in a warm handler, the claim beside the gate, and two with an id of its own', async () => {
    const id = await newRoom();
    const calls: string[] = [];
    const warm = { ...ctx, chat: watchedTable(ctx.chat, (call) => void calls.push(call)) };
    const message = { room: id, user: alice, text: 'hello' };
    await sendMessage(warm, message);
    calls.length = 0;
    const author = { ...message, id: clientId('m2') };
    const prepared = prepareAppend(warm, author);
    expect(calls).toEqual(['get ID']);
    await sendMessage(warm, author, prepared);
    expect(calls).toEqual(['get ID', 'update HEAD', 'put E']);
    calls.length = 0;
    await sendMessage(warm, message);
    expect(calls).toEqual(['update HEAD', 'put E']);
  });

  it('takes no call more when `settled` has moved once since, and two when it has moved again', async () => {
    const id = await newRoom();
    const calls: string[] = [];
    const warm = { ...ctx, chat: watchedTable(ctx.chat, (call) => void calls.push(call)) };
    await sendMessage(warm, { room: id, user: alice, text: 'hello' });
    await settleAll(ctx, id);
    calls.length = 0;
    await sendMessage(warm, { room: id, user: alice, id: clientId('m'), text: 'hello' });
    expect(calls).toEqual(['get ID', 'update HEAD', 'put E']);
    await settleAll(ctx, id);
    await sendMessage(ctx, { room: id, user: alice, text: 'by another handler' });
    await settleAll(ctx, id);
    calls.length = 0;
    await sendMessage(warm, { room: id, user: alice, id: clientId('n'), text: 'hello' });
    expect(calls).toEqual(['get ID', 'update HEAD', 'get ID', 'update HEAD', 'put E']);
  });

  it('P3 once: a repeat that was settled between the claim and the commit is found among the recent', async () => {
    const id = await newRoom();
    const message = { room: id, user: alice, id: clientId('m'), text: 'once' };
    const slow = chatContext(database);
    await sendMessage(slow, { room: id, user: alice, text: 'now it is warm' });
    const prepared = prepareAppend(slow, message);
    await prepared.look;
    const first = await sendMessage(ctx, message);
    await settleAll(ctx, id);
    expect(await sendMessage(slow, message, prepared)).toEqual(first);
    expect(await readLog(ctx, id)).toHaveLength(3);
  });

  it('takes an id for no repeat of a longer one that was settled just before', async () => {
    const id = await newRoom();
    const calls: string[] = [];
    const slow = chatContext(database);
    const warm = { ...slow, chat: watchedTable(slow.chat, (call) => void calls.push(call)) };
    await sendMessage(warm, { room: id, user: alice, text: 'now it is warm' });
    await sendMessage(ctx, { room: id, user: alice, id: clientId('m1'), text: 'longer' });
    await settleAll(ctx, id);
    calls.length = 0;
    await sendMessage(warm, { room: id, user: alice, id: clientId('m'), text: 'shorter' });
    expect(calls).toEqual(['get ID', 'update HEAD', 'put E']);
  });

  it('refuses with `unavailable` when too much is unsettled, and goes on when it is settled', async () => {
    const id = await newRoom();
    const { pk, sk } = chatKeys.head(id);
    const filler = Array.from({ length: MAX_PENDING - 1 }, (_, i) => `alice#filler-${i}`);
    await ctx.chat.update(
      { pk, sk },
      { update: 'SET pending = list_append(pending, :filler)', values: { ':filler': filler } },
    );
    await expect(sendMessage(ctx, { room: id, user: alice, text: 'x' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const drop = Array.from({ length: 100 }, (_, i) => `pending[${i + 1}]`).join(', ');
    await ctx.chat.update({ pk, sk }, { update: `REMOVE ${drop}` });
    expect((await sendMessage(ctx, { room: id, user: alice, text: 'x' })).seq).toBe(2);
  });

  it('P6 members only: a stranger is refused, and learns nothing of a private room', async () => {
    const open = await newRoom();
    const hidden = await newRoom('private');
    const refusal = async (id: typeof open) =>
      sendMessage(chatContext(database), { room: id, user: bob, text: 'x' }).catch((error) => error.toWire());
    expect(await refusal(open)).toEqual({
      code: 'forbidden',
      message: 'unable to send; you are not a member of this room',
    });
    expect(await refusal(hidden)).toEqual({
      code: 'not_found',
      message: 'unable to send; there is no such room',
    });
    expect(await refusal(room('never-was'))).toEqual(await refusal(hidden));
  });

  it('P8 clean refusals: no room and a hidden room take the same calls, also where the room is remembered', async () => {
    const hidden = await newRoom('private');
    const calls: string[] = [];
    const handler = { ...ctx, chat: watchedTable(ctx.chat, (call) => void calls.push(call)) };
    await sendMessage(handler, { room: hidden, user: alice, text: 'now it is remembered' });
    const callsTo = async (id: typeof hidden) => {
      calls.length = 0;
      const message = { room: id, user: bob, id: clientId('m'), text: 'x' };
      await expect(sendMessage(handler, message)).rejects.toMatchObject({ code: 'not_found' });
      return [...calls];
    };
    expect((await callsTo(room('never-was'))).sort()).toEqual((await callsTo(hidden)).sort());
  });

  it('P6 members only: a warm handler does not use a membership that has ended since', async () => {
    const id = await newRoom();
    await joinRoom(ctx, { room: id, user: bob });
    const warm = chatContext(database);
    await sendMessage(warm, { room: id, user: bob, text: 'in' });
    await leaveRoom(ctx, { room: id, user: bob });
    await expect(sendMessage(warm, { room: id, user: bob, text: 'out' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await joinRoom(ctx, { room: id, user: bob });
    await sendMessage(warm, { room: id, user: bob, text: 'in again' });
    expect((await readLog(ctx, id)).map(({ event }) => event.type)).toEqual([
      'room.created',
      'member.joined',
      'message.created',
      'member.left',
      'member.joined',
      'message.created',
    ]);
  });
});
