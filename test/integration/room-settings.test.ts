import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { listMembers, listPublicRooms, listRooms } from '../../shared/chat/lists.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { applySettings, getMembership } from '../../shared/chat/membership.ts';
import { deleteRoom, updateRoom, type WantedSettings } from '../../shared/chat/room-settings.ts';
import { createRoom, getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { sync } from '../../shared/chat/sync.ts';
import { getHead } from '../../shared/data/heads.ts';
import { getRoomRecord } from '../../shared/data/rooms.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, settleAll } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';
import { watchedTable } from '../helper/watched-table.ts';

let database: Database;
let ctx: ChatContext;
let owner: UserId;
let admin: UserId;
let bob: UserId;
let stranger: UserId;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database);
  [owner, admin, bob, stranger] = await registered(ctx, 'owner', 'admin', 'bob', 'stranger');
});
afterAll(() => database.stop());

async function staffedRoom(): Promise<RoomId> {
  const id = await roomOf(ctx, owner, [admin, bob]);
  await changeMember(ctx, { room: id, user: owner, member: admin, wanted: { role: 'admin' } });
  return id;
}
const update = (id: RoomId, by: UserId, wanted: WantedSettings, on = ctx) =>
  updateRoom(on, { room: id, user: by, wanted });

describe('updateRoom', () => {
  it('changes what is given and keeps the rest; the event carries all of it', async () => {
    const id = await staffedRoom();
    const room = await update(id, admin, { name: 'New', topic: 'Tea', slowModeSeconds: 5 });
    expect(room).toMatchObject({ room: id, name: 'New', topic: 'Tea', kind: 'public', slowModeSeconds: 5 });
    expect((await readLog(ctx, id)).at(-1)?.event).toMatchObject({
      type: 'room.updated',
      user: admin,
      name: 'New',
      topic: 'Tea',
      kind: 'public',
      slowModeSeconds: 5,
    });
    expect(await getRoom(ctx, { user: stranger, room: id })).toEqual(room);
    expect(await getHead(ctx.chat, id)).toMatchObject({ kind: 'public', slow: 5 });
  });

  it('is for admins', async () => {
    const id = await staffedRoom();
    expect(await refusal(update(id, bob, { name: 'x' }))).toBe('forbidden');
    expect(await refusal(update(id, stranger, { name: 'x' }))).toBe('forbidden');
  });

  it('what is so already makes no event, nor does nothing at all', async () => {
    const id = await staffedRoom();
    const before = (await readLog(ctx, id)).length;
    await update(id, owner, { kind: 'public' });
    await update(id, owner, {});
    expect((await readLog(ctx, id)).length).toBe(before);
  });

  it('two admins at once: both changes last', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await staffedRoom();
      await Promise.all([
        update(id, owner, { name: 'Named' }, chatContext(database)),
        update(id, admin, { topic: 'Told' }, chatContext(database)),
      ]);
      expect(await getRoom(ctx, { user: bob, room: id })).toMatchObject({ name: 'Named', topic: 'Told' });
      const log = await readLog(ctx, id);
      const item = await getRoomRecord(ctx.chat, id);
      // Whoever is late, or repeats.
      for (const one of [...log].reverse()) await applySettings(ctx, id, one);
      expect(await getRoomRecord(ctx.chat, id)).toEqual(item);
    }
  });

  it('starts from a change whose handler died before the room’s item had it', async () => {
    const id = await staffedRoom();
    const dying = watchedTable(ctx.chat, (call) => {
      if (call === 'put ROOM') throw new Error('died');
    });
    await expect(update(id, owner, { name: 'Named' }, { ...ctx, chat: dying })).rejects.toThrow('died');
    expect(await update(id, admin, { topic: 'Told' })).toMatchObject({ name: 'Named', topic: 'Told' });
  });

  it('a room that turns private is found and joined by nobody from then on', async () => {
    const id = await staffedRoom();
    await joinRoom(ctx, { room: id, user: stranger });
    await leaveRoom(ctx, { room: id, user: stranger });
    await update(id, admin, { kind: 'private', name: `secret ${id}` });
    expect(await refusal(joinRoom(ctx, { room: id, user: stranger }))).toBe('not_found');
    expect(await refusal(getRoom(ctx, { room: id, user: stranger }))).toBe('not_found');
    expect((await listPublicRooms(ctx, { prefix: `secret ${id}` })).items).toEqual([]);
    expect(await getRoom(ctx, { room: id, user: bob })).toMatchObject({ kind: 'private' });
  });

  it('P6 members only: nobody joins by a public item that a committed change has outdated', async () => {
    const id = await staffedRoom();
    const dying = watchedTable(ctx.chat, (call) => {
      if (call === 'put ROOM') throw new Error('died');
    });
    const hide = update(id, owner, { kind: 'private' }, { ...ctx, chat: dying });
    await expect(hide).rejects.toThrow('died');
    expect(await getRoomRecord(ctx.chat, id)).toMatchObject({ kind: 'public' });
    expect(await refusal(joinRoom(ctx, { room: id, user: stranger }))).toBe('not_found');
  });
});

describe('deleteRoom', () => {
  /** What anyone can ask of a room. */
  const asked = (id: RoomId, user: UserId, on: ChatContext) => [
    sendMessage(on, { room: id, user, text: 'x' }),
    readHistory(on, { room: id, user }),
    listMembers(on, { room: id, user }),
    getRoom(on, { room: id, user }),
    joinRoom(on, { room: id, user }),
    leaveRoom(on, { room: id, user }),
    update(id, user, { name: 'x' }, on),
    deleteRoom(on, { room: id, user }),
    changeMember(on, { room: id, user, member: bob, wanted: {} }),
  ];

  it('makes the room not_found to all, warm handlers too, before and after it is settled', async () => {
    const id = await staffedRoom();
    const warm = chatContext(database);
    await sendMessage(warm, { room: id, user: bob, text: 'before' });
    const { seq } = await deleteRoom(ctx, { room: id, user: owner });
    const log = await readLog(ctx, id);
    expect(log.at(-1)?.event).toMatchObject({ seq, type: 'room.deleted', user: owner });
    for (const on of [warm, chatContext(database)]) {
      for (const user of [owner, bob, stranger]) {
        const codes = await Promise.all(asked(id, user, on).map(refusal));
        expect(new Set(codes), user).toEqual(new Set(['not_found']));
      }
    }
    const member = async () => ({
      rooms: (await listRooms(ctx, { user: bob })).items.map((one) => one.room),
      synced: (await sync(ctx, { user: bob, rooms: { [id]: 1 } })).rooms.map((one) => one.room),
    });
    expect((await member()).rooms).not.toContain(id);
    expect((await member()).synced).not.toContain(id);
    await settleAll(ctx, id);
    for (const user of [owner, admin, bob]) expect(await getMembership(ctx, user, id)).toBeUndefined();
    for (const user of [owner, bob, stranger]) {
      const codes = await Promise.all(asked(id, user, chatContext(database)).map(refusal));
      expect(new Set(codes), user).toEqual(new Set(['not_found']));
    }
    expect(await readLog(ctx, id)).toEqual(log);
  });

  it('the id is never free again', async () => {
    const id = await staffedRoom();
    await deleteRoom(ctx, { room: id, user: owner });
    const again = () => createRoom(ctx, { user: stranger, room: id, name: 'x', kind: 'public' });
    expect(await refusal(again())).toBe('conflict');
    await settleAll(ctx, id);
    expect(await refusal(again())).toBe('conflict');
  });

  it('is for owners', async () => {
    const id = await staffedRoom();
    for (const user of [admin, bob, stranger]) {
      expect(await refusal(deleteRoom(ctx, { room: id, user })), user).toBe('forbidden');
    }
  });

  it('P3 once: its own repeat gets its number', async () => {
    const id = await staffedRoom();
    const once = () => deleteRoom(chatContext(database), { room: id, user: owner, id: clientId('gone') });
    const first = await once();
    expect(await once()).toEqual(first);
    await settleAll(ctx, id);
    expect(await once()).toEqual(first);
  });

  it('is completed by the settler where the handler died after its commit', async () => {
    const id = await staffedRoom();
    const dying = watchedTable(ctx.chat, (call) => {
      if (/^put (E|ROOM)$/.test(call)) throw new Error('died');
    });
    await expect(deleteRoom({ ...ctx, chat: dying }, { room: id, user: owner })).rejects.toThrow('died');
    expect(await refusal(sendMessage(ctx, { room: id, user: bob, text: 'x' }))).toBe('not_found');
    const head = await getHead(ctx.chat, id);
    if (!head) throw new Error('no head');
    await settle(ctx, id, [...(await readLog(ctx, id)), head.last], 1);
    expect(await getRoomRecord(ctx.chat, id)).toBeUndefined();
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
    expect((await getHead(ctx.chat, id))?.settled).toBe(head.seq);
  });

  it('all members of a large room are dismissed', async () => {
    const id = await staffedRoom();
    const crowd = await registered(ctx, ...Array.from({ length: 60 }, (_, i) => `crowd${i}`));
    await Promise.all(crowd.map((user) => joinRoom(ctx, { room: id, user })));
    await deleteRoom(ctx, { room: id, user: owner });
    await settleAll(ctx, id);
    const left = await Promise.all(crowd.map((user) => getMembership(ctx, user, id)));
    expect(left.filter(Boolean)).toEqual([]);
  });
});
