import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { sync } from '../../shared/chat/sync.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { putMembership } from '../../shared/data/memberships.ts';
import type { RoomEvent } from '../../shared/protocol/events.ts';
import { MAX_SYNC_BYTES, type RoomId, type UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { watchedTable } from '../helper/watched-table.ts';

let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

let count = 0;
async function newRoom(owner: UserId, messages: number, text = (i: number) => `text ${i}`) {
  const id = room(`sync-${String(++count).padStart(4, '0')}`);
  await createRoom(ctx, { user: owner, room: id, name: id, kind: 'public' });
  for (let i = 1; i <= messages; i++) await sendMessage(ctx, { room: id, user: owner, text: text(i) });
  return id;
}
const seqsOf = (events: readonly RoomEvent[]) => events.map(({ seq }) => seq);
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The reply as it goes over the wire, with the longest of ids. */
const wireBytes = (data: object) =>
  Buffer.byteLength(JSON.stringify({ type: 'reply', id: '"'.repeat(64), action: 'sync', data }));

/** Syncs until nothing is left, as a client does. */
async function catchUp(name: UserId, from: Record<string, number>) {
  const seen: Record<string, number> = { ...from };
  const got: Record<string, number[]> = {};
  for (let rounds = 1; rounds < 200; rounds++) {
    const { rooms } = await sync(ctx, { user: name, rooms: seen });
    expect(wireBytes({ rooms })).toBeLessThanOrEqual(MAX_SYNC_BYTES);
    for (const { room: id, events } of rooms) {
      if (!(id in seen)) continue;
      got[id] = [...(got[id] ?? []), ...seqsOf(events)];
      seen[id] = events.at(-1)?.seq ?? seen[id] ?? 0;
    }
    if (rooms.every(({ more }) => !more)) return { got, rounds };
  }
  throw new Error('sync does not get on');
}

describe('sync', () => {
  it('P5 resume: every room of the user, and the events after the number for the named ones', async () => {
    const carl = user('carl');
    const first = await newRoom(carl, 3);
    const second = await newRoom(carl, 2);
    expect(await sync(ctx, { user: carl, rooms: { [first]: 2 } })).toEqual({
      rooms: [
        {
          room: first,
          seq: 4,
          read: 1,
          unread: 3,
          mentions: 0,
          events: (await readLog(ctx, first)).slice(2).map(({ event }) => event),
          more: false,
        },
        { room: second, seq: 3, read: 1, unread: 2, mentions: 0, events: [], more: false },
      ],
    });
    const { rooms } = await sync(ctx, { user: carl });
    expect(rooms.map(({ events }) => events)).toEqual([[], []]);
    expect(await sync(ctx, { user: user('nobody') })).toEqual({ rooms: [] });
  });

  it('P5 resume: joins and leaves come like messages, and nothing comes that is not new', async () => {
    const dina = user('dina');
    const id = await newRoom(dina, 1);
    await joinRoom(ctx, { room: id, user: user('edda') });
    await leaveRoom(ctx, { room: id, user: user('edda') });
    const synced = await sync(ctx, { user: dina, rooms: { [id]: 2 } });
    expect(synced.rooms[0]?.events.map(({ type }) => type)).toEqual(['member.joined', 'member.left']);
    expect((await sync(ctx, { user: dina, rooms: { [id]: 4 } })).rooms[0]).toMatchObject({
      events: [],
      more: false,
    });
  });

  it('says `reset` for a number ahead of the log', async () => {
    const fred = user('fred');
    const id = await newRoom(fred, 1);
    expect((await sync(ctx, { user: fred, rooms: { [id]: 3 } })).rooms).toMatchObject([
      { room: id, seq: 2, events: [], more: false, reset: true },
    ]);
  });

  it('P6 members only: a room that is not, or no longer, the user’s is left out, like one that does not exist', async () => {
    const gert = user('gert');
    const own = await newRoom(gert, 1);
    const left = await newRoom(user('other'), 1);
    const foreign = await newRoom(user('other'), 1);
    await joinRoom(ctx, { room: left, user: gert });
    await leaveRoom(ctx, { room: left, user: gert });
    const rooms = { [left]: 0, [foreign]: 0, 'never-was': 0, [own]: 0 };
    expect((await sync(ctx, { user: gert, rooms })).rooms.map((one) => one.room)).toEqual([own]);
  });

  it('P6 members only: nothing that was read after a removal is given out', async () => {
    const hans = user('hans');
    const id = await newRoom(user('other'), 1);
    await joinRoom(ctx, { room: id, user: hans });
    let removed = false;
    const chat = watchedTable(ctx.chat, async (call) => {
      if (call !== 'query' || removed) return;
      removed = true;
      await leaveRoom(ctx, { room: id, user: hans });
      await sendMessage(ctx, { room: id, user: user('other'), text: 'after hans left' });
    });
    expect(await sync({ ...ctx, chat }, { user: hans, rooms: { [id]: 0 } })).toEqual({ rooms: [] });
  });

  it('P1 one order: never skips a number that is not stored yet', async () => {
    const ida = user('ida');
    const id = await newRoom(ida, 6);
    const log = await readLog(ctx, id);
    await ctx.chat.delete(chatKeys.event(id, 4));
    const { rooms } = await sync(ctx, { user: ida, rooms: { [id]: 1 } });
    expect(rooms[0]).toMatchObject({ seq: 7, more: true });
    expect(seqsOf(rooms[0]?.events ?? [])).toEqual([2, 3]);
    const missing = log[3];
    if (missing) await ctx.chat.put({ ...chatKeys.event(id, 4), ...missing.event, n: missing.n });
    expect((await catchUp(ida, { [id]: 3 })).got[id]).toEqual([4, 5, 6, 7]);
  });

  it('gives the newest event from the head while it is not stored yet', async () => {
    const jana = user('jana');
    const id = await newRoom(jana, 2);
    await ctx.chat.delete(chatKeys.event(id, 3));
    const { rooms } = await sync(ctx, { user: jana, rooms: { [id]: 0 } });
    expect(seqsOf(rooms[0]?.events ?? [])).toEqual([1, 2, 3]);
    expect(rooms[0]?.more).toBe(false);
  });

  it('fits 96 KiB to the byte in UTF-8, and a client that goes on gets everything once', async () => {
    const kira = user('kira');
    const id = await newRoom(kira, 60, (i) => `${i} ${'é"\u0001🙂'.repeat(700)}`);
    const { rooms } = await sync(ctx, { user: kira, rooms: { [id]: 0 } });
    const bytes = wireBytes({ rooms });
    expect(bytes).toBeLessThanOrEqual(MAX_SYNC_BYTES);
    expect(bytes).toBeGreaterThan(MAX_SYNC_BYTES - 12_000);
    expect(rooms[0]?.more).toBe(true);
    const { got } = await catchUp(kira, { [id]: 0 });
    expect(got[id]).toEqual(upTo(1, 61));
  });

  it('shares fairly: a small room gets all, large ones the same, and none of it is left unused', async () => {
    const lena = user('lena');
    const large = [
      await newRoom(lena, 150, () => 'x'.repeat(600)),
      await newRoom(lena, 150, () => 'x'.repeat(600)),
    ];
    const small = await newRoom(lena, 3);
    const [a, b] = large as [RoomId, RoomId];
    const { rooms } = await sync(ctx, { user: lena, rooms: { [a]: 0, [b]: 0, [small]: 0 } });
    const bytesOf = (id: RoomId) => JSON.stringify(rooms.find((one) => one.room === id)?.events).length;
    expect(rooms.find((one) => one.room === small)).toMatchObject({ more: false });
    expect(Math.abs(bytesOf(a) - bytesOf(b))).toBeLessThan(1_000);
    expect(wireBytes({ rooms })).toBeGreaterThan(MAX_SYNC_BYTES - 1_500);
    const { got } = await catchUp(lena, { [a]: 0, [b]: 0, [small]: 0 });
    expect(got).toEqual({ [a]: upTo(1, 151), [b]: upTo(1, 151), [small]: upTo(1, 4) });
  });

  it('gets on where the equal parts are smaller than one event', async () => {
    const mara = user('mara');
    const ids: RoomId[] = [];
    for (let i = 0; i < 12; i++) ids.push(await newRoom(mara, 2, () => '\u0001'.repeat(4_000)));
    const { got, rounds } = await catchUp(mara, Object.fromEntries(ids.map((id) => [id, 1])));
    for (const id of ids) expect(got[id]).toEqual([2, 3]);
    expect(rounds).toBeLessThan(12);
  });

  it('a user of more rooms than fit is answered for those it names', async () => {
    const nils = user('nils');
    const last = await newRoom(user('other'), 1);
    const head = await ctx.chat.get(chatKeys.head(last));
    if (!head) throw new Error('no head');
    const join = (id: RoomId) =>
      putMembership(ctx.chat, {
        room: id,
        user: nils,
        role: 'member',
        since: 1,
        joinedAt: new Date().toISOString(),
        read: { seq: 1, n: 0 },
        asOf: 1,
      });
    const many = upTo(1, 1_200).map((i) => room(`many-${String(i).padStart(5, '0')}-${'x'.repeat(40)}`));
    await ctx.chat.batchWrite({ puts: many.map((id) => ({ ...head, ...chatKeys.head(id) })) });
    await Promise.all(many.map(join));
    await join(last);
    const { rooms } = await sync(ctx, { user: nils, rooms: { [last]: 2 } });
    expect(wireBytes({ rooms })).toBeLessThanOrEqual(MAX_SYNC_BYTES);
    expect(rooms.length).toBeGreaterThan(500);
    expect(rooms[0]).toMatchObject({ room: last, seq: 2 });
  });

  it('P5 resume: nothing is missed while others write and the settler runs', async () => {
    const olga = user('olga');
    const id = await newRoom(olga, 0);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 120; i++) {
        await sendMessage(ctx, { room: id, user: olga, id: clientId(`w${i}`), text: `w${i}` });
        if (i % 20 === 0) await settleAll(ctx, id);
      }
      writing = false;
    })();
    const seen: number[] = [];
    for (let last = 0; writing || last < 121; ) {
      const { rooms } = await sync(ctx, { user: olga, rooms: { [id]: last } });
      const events = rooms[0]?.events ?? [];
      seen.push(...seqsOf(events));
      last = events.at(-1)?.seq ?? last;
    }
    await writer;
    expect(seen).toEqual(upTo(1, 121));
  });
});
