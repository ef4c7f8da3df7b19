import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addReaction, deleteMessage, editMessage, pinMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext, TrimTask } from '../../shared/chat/context.ts';
import { type FileTask, keptKey } from '../../shared/chat/file-store.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { followMessage } from '../../shared/chat/keep-files.ts';
import { listRooms } from '../../shared/chat/lists.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import { listPins, readMessage } from '../../shared/chat/read-message.ts';
import { keptUntil } from '../../shared/chat/retention.ts';
import { updateRoom } from '../../shared/chat/room-settings.ts';
import { getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { sync } from '../../shared/chat/sync.ts';
import { trimRoom } from '../../shared/chat/trim-room.ts';
import { queryAllEvents } from '../../shared/data/events.ts';
import { getFile, putFile } from '../../shared/data/files.ts';
import { getHead } from '../../shared/data/heads.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { getRoomRecord } from '../../shared/data/rooms.ts';
import type { Item } from '../../shared/data/table.ts';
import { forgetExpiredEvents } from '../../shared/delivery/expired-events.ts';
import { FileId, type RoomId, type UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, settleAll } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';
import { StoredFiles } from '../helper/stored-files.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

let database: Database;
let ctx: ChatContext;
let now: number;
let alice: UserId;
let bob: UserId;
let fileTasks: FileTask[];
let trimTasks: TrimTask[];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());
beforeEach(async () => {
  now = Date.now();
  [fileTasks, trimTasks] = [[], []];
  ctx = {
    ...chatContext(database, () => now),
    sleep: async () => {},
    followFiles: async (task) => void fileTasks.push(task),
    trimRoom: async (task) => void trimTasks.push(task),
  };
  [alice, bob] = await registered(ctx, 'alice', 'bob');
});

const newRoom = () => roomOf(ctx, alice, [bob]);
const say = async (id: RoomId, text: string, more: { thread?: number; by?: UserId } = {}) =>
  (await sendMessage(ctx, { room: id, user: more.by ?? bob, text, thread: more.thread })).seq;
/** Changes a room's retention, and lets the settler come by, as it does at once after each change of a room. */
async function keep(id: RoomId, retentionDays: number | null) {
  const room = await updateRoom(ctx, { room: id, user: alice, wanted: { retentionDays } });
  await settleAll(ctx, id);
  return room;
}
/** Lets days go by, and a second, as ends are rounded up to whole ones. */
const pass = (days: number) => {
  now += days * DAY_MS + 1_000;
};
const texts = async (id: RoomId, page: { limit?: number; before?: number } = {}) => {
  const { messages, more } = await readHistory(ctx, { user: bob, room: id, ...page });
  return { texts: messages.map(({ text }) => text), more };
};
const synced = async (id: RoomId, after: number) => {
  const { rooms } = await sync(ctx, { user: bob, rooms: { [id]: after } });
  return rooms.find(({ room }) => room === id);
};
const at = (id: RoomId, target: number) => ({ room: id, target, user: bob });

/** All that is stored of a room, that whose time is over as well. */
const stored = (id: RoomId): Promise<Item[]> =>
  ctx.chat.queryAll({ where: 'pk = :pk', values: { ':pk': chatKeys.head(id).pk }, expired: true });

/** Deletes what is over as DynamoDB does, and has the settler told of the events among it. */
async function sweep(id: RoomId): Promise<void> {
  const over = (await stored(id)).filter(({ expiresAt }) => Number(expiresAt) * 1_000 <= now);
  for (const { pk, sk } of over) await ctx.chat.delete({ pk, sk });
  const Records = over
    .filter(({ sk }) => sk.startsWith('E#'))
    .map((item) => ({
      dynamodb: {
        SequenceNumber: item.sk,
        Keys: { pk: { S: item.pk }, sk: { S: item.sk } },
        OldImage: marshall(item),
      },
    }));
  const failed: unknown[] = [];
  const answer = await forgetExpiredEvents(ctx, { Records }, (error) => failed.push(error));
  expect(failed).toEqual([]);
  expect(answer.batchItemFailures).toEqual([]);
}

/** The same while the items of what is over are there still, and once they are gone. */
async function twice(id: RoomId, look: () => Promise<void>): Promise<void> {
  await look();
  await sweep(id);
  await look();
}

describe('a retention', () => {
  it('is told by the room and its event, and ends with null', async () => {
    const id = await newRoom();
    expect(await keep(id, 30)).toMatchObject({ retentionDays: 30 });
    expect(await getRoom(ctx, { user: bob, room: id })).toMatchObject({ retentionDays: 30 });
    expect(await getHead(ctx.chat, id)).toMatchObject({ retention: 30 });
    const topic = await updateRoom(ctx, { room: id, user: alice, wanted: { topic: 'Tea' } });
    expect(topic).toMatchObject({ retentionDays: 30, topic: 'Tea' });
    expect(await keep(id, null)).not.toHaveProperty('retentionDays');
    const events = (await synced(id, 2))?.events ?? [];
    expect(events.map((event) => event.type === 'room.updated' && event.retentionDays)).toEqual([
      30,
      30,
      null,
    ]);
    const before = (await getHead(ctx.chat, id))?.seq;
    await keep(id, null);
    expect((await getHead(ctx.chat, id))?.seq).toBe(before);
    expect(await refusal(updateRoom(ctx, { room: id, user: bob, wanted: { retentionDays: 1 } }))).toBe(
      'forbidden',
    );
  });

  it.each([0, 16])(
    'takes messages away when their time is over, and numbers go on (%i more, settled)',
    async (more) => {
      const id = await newRoom();
      await keep(id, 2);
      const first = await say(id, 'old');
      for (let index = 0; index < more; index++) await say(id, `old ${index}`);
      if (more > 0) await settleAll(ctx, id);
      pass(1);
      const second = await say(id, 'newer');
      expect((await texts(id)).texts).toContain('old');
      pass(1);
      await twice(id, async () => {
        expect(await texts(id)).toEqual({ texts: ['newer'], more: false });
        expect(await texts(id, { limit: 1 })).toEqual({ texts: ['newer'], more: false });
        expect(await texts(id, { before: second })).toEqual({ texts: [], more: false });
        expect(await refusal(readMessage(ctx, { room: id, seq: first, user: bob }))).toBe('not_found');
        expect(await synced(id, 0)).toMatchObject({ events: [], more: false, reset: true });
        expect(await synced(id, first - 1)).toMatchObject({ events: [], more: false, reset: true });
        const whole = await synced(id, second - 1);
        expect(whole).toMatchObject({ more: false, events: [{ seq: second, n: more + 2, text: 'newer' }] });
        expect(whole).not.toHaveProperty('reset');
      });
      const last = await say(id, 'last');
      expect(last).toBe(second + 1);
      expect((await synced(id, second))?.events).toMatchObject([{ seq: last, n: more + 3 }]);
    },
  );

  it('empties a room that nobody writes into, to its newest message', async () => {
    const id = await newRoom();
    await keep(id, 1);
    for (const text of ['one', 'two']) await say(id, text);
    const last = await say(id, 'three');
    pass(1);
    await twice(id, async () => {
      expect(await texts(id)).toEqual({ texts: [], more: false });
      expect(await synced(id, last - 1)).toMatchObject({ seq: last, events: [], reset: true });
      expect(await synced(id, last)).not.toHaveProperty('reset');
      const { items } = await listRooms(ctx, { user: bob });
      const listed = items.find(({ room }) => room === id);
      expect(listed).toMatchObject({ seq: last, unread: 0 });
      expect(listed).not.toHaveProperty('lastMessage');
    });
    expect(JSON.stringify(await stored(id))).not.toMatch(/"(one|two|three)"/);
    expect(await getHead(ctx.chat, id)).toMatchObject({ seq: last, settled: last, pending: [] });
  });

  it('of the stack holds for rooms that say nothing or longer, and a room may say shorter', async () => {
    ctx = { ...ctx, retentionDays: 2 };
    const [silent, longer, shorter] = [await newRoom(), await newRoom(), await newRoom()];
    await keep(longer, 30);
    await keep(shorter, 1);
    for (const id of [silent, longer, shorter]) await say(id, 'hello');
    const left = async () =>
      Promise.all([silent, longer, shorter].map(async (id) => (await texts(id)).texts.length));
    pass(1);
    expect(await left()).toEqual([1, 1, 0]);
    pass(1);
    expect(await left()).toEqual([0, 0, 0]);
  });

  it('leaves who belongs to the room as it was, and repeats of joining are answered', async () => {
    const id = await newRoom();
    await keep(id, 1);
    await say(id, 'hello');
    pass(400);
    await sweep(id);
    expect(await joinRoom(ctx, { room: id, user: bob })).toMatchObject({ seq: 2 });
    const log = await queryAllEvents(ctx.chat, id, { from: 1, to: 99 });
    expect(log.map(({ event }) => event.type)).toEqual(['room.created', 'member.joined', 'room.updated']);
  });

  it('a message whose time is over can be neither changed nor replied to', async () => {
    const id = await newRoom();
    await keep(id, 1);
    const seq = await say(id, 'hello');
    pass(1);
    await twice(id, async () => {
      expect(await refusal(editMessage(ctx, { ...at(id, seq), text: 'x' }))).toBe('not_found');
      expect(await refusal(deleteMessage(ctx, at(id, seq)))).toBe('not_found');
      expect(await refusal(addReaction(ctx, { ...at(id, seq), emoji: '👍' }))).toBe('not_found');
      expect(await refusal(pinMessage(ctx, { ...at(id, seq), user: alice }))).toBe('not_found');
      expect(await refusal(say(id, 'reply', { thread: seq }))).toBe('not_found');
    });
  });

  it('takes a pin and the text of an edit along, though the edit came later', async () => {
    const id = await newRoom();
    await keep(id, 2);
    const seq = await say(id, 'frist');
    pass(1);
    const edit = await editMessage(ctx, { ...at(id, seq), text: 'secret' });
    await pinMessage(ctx, { room: id, user: alice, target: seq });
    await settleAll(ctx, id);
    expect((await synced(id, edit.seq - 1))?.events[0]).toMatchObject({ text: 'secret' });
    pass(1);
    await twice(id, async () => {
      expect((await synced(id, edit.seq - 1))?.events[0]).toMatchObject({ text: '', deleted: true });
      expect((await listPins(ctx, { user: bob, room: id })).items).toEqual([]);
    });
    expect(JSON.stringify(await stored(id))).not.toContain('secret');
    expect((await stored(id)).some(({ sk }) => sk.startsWith('PIN#'))).toBe(false);
  });

  it('what was read of it stays read, and a mark can be set where nothing is left', async () => {
    const id = await newRoom();
    await keep(id, 1);
    const seqs: number[] = [];
    for (const text of ['a', 'b', 'c']) seqs.push(await say(id, text, { by: alice }));
    await settleAll(ctx, id);
    pass(1);
    await say(id, 'd', { by: alice });
    await twice(id, async () => {
      const { data } = await markRead(ctx, { user: bob, room: id, seq: seqs[1] ?? 0 });
      expect(data).toMatchObject({ seq: seqs[1], unread: 1 });
    });
    const { data } = await markRead(ctx, { user: bob, room: id, seq: seqs[2] ?? 0 });
    expect(data).toMatchObject({ seq: seqs[2], unread: 1 });
  });

  it('is not among what is unread, nor are its mentions, wherever the mark is', async () => {
    const id = await newRoom();
    await keep(id, 2);
    const old: number[] = [];
    for (let index = 0; index < 20; index++) {
      old.push(await say(id, `t${index} @${bob}`, { by: alice }));
      if (index % 9 === 0) await addReaction(ctx, { ...at(id, old.at(-1) ?? 0), emoji: '👍' });
    }
    await settleAll(ctx, id);
    // Events without an end among those with one: who comes and goes.
    const [carol] = await registered(ctx, 'carol');
    for (let times = 0; times < 13; times++) {
      await joinRoom(ctx, { room: id, user: carol });
      await leaveRoom(ctx, { room: id, user: carol });
    }
    pass(1);
    const fresh: number[] = [];
    for (let index = 0; index < 5; index++) {
      fresh.push(await say(id, index < 2 ? `u @${bob}` : 'u', { by: alice }));
      await addReaction(ctx, { ...at(id, fresh.at(-1) ?? 0), emoji: '👍' });
    }
    await settleAll(ctx, id);
    const counted = async () => {
      const listed = (await listRooms(ctx, { user: bob })).items.find(({ room }) => room === id);
      const { unread, mentions } = (await synced(id, 0)) ?? {};
      expect(listed).toMatchObject({ unread, mentions });
      return { unread, mentions };
    };
    expect(await counted()).toEqual({ unread: 25, mentions: 22 });
    pass(1);
    const marks = [0, old[3] ?? 0, old.at(-1) ?? 0, (fresh[0] ?? 0) - 1];
    await twice(id, async () => expect(await counted()).toEqual({ unread: 5, mentions: 2 }));
    for (const seq of [...marks, ...fresh]) {
      const unread = fresh.filter((one) => one > seq).length;
      expect((await markRead(ctx, { user: bob, room: id, seq })).data.unread).toBe(unread);
      expect(await counted()).toEqual({
        unread,
        mentions: fresh.slice(0, 2).filter((one) => one > seq).length,
      });
    }
    expect(await markRead(ctx, { user: bob, room: id, seq: 0 })).toMatchObject({ data: { unread: 0 } });
  });

  it('P3 once: a repeat within 24 hours finds the message, and the id is free after that', async () => {
    const id = await newRoom();
    await keep(id, 1);
    const send = () => sendMessage(ctx, { room: id, user: bob, id: clientId('same'), text: 'hello' });
    const first = await send();
    now += DAY_MS - 2_000;
    expect(await send()).toEqual(first);
    now += 3_000;
    expect((await send()).seq).toBe(first.seq + 1);
    expect((await texts(id)).texts).toEqual(['hello']);
  });

  it('the settler takes what is over for no gap', async () => {
    const id = await newRoom();
    await keep(id, 1);
    for (let index = 0; index < 5; index++) await say(id, `t${index}`);
    pass(1);
    const seqs: number[] = [];
    for (let index = 0; index < 20; index++) seqs.push(await say(id, `u${index}`));
    const events = await queryAllEvents(ctx.chat, id, { from: seqs[0] ?? 0, to: 999 });
    await settle(ctx, id, events);
    expect(await getHead(ctx.chat, id)).toMatchObject({ settled: seqs.at(-1) });
  });
});

describe('a shorter retention', () => {
  it('holds for what was said before, in the order of the log, and a longer one brings nothing back', async () => {
    const id = await newRoom();
    await keep(id, 30);
    const old = await say(id, 'old');
    await editMessage(ctx, { ...at(id, old), text: 'older' });
    await pinMessage(ctx, { room: id, user: alice, target: old });
    pass(5);
    for (let index = 0; index < 250; index++) await say(id, `t${index}`);
    await keep(id, 3);
    expect(trimTasks).toEqual([
      { room: id, after: 0 },
      { room: id, after: 0 },
    ]);
    await keep(id, 300);
    let pieces = 0;
    for (let task: TrimTask | undefined = { room: id, after: 0 }; task; pieces++) {
      let left = 1;
      task = await trimRoom(ctx, task, () => left-- > 0);
    }
    expect(pieces).toBe(3);
    expect((await getRoomRecord(ctx.chat, id))?.trims).toBeUndefined();
    await twice(id, async () => {
      const page = await texts(id, { limit: 100 });
      expect(page).toMatchObject({ more: true, texts: expect.arrayContaining(['t249']) });
      expect(await refusal(readMessage(ctx, { room: id, seq: old, user: bob }))).toBe('not_found');
      expect((await listPins(ctx, { user: bob, room: id })).items).toEqual([]);
      expect(await synced(id, old + 2)).not.toHaveProperty('reset');
    });
    pass(3);
    expect(await texts(id)).toEqual({ texts: [], more: false });
    await say(id, 'kept for longer');
    pass(299);
    expect(await texts(id)).toEqual({ texts: ['kept for longer'], more: false });
  });

  it('files end with their message, whatever comes first, and go with it', async () => {
    const id = await newRoom();
    await keep(id, 30);
    const file = FileId.parse('a'.repeat(26));
    const record = {
      file,
      name: 'x',
      size: 1,
      contentType: 'text/plain',
      state: 'ready',
      user: bob,
    } as const;
    await putFile(ctx.chat, id, { ...record, createdAt: now }, now + DAY_MS);
    const sent = await sendMessage(ctx, { room: id, user: bob, text: 'with a file', attachments: [file] });
    await keep(id, 1);
    await trimRoom(ctx, { room: id, after: 0 }, () => true);
    const task = { kind: 'attach', room: id, message: sent.seq, files: [file] };
    const [long, short] = [30, 1].map((days) => keptUntil(Date.parse(sent.at), days));
    expect(fileTasks).toEqual([
      { ...task, until: long },
      { ...task, until: short },
    ]);
    const store = new StoredFiles();
    store.put(keptKey(id, file), 'x');
    for (const one of fileTasks.toReversed()) await followMessage({ chat: ctx, store }, one);
    expect(await getFile(ctx.chat, id, file)).toMatchObject({ message: sent.seq });
    pass(1);
    expect(await getFile(ctx.chat, id, file)).toBeUndefined();
    await sweep(id);
    expect(fileTasks[2]).toEqual({ ...task, kind: 'release' });
    for (const one of fileTasks.slice(2)) await followMessage({ chat: ctx, store }, one);
    expect(store.objects.size).toBe(0);
  });
});
