import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { getMembership } from '../../shared/chat/membership.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { LogGap, SETTLE_EVERY, settle } from '../../shared/chat/settle.ts';
import { CLAIM_LIFE_MS } from '../../shared/data/claims.ts';
import { type Committed, isMessage } from '../../shared/data/events.ts';
import { getHead } from '../../shared/data/heads.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { toMessage } from '../../shared/data/message-state.ts';
import { getRoomRecord } from '../../shared/data/rooms.ts';
import type { Table } from '../../shared/data/table.ts';
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
  ctx = chatContext(database);
});
afterAll(() => database.stop());

let rooms = 0;
async function newRoom() {
  const id = room(`settle-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind: 'public' });
  return id;
}

const send = (id: RoomId, text: string, by: ChatContext = ctx) =>
  sendMessage(by, { room: id, user: alice, id: clientId(text), text });

/** Handlers that die after the commit, before the event is stored. */
function dying(): ChatContext {
  const chat: Table = {
    ...ctx.chat,
    put: (item, condition) =>
      item.sk.startsWith('E#') ? Promise.reject(new Error('killed')) : ctx.chat.put(item, condition),
  };
  return { ...ctx, chat };
}

/** What the stream would tell of a room: every committed event, also those that nobody stored. */
async function committedBy(id: RoomId, commit: () => Promise<unknown>): Promise<Committed> {
  await commit().catch(() => {});
  const head = await getHead(ctx.chat, id);
  if (!head) throw new Error('no head');
  return head.last;
}

async function headOf(id: RoomId) {
  const head = await getHead(ctx.chat, id);
  if (!head) throw new Error('no head');
  return head;
}

describe('settle', () => {
  it('P2 durable: completes an event whose author died, with its claim', async () => {
    const id = await newRoom();
    const lost = await committedBy(id, () => send(id, 'lost', dying()));
    expect(await readLog(ctx, id)).toHaveLength(1);
    const first = await readLog(ctx, id);
    await settle(ctx, id, [...first, lost], 1);
    expect((await readLog(ctx, id)).at(-1)?.event).toMatchObject({ seq: 2, text: 'lost' });
    expect(await ctx.chat.get(chatKeys.claim(id, 'alice#lost'))).toMatchObject({ seq: 2 });
    expect(await headOf(id)).toMatchObject({ settled: 2, pending: [], changes: [] });
  });

  it('repeats, overlaps and any order change nothing', async () => {
    const id = await newRoom();
    for (let i = 0; i < 9; i++) await send(id, `t${i}`);
    const log = await readLog(ctx, id);
    await settle(ctx, id, log.slice(0, 4), 1);
    await settle(ctx, id, log.slice(0, 4), 1);
    await settle(ctx, id, [...log.slice(2, 8)].reverse(), 1);
    expect(await headOf(id)).toMatchObject({ settled: 8, pending: ['alice#t7', 'alice#t8'] });
    await settle(ctx, id, log.slice(1, 3), 1);
    expect(await headOf(id)).toMatchObject({ settled: 8, seq: 10 });
    expect(await readLog(ctx, id)).toEqual(log);
  });

  it('waits for enough events before it moves `settled`, but not with a change of rights', async () => {
    const id = await newRoom();
    await settle(ctx, id, await readLog(ctx, id));
    expect((await headOf(id)).settled).toBe(1);
    for (let i = 0; i < SETTLE_EVERY - 1; i++) await send(id, `t${i}`);
    await settle(ctx, id, (await readLog(ctx, id)).slice(5));
    expect((await headOf(id)).settled).toBe(1);
    await send(id, 'one-more');
    await settle(ctx, id, (await readLog(ctx, id)).slice(-1));
    expect(await headOf(id)).toMatchObject({ settled: SETTLE_EVERY + 1, pending: [] });
    await joinRoom(ctx, { room: id, user: bob });
    await settle(ctx, id, (await readLog(ctx, id)).slice(-1));
    expect(await headOf(id)).toMatchObject({ settled: SETTLE_EVERY + 2, pending: [], changes: [] });
  });

  it('settles hundreds of events, and whatever is appended meanwhile stays pending in order', async () => {
    const id = await newRoom();
    const texts = Array.from({ length: 330 }, (_, i) => `t${i}`);
    await Promise.all(texts.map((text) => send(id, text)));
    let more = 0;
    // Between any two steps of the settler another message is committed.
    const chat = watchedTable(ctx.chat, async (call) => {
      if (call === 'update HEAD') await send(id, `meanwhile${more++}`);
    });
    await settle({ ...ctx, chat }, id, await readLog(ctx, id), 1);
    const head = await headOf(id);
    expect(head.settled).toBe(331);
    expect(more).toBeGreaterThan(1);
    expect(head.pending).toEqual(Array.from({ length: more }, (_, i) => `alice#meanwhile${i}`));
  });

  it('stops at a gap: what never reached it is not settled over', async () => {
    const id = await newRoom();
    await settleAll(ctx, id);
    await committedBy(id, () => send(id, 'lost', dying()));
    await send(id, 'later');
    const later = (await readLog(ctx, id)).slice(-1);
    expect(later[0]?.event.seq).toBe(3);
    await expect(settle(ctx, id, later, 1)).rejects.toThrow(LogGap);
    expect((await headOf(id)).settled).toBe(1);
  });

  it('completes events before the batch from the log, as earlier batches left them', async () => {
    const id = await newRoom();
    for (let i = 0; i < 5; i++) await send(id, `t${i}`);
    await settle(ctx, id, (await readLog(ctx, id)).slice(-1), 1);
    expect((await headOf(id)).settled).toBe(6);
    expect(await ctx.chat.get(chatKeys.claim(id, 'alice#t0'))).toMatchObject({ seq: 2 });
  });

  it('does not touch an event item that is there: later events may have changed it', async () => {
    const id = await newRoom();
    await send(id, 'original');
    const log = await readLog(ctx, id);
    await ctx.chat.update(chatKeys.event(id, 2), {
      update: 'SET projected = :yes',
      values: { ':yes': true },
    });
    await settle(ctx, id, log, 1);
    expect(await ctx.chat.get(chatKeys.event(id, 2))).toMatchObject({ projected: true });
  });

  it('makes no claim that has run out already', async () => {
    const id = await newRoom();
    await send(id, 'old');
    const later = chatContext(database, () => Date.now() + CLAIM_LIFE_MS + 1_000);
    await settle(later, id, await readLog(ctx, id), 1);
    expect((await headOf(id)).settled).toBe(2);
    expect(await ctx.chat.get(chatKeys.claim(id, 'alice#old'))).toBeUndefined();
  });

  it('P4 and P6: gives joins and leaves their effect where the handler died right after the commit', async () => {
    const id = await newRoom();
    const joined = await committedBy(id, () => joinRoom(dying(), { room: id, user: bob }));
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
    await settle(ctx, id, [joined]);
    expect(await getMembership(ctx, bob, id)).toMatchObject({ role: 'member', since: 2, asOf: 2 });
    const left = await committedBy(id, () => leaveRoom(dying(), { room: id, user: bob }));
    await settle(ctx, id, [joined, left]);
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
    // A late repeat of the older event does not bring the membership back.
    await settle(ctx, id, [joined]);
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
  });

  it('makes the room and its owner where the handler died right after the commit', async () => {
    const id = room('settle-unborn');
    const created = await committedBy(id, () =>
      createRoom(dying(), { user: alice, room: id, name: 'Unborn', kind: 'private' }),
    );
    expect(await getRoomRecord(ctx.chat, id)).toBeUndefined();
    await settle(ctx, id, [created]);
    expect(await getRoomRecord(ctx.chat, id)).toMatchObject({ name: 'Unborn', kind: 'private' });
    expect(await getMembership(ctx, alice, id)).toMatchObject({ role: 'owner' });
  });

  it('two settlers at once agree', async () => {
    const id = await newRoom();
    await Promise.all(Array.from({ length: 150 }, (_, i) => send(id, `t${i}`)));
    const log = await readLog(ctx, id);
    await Promise.all([
      settle(ctx, id, log, 1),
      settle(ctx, id, log.slice(0, 90), 1),
      settle(ctx, id, log, 1),
    ]);
    expect(await headOf(id)).toMatchObject({ settled: 151, pending: [], changes: [] });
  });

  it('takes two calls for a batch that needs nothing', async () => {
    const id = await newRoom();
    await settleAll(ctx, id);
    await send(id, 'stored');
    const calls: string[] = [];
    const chat = watchedTable(ctx.chat, (call) => void calls.push(call));
    await settle({ ...ctx, chat, search: undefined }, id, (await readLog(ctx, id)).slice(-1));
    expect(calls.sort()).toEqual(['get HEAD', 'queryAll']);
  });

  it('takes two more for the words of a message: to write them, and to see whether they still stand', async () => {
    const id = await newRoom();
    await settleAll(ctx, id);
    await send(id, 'words');
    const calls: string[] = [];
    const watch = (table: Table | undefined) => table && watchedTable(table, (call) => void calls.push(call));
    const watched = { ...ctx, chat: watch(ctx.chat) ?? ctx.chat, search: watch(ctx.search) };
    await settle(watched, id, (await readLog(ctx, id)).slice(-1));
    expect(calls.sort()).toEqual(['batchWrite', 'get HEAD', 'queryAll', 'queryAll']);
  });

  it('keeps a message as history shows it', async () => {
    const id = await newRoom();
    await send(id, 'shown');
    const committed = (await readLog(ctx, id)).at(-1);
    if (!committed || !isMessage(committed)) throw new Error('not a message');
    expect(toMessage(committed, alice)).toMatchObject({ seq: 2, n: 1, text: 'shown', reactions: {} });
  });
});
