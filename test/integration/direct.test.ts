import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { block, listBlocks, unblock } from '../../shared/chat/blocks.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { directRoomId, openDirect, pairOf } from '../../shared/chat/direct.ts';
import { listMembers, listPublicRooms, listRooms } from '../../shared/chat/lists.ts';
import { changeMember, removeMember } from '../../shared/chat/members.ts';
import { deleteRoom, updateRoom } from '../../shared/chat/room-settings.ts';
import { getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { getHead } from '../../shared/data/heads.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, readLog, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered } from '../helper/people.ts';
import { watchedTable } from '../helper/watched-table.ts';

let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database);
});
afterAll(() => database.stop());

const pair = () => registered(ctx, 'ann', 'ben', 'eve');
const open = (from: UserId, other: UserId, on = ctx) => openDirect(on, { user: from, other });
const typesOf = async (id: RoomId) => (await readLog(ctx, id)).map(({ event }) => event.type);

describe('openDirect', () => {
  it('makes one room for two, found by both', async () => {
    const [ann, ben, eve] = await pair();
    const { room, isNew } = await open(ann, ben);
    expect(isNew).toBe(true);
    expect(room).toMatchObject({ kind: 'direct', room: directRoomId(pairOf(ben, ann)) });
    expect(room.room).toMatch(/^dm-[0-9a-f]{32}$/);
    expect(await open(ben, ann)).toEqual({ room, isNew: false });
    expect((await open(ann, eve)).room.room).not.toBe(room.room);
    expect(await typesOf(room.room)).toEqual(['room.created', 'member.joined']);
    const { items } = await listMembers(ctx, { user: ben, room: room.room });
    expect(items.map((one) => `${one.user} ${one.role}`)).toEqual([`${ann} member`, `${ben} member`]);
    for (const from of [ann, ben]) await sendMessage(ctx, { room: room.room, user: from, text: 'hi' });
  });

  it('opened by both at once it is made once', async () => {
    const [ann, ben] = await pair();
    const results = await Promise.all(
      [ann, ben, ann, ben].map((from) => open(from, from === ann ? ben : ann, chatContext(database))),
    );
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    const id = directRoomId(pairOf(ann, ben));
    expect(await typesOf(id)).toEqual(['room.created', 'member.joined']);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'is completed by the next call where the first died at its write %i',
    async (last) => {
      const [ann, ben] = await pair();
      let writes = 0;
      const dying = watchedTable(ctx.chat, (call) => {
        if (!call.startsWith('get') && ++writes > last) throw new Error('died');
      });
      await open(ann, ben, { ...ctx, chat: dying }).catch(() => undefined);
      // What was committed and not stored is the settler's.
      const head = await getHead(ctx.chat, directRoomId(pairOf(ann, ben)));
      if (head) await settle(ctx, head.room, [...(await readLog(ctx, head.room)), head.last]);
      const { room } = await open(ben, ann);
      const members = (await listMembers(ctx, { user: ann, room: room.room })).items.map((one) => one.user);
      expect(members).toEqual([ann, ben].sort());
      expect(await typesOf(room.room)).toEqual(['room.created', 'member.joined']);
      await sendMessage(ctx, { room: room.room, user: ann, text: 'there' });
    },
  );

  it('is refused for oneself, and for who does not exist', async () => {
    const [ann] = await pair();
    expect(await refusal(open(ann, ann))).toBe('bad_request');
    expect(await refusal(open(ann, user('nobody-at-all')))).toBe('not_found');
  });

  it('is listed with who is on the other side, and found by nobody else', async () => {
    const [ann, ben, eve] = await pair();
    const { room } = await open(ann, ben);
    expect((await listRooms(ctx, { user: ann })).items).toMatchObject([{ room: room.room, with: ben }]);
    expect((await listRooms(ctx, { user: ben })).items).toMatchObject([{ kind: 'direct', with: ann }]);
    expect((await listPublicRooms(ctx, { prefix: 'dm-' })).items).toEqual([]);
    const codes = await Promise.all(
      [
        getRoom(ctx, { user: eve, room: room.room }),
        joinRoom(ctx, { user: eve, room: room.room }),
        sendMessage(ctx, { user: eve, room: room.room, text: 'x' }),
      ].map(refusal),
    );
    expect(codes).toEqual(['not_found', 'not_found', 'not_found']);
  });

  it('knows no roles: nobody leaves, invites, removes, mutes, renames or deletes', async () => {
    const [ann, ben, eve] = await pair();
    const { room } = (await open(ann, ben)).room;
    const author = { room, user: ann };
    const asked = {
      leave: () => leaveRoom(ctx, author),
      rename: () => updateRoom(ctx, { ...author, wanted: { name: 'x' } }),
      delete: () => deleteRoom(ctx, author),
      invite: () => changeMember(ctx, { ...author, member: eve, wanted: {} }),
      role: () => changeMember(ctx, { ...author, member: ben, wanted: { role: 'admin' } }),
      own: () => changeMember(ctx, { ...author, member: ann, wanted: { role: 'owner' } }),
      remove: () => removeMember(ctx, { ...author, member: ben, ban: false }),
      ban: () => removeMember(ctx, { ...author, member: ben, ban: true }),
    };
    for (const [what, ask] of Object.entries(asked)) expect(await refusal(ask()), what).toBe('forbidden');
    expect((await joinRoom(ctx, author)).seq).toBe(1);
  });
});

describe('blocks', () => {
  it('keep the blocked one from writing and opening, not the other', async () => {
    const [ann, ben, eve] = await pair();
    const { room } = (await open(ann, ben)).room;
    const warm = chatContext(database);
    await sendMessage(warm, { room, user: ben, text: 'before' });
    await block(ctx, { user: ann, other: ben });
    expect(await refusal(sendMessage(warm, { room, user: ben, text: 'x' }))).toBe('forbidden');
    expect(await refusal(open(ben, ann))).toBe('forbidden');
    await sendMessage(ctx, { room, user: ann, text: 'from the one who blocks' });
    expect(await refusal(open(ben, eve))).toBe('none');
    await unblock(ctx, { user: ann, other: ben });
    await sendMessage(warm, { room, user: ben, text: 'after' });
  });

  it('come before a room is made', async () => {
    const [ann, ben] = await pair();
    await block(ctx, { user: ann, other: ben });
    expect(await refusal(open(ben, ann))).toBe('forbidden');
    expect(await readLog(ctx, directRoomId(pairOf(ann, ben)))).toEqual([]);
  });

  it('are listed to who made them, page by page', async () => {
    const [ann, ben, eve] = await pair();
    for (const other of [eve, ben, ben]) await block(ctx, { user: ann, other });
    const first = await listBlocks(ctx, { user: ann, limit: 1 });
    const second = await listBlocks(ctx, { user: ann, limit: 1, cursor: first.cursor });
    expect([...first.items, ...second.items].map((one) => one.user)).toEqual([ben, eve]);
    expect((await listBlocks(ctx, { user: ben })).items).toEqual([]);
  });

  it('are refused for oneself and for nobody; an end of none is none', async () => {
    const [ann, ben] = await pair();
    expect(await refusal(block(ctx, { user: ann, other: ann }))).toBe('bad_request');
    expect(await refusal(block(ctx, { user: ann, other: user('nobody-at-all') }))).toBe('not_found');
    await unblock(ctx, { user: ann, other: ben });
  });
});
