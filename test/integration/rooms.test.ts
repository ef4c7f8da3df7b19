import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { listMembers, listPublicRooms, listRooms } from '../../shared/chat/lists.ts';
import { applyMembership, getMembership } from '../../shared/chat/membership.ts';
import { createRoom, getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { putBan } from '../../shared/data/bans.ts';
import { getHead } from '../../shared/data/heads.ts';
import { getAudience } from '../../shared/data/subscriptions.ts';
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
async function newRoom(kind: 'public' | 'private' = 'public', owner = alice) {
  const id = room(`rooms-${++rooms}`);
  await createRoom(ctx, { user: owner, room: id, name: `Room ${rooms}`, kind });
  return id;
}
const typesOf = async (id: Parameters<typeof readLog>[1]) =>
  (await readLog(ctx, id)).map(({ event }) => event.type);

describe('createRoom', () => {
  it('makes its creator the owner by the first event', async () => {
    const made = await createRoom(ctx, {
      user: alice,
      name: 'Café Zürich!',
      kind: 'public',
      topic: 'Kaffee',
    });
    expect(made).toMatchObject({
      room: 'cafe-zurich',
      name: 'Café Zürich!',
      kind: 'public',
      topic: 'Kaffee',
      slowModeSeconds: 0,
    });
    expect(await getRoom(ctx, { user: bob, room: made.room })).toEqual(made);
    expect(await getMembership(ctx, alice, made.room)).toMatchObject({ role: 'owner', since: 1, asOf: 1 });
    expect((await readLog(ctx, made.room))[0]?.event).toMatchObject({
      seq: 1,
      type: 'room.created',
      user: 'alice',
      name: 'Café Zürich!',
    });
  });

  it('refuses an id that is taken, and changes nothing', async () => {
    const id = await newRoom();
    const head = await getHead(ctx.chat, id);
    await expect(
      createRoom(ctx, { user: bob, room: id, name: 'Mine', kind: 'public' }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(await getHead(ctx.chat, id)).toEqual(head);
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
  });

  it('gives the second room of a name an id with a random end', async () => {
    const wanted = { user: alice, name: 'Twice', kind: 'public' } as const;
    expect((await createRoom(ctx, wanted)).room).toBe('twice');
    expect((await createRoom(ctx, wanted)).room).toMatch(/^twice-[0-9a-f]{9}$/);
  });

  it('keeps the ids of direct rooms for them', async () => {
    const chosen = createRoom(ctx, { user: alice, room: room('dm-x'), name: 'x', kind: 'public' });
    await expect(chosen).rejects.toMatchObject({ code: 'bad_request', issues: [{ path: 'room' }] });
    expect((await createRoom(ctx, { user: alice, name: 'DM me', kind: 'public' })).room).toBe('room-dm-me');
  });

  it('takes a put that was sent again after a lost answer for its own', async () => {
    const chat: ChatContext['chat'] = {
      ...ctx.chat,
      async put(item, condition) {
        if (item.sk === 'HEAD') await ctx.chat.put(item, condition);
        return ctx.chat.put(item, condition);
      },
    };
    const id = room('sent-twice');
    const made = await createRoom({ ...ctx, chat }, { user: alice, room: id, name: 'x', kind: 'public' });
    expect(made.room).toBe(id);
    expect(await typesOf(id)).toEqual(['room.created']);
  });
});

describe('joinRoom and leaveRoom', () => {
  it('P3 once: who is a member already is answered with the event that made it so', async () => {
    const id = await newRoom();
    const first = await joinRoom(ctx, { room: id, user: bob });
    expect(first.seq).toBe(2);
    expect(await joinRoom(ctx, { room: id, user: bob, id: clientId('other') })).toEqual(first);
    await settleAll(ctx, id);
    expect(await joinRoom(chatContext(database), { room: id, user: bob })).toEqual(first);
    expect(await typesOf(id)).toEqual(['room.created', 'member.joined']);
  });

  it('one user joining over ten handlers at once joins once', async () => {
    const id = await newRoom();
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => joinRoom(chatContext(database), { room: id, user: bob })),
    );
    expect(new Set(replies.map(({ seq }) => seq)).size).toBe(1);
    expect(await typesOf(id)).toEqual(['room.created', 'member.joined']);
  });

  it('forty users joining at once do not disturb each other', async () => {
    const id = await newRoom();
    let commits = 0;
    const chat = watchedTable(ctx.chat, (call) => {
      if (call === 'update HEAD') commits++;
    });
    const users = Array.from({ length: 40 }, (_, i) => user(`joiner-${i}`));
    await Promise.all(users.map((name) => joinRoom({ ...ctx, chat }, { room: id, user: name })));
    expect(commits).toBe(40);
    expect((await readLog(ctx, id)).length).toBe(41);
  });

  it('P6 members only: who left neither writes nor lists, until it joins again', async () => {
    const id = await newRoom();
    await joinRoom(ctx, { room: id, user: bob });
    const left = await leaveRoom(ctx, { room: id, user: bob });
    expect(left.seq).toBe(3);
    const forbidden = { code: 'forbidden' };
    await expect(sendMessage(ctx, { room: id, user: bob, text: 'x' })).rejects.toMatchObject(forbidden);
    await expect(listMembers(ctx, { user: bob, room: id })).rejects.toMatchObject(forbidden);
    await expect(leaveRoom(ctx, { room: id, user: bob })).rejects.toMatchObject(forbidden);
    expect((await getAudience(ctx.connections, id)).left.get('bob')).toBe(3);
    expect((await joinRoom(ctx, { room: id, user: bob })).seq).toBe(4);
    expect((await sendMessage(ctx, { room: id, user: bob, text: 'x' })).seq).toBe(5);
  });

  it('P3 once: a repeated leave has the same answer, before and after it is settled', async () => {
    const id = await newRoom();
    await joinRoom(ctx, { room: id, user: bob });
    const leave = { room: id, user: bob, id: clientId('bye') };
    const first = await leaveRoom(ctx, leave);
    expect(await leaveRoom(ctx, leave)).toEqual(first);
    await settleAll(ctx, id);
    expect(await leaveRoom(chatContext(database), leave)).toEqual(first);
    expect(await typesOf(id)).toEqual(['room.created', 'member.joined', 'member.left']);
  });

  it('the last owner can not leave', async () => {
    const id = await newRoom();
    await expect(leaveRoom(ctx, { room: id, user: alice })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('P8 clean refusals: a private room looks like none, by the same calls', async () => {
    const hidden = await newRoom('private');
    const answers = async (id: typeof hidden) => {
      const calls: string[] = [];
      const chat = watchedTable(ctx.chat, (call) => void calls.push(call));
      const fresh = { ...ctx, chat };
      const refusal = (promise: Promise<unknown>) =>
        promise.then(
          () => 'no refusal',
          (error) => error.toWire(),
        );
      return [
        await refusal(joinRoom(fresh, { room: id, user: bob })),
        await refusal(leaveRoom(fresh, { room: id, user: bob })),
        await refusal(getRoom(fresh, { room: id, user: bob })),
        await refusal(listMembers(fresh, { room: id, user: bob })),
        calls.sort(),
      ];
    };
    expect(await answers(hidden)).toEqual(await answers(room('never-was')));
  });

  it('refuses who is banned, also while the ban is not applied yet', async () => {
    const id = await newRoom();
    await putBan(ctx.chat, { room: id, user: bob, by: alice, at: new Date().toISOString(), asOf: 1 });
    await expect(joinRoom(ctx, { room: id, user: bob })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('a late repeat of an older join does not bring a membership back', async () => {
    const id = await newRoom();
    await joinRoom(ctx, { room: id, user: bob });
    await leaveRoom(ctx, { room: id, user: bob });
    const [, joined] = await readLog(ctx, id);
    if (!joined) throw new Error('no event');
    await applyMembership(ctx, id, joined);
    expect(await getMembership(ctx, bob, id)).toBeUndefined();
  });
});

describe('lists', () => {
  it('rooms come with what is new, and page by page', async () => {
    const carol = user('carol');
    const own = [
      await newRoom('private', carol),
      await newRoom('public', carol),
      await newRoom('public', carol),
    ];
    const [first, second, third] = own;
    if (!first || !second || !third) throw new Error('three rooms');
    await joinRoom(ctx, { room: second, user: bob });
    await sendMessage(ctx, { room: second, user: bob, text: 'one' });
    await sendMessage(ctx, { room: second, user: bob, text: 'two' });
    const page = await listRooms(ctx, { user: carol, limit: 2 });
    expect(page.items.map((item) => item.room)).toEqual([first, second]);
    expect(page.items[1]).toMatchObject({
      role: 'owner',
      seq: 4,
      read: 1,
      unread: 2,
      mentions: 0,
      lastMessage: { text: 'two', n: 2, user: 'bob' },
    });
    const rest = await listRooms(ctx, { user: carol, limit: 2, cursor: page.cursor });
    expect(rest.items.map((item) => item.room)).toEqual([third]);
    expect(rest.cursor).toBeUndefined();
  });

  it('what was said before a member joined is not unread', async () => {
    const id = await newRoom();
    const dora = user('dora');
    await sendMessage(ctx, { room: id, user: alice, text: 'before' });
    await joinRoom(ctx, { room: id, user: dora });
    expect((await listRooms(ctx, { user: dora })).items).toMatchObject([{ unread: 0, read: 3 }]);
    await sendMessage(ctx, { room: id, user: alice, text: 'after' });
    expect((await listRooms(ctx, { user: dora })).items).toMatchObject([{ unread: 1 }]);
  });

  it('public rooms are found by the beginning of their name, whatever its case; private ones never', async () => {
    for (const name of ['Zebra one', 'zebra TWO', 'ZEBRA three']) {
      await createRoom(ctx, { user: alice, name, kind: 'public' });
    }
    await createRoom(ctx, { user: alice, name: 'Zebra hidden', kind: 'private' });
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listPublicRooms(ctx, { prefix: 'zeBRA', limit: 2, cursor });
      names.push(...page.items.map((item) => item.name));
      cursor = page.cursor;
    } while (cursor);
    expect(names).toEqual(['Zebra one', 'ZEBRA three', 'zebra TWO']);
  });

  it('members page by page, for members only', async () => {
    const id = await newRoom();
    for (const name of ['m-one', 'm-two', 'm-three']) await joinRoom(ctx, { room: id, user: user(name) });
    const first = await listMembers(ctx, { user: alice, room: id, limit: 3 });
    const second = await listMembers(ctx, { user: alice, room: id, limit: 3, cursor: first.cursor });
    expect([...first.items, ...second.items].map((member) => `${member.user} ${member.role}`)).toEqual([
      'alice owner',
      'm-one member',
      'm-three member',
      'm-two member',
    ]);
    expect(first.items[1]?.joinedAt).toMatch(/Z$/);
  });

  it('a cursor that no list gave is refused', async () => {
    const foreign = [
      'x',
      '',
      Buffer.from('{"room":"../x"}').toString('base64url'),
      Buffer.from('{"__proto__":1}').toString('base64url'),
      Buffer.from('{"room":"a","name":"before"}').toString('base64url'),
    ];
    for (const cursor of foreign) {
      const refused = listPublicRooms(ctx, { prefix: 'q', cursor });
      await expect(refused).rejects.toMatchObject({ code: 'bad_request', issues: [{ path: 'cursor' }] });
    }
    await expect(listRooms(ctx, { user: alice, cursor: 'x' })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('a room with the longest of names can be found', async () => {
    const name = '\uFDFA'.repeat(100);
    const made = await createRoom(ctx, { user: alice, name, kind: 'public' });
    const { items } = await listPublicRooms(ctx, { prefix: name });
    expect(items.map((item) => item.room)).toEqual([made.room]);
  });
});
