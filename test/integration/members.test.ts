import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listBans, revocationOf, unban } from '../../shared/chat/bans.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { listMembers } from '../../shared/chat/lists.ts';
import { changeMember, removeMember, type WantedMember } from '../../shared/chat/members.ts';
import { applyMembership, getMembership } from '../../shared/chat/membership.ts';
import { listReports, report } from '../../shared/chat/reports.ts';
import { deleteRoom, updateRoom } from '../../shared/chat/room-settings.ts';
import { joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { settle } from '../../shared/chat/settle.ts';
import { getBan } from '../../shared/data/bans.ts';
import { getHead } from '../../shared/data/heads.ts';
import type { Role, RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';
import { watchedTable } from '../helper/watched-table.ts';

const HOUR_MS = 3_600_000;
let database: Database;
let ctx: ChatContext;
let owner: UserId;
let admin: UserId;
let bob: UserId;
let carol: UserId;
let stranger: UserId;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database);
  [owner, admin, bob, carol, stranger] = await registered(ctx, 'owner', 'admin', 'bob', 'carol', 'stranger');
});
afterAll(() => database.stop());

const change = (id: RoomId, by: UserId, member: UserId, wanted: WantedMember) =>
  changeMember(ctx, { room: id, user: by, member, wanted });
const remove = (id: RoomId, by: UserId, member: UserId, ban = false) =>
  removeMember(ctx, { room: id, user: by, member, ban });
const roleOf = async (id: RoomId, member: UserId): Promise<Role | undefined> =>
  (await getMembership(ctx, member, id))?.role;
const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** A room of `owner` with an admin, and bob and carol as members. */
async function staffedRoom(kind: 'public' | 'private' = 'public'): Promise<RoomId> {
  const id = await roomOf(ctx, owner, [admin, bob, carol], kind);
  await change(id, owner, admin, { role: 'admin' });
  return id;
}
const lastEvent = async (id: RoomId) => (await readLog(ctx, id)).at(-1)?.event;

describe('roles', () => {
  it('are given by owners alone, to those below them', async () => {
    const id = await staffedRoom();
    expect(await refusal(change(id, admin, bob, { role: 'admin' }))).toBe('forbidden');
    expect(await refusal(change(id, bob, carol, { role: 'admin' }))).toBe('forbidden');
    const { seq } = await change(id, owner, bob, { role: 'admin' });
    expect(await lastEvent(id)).toMatchObject({
      seq,
      type: 'member.updated',
      user: owner,
      member: bob,
      role: 'admin',
      mutedUntil: null,
    });
    expect(await roleOf(id, bob)).toBe('admin');
    expect(await refusal(change(id, admin, bob, { role: 'member' }))).toBe('forbidden');
    await change(id, owner, bob, { role: 'member' });
    expect(await roleOf(id, bob)).toBe('member');
  });

  it('nobody raises itself, and anybody may step down', async () => {
    const id = await staffedRoom();
    expect(await refusal(change(id, admin, admin, { role: 'owner' }))).toBe('forbidden');
    expect(await refusal(change(id, bob, bob, { role: 'admin' }))).toBe('forbidden');
    await change(id, admin, admin, { role: 'member' });
    expect(await roleOf(id, admin)).toBe('member');
  });

  it('the last owner can not step down or leave, until it has named another', async () => {
    const id = await staffedRoom();
    expect(await refusal(change(id, owner, owner, { role: 'member' }))).toBe('conflict');
    expect(await refusal(leaveRoom(ctx, { room: id, user: owner }))).toBe('conflict');
    await change(id, owner, bob, { role: 'owner' });
    expect(await refusal(remove(id, owner, bob))).toBe('forbidden');
    expect(await refusal(change(id, owner, bob, { role: 'member' }))).toBe('forbidden');
    await change(id, owner, owner, { role: 'admin' });
    expect(await roleOf(id, owner)).toBe('admin');
    expect(await refusal(leaveRoom(ctx, { room: id, user: bob }))).toBe('conflict');
  });

  it('of two owners who leave at once, one stays', async () => {
    const id = await staffedRoom();
    await change(id, owner, bob, { role: 'owner' });
    const codes = await Promise.all(
      [owner, bob].map((one) => refusal(leaveRoom(chatContext(database), { room: id, user: one }))),
    );
    expect(codes.sort()).toEqual(['conflict', 'none']);
  });

  it('a change that is none makes no event', async () => {
    const id = await staffedRoom();
    const before = (await readLog(ctx, id)).length;
    const { seq } = await change(id, owner, admin, { role: 'admin' });
    expect(seq).toBe(before);
    await change(id, owner, bob, {});
    expect((await readLog(ctx, id)).length).toBe(before);
    // Not what the member did to the room.
    await updateRoom(ctx, { room: id, user: admin, wanted: { topic: 'Tea' } });
    expect((await change(id, owner, admin, { role: 'admin' })).seq).toBe(before);
  });

  it('P3 once: the same id gives the same role once', async () => {
    const id = await staffedRoom();
    const give = () =>
      changeMember(chatContext(database), {
        room: id,
        user: owner,
        member: bob,
        wanted: { role: 'admin' },
        id: clientId('give'),
      });
    const [first, ...others] = await Promise.all([give(), give(), give()]);
    await settleAll(ctx, id);
    expect([...others, await give()]).toEqual([first, first, first]);
  });
});

describe('invitations', () => {
  it('make a member, with the inviter as the author, also of a private room', async () => {
    const id = await staffedRoom('private');
    expect(await refusal(joinRoom(ctx, { room: id, user: stranger }))).toBe('not_found');
    expect(await refusal(change(id, bob, stranger, {}))).toBe('forbidden');
    const { seq } = await change(id, admin, stranger, {});
    expect(await lastEvent(id)).toMatchObject({ seq, type: 'member.joined', user: admin, member: stranger });
    expect((await sendMessage(ctx, { room: id, user: stranger, text: 'thanks' })).seq).toBe(seq + 1);
  });

  it('may bring a role, which only an owner can give', async () => {
    const id = await staffedRoom();
    expect(await refusal(change(id, admin, stranger, { role: 'admin' }))).toBe('forbidden');
    await change(id, owner, stranger, { role: 'owner' });
    expect(await roleOf(id, stranger)).toBe('owner');
    await leaveRoom(ctx, { room: id, user: owner });
  });

  it('are for people who exist', async () => {
    const id = await staffedRoom();
    expect(await refusal(change(id, owner, user('nobody-at-all'), {}))).toBe('not_found');
  });

  it('beside the invited one’s own joining make one event', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await staffedRoom();
      await Promise.all([
        changeMember(chatContext(database), { room: id, user: owner, member: stranger, wanted: {} }),
        changeMember(chatContext(database), { room: id, user: admin, member: stranger, wanted: {} }),
        joinRoom(chatContext(database), { room: id, user: stranger }),
      ]);
      const log = await readLog(ctx, id);
      const joins = log.filter(({ event }) => event.type === 'member.joined' && event.member === stranger);
      expect(joins).toHaveLength(1);
    }
  });
});

describe('mutes', () => {
  it('keep from writing until their end, and say so', async () => {
    let now = Date.now();
    const late = chatContext(database, () => now);
    const id = await staffedRoom();
    const mutedUntil = new Date(now + HOUR_MS).toISOString();
    await change(id, admin, bob, { mutedUntil });
    const send = () => sendMessage(late, { room: id, user: bob, text: 'x' });
    await expect(send()).rejects.toMatchObject({
      code: 'forbidden',
      message: `unable to send; you are muted until ${mutedUntil}`,
    });
    const { items } = await listMembers(ctx, { user: owner, room: id });
    expect(items.find((one) => one.user === bob)).toMatchObject({ mutedUntil });
    now += HOUR_MS;
    expect((await send()).seq).toBeGreaterThan(1);
  });

  it('end with null, and the warm handlers of others know at once', async () => {
    const warm = chatContext(database);
    const id = await staffedRoom();
    await sendMessage(warm, { room: id, user: bob, text: 'before' });
    await change(id, owner, bob, { mutedUntil: ahead(HOUR_MS) });
    expect(await refusal(sendMessage(warm, { room: id, user: bob, text: 'x' }))).toBe('forbidden');
    await change(id, admin, bob, { mutedUntil: null });
    expect((await sendMessage(warm, { room: id, user: bob, text: 'after' })).seq).toBeGreaterThan(1);
  });

  it('are for those below', async () => {
    const id = await staffedRoom();
    const wanted = { mutedUntil: ahead(HOUR_MS) };
    for (const [by, member] of [
      [bob, carol],
      [admin, admin],
      [admin, owner],
      [bob, bob],
      [owner, owner],
    ] as const) {
      expect(await refusal(change(id, by, member, wanted)), `${by} ${member}`).toBe('forbidden');
    }
    expect(await refusal(change(id, admin, stranger, wanted))).toBe('not_found');
    expect(await getMembership(ctx, stranger, id)).toBeUndefined();
  });

  it('outlast leaving and coming back', async () => {
    const id = await staffedRoom();
    const mutedUntil = ahead(30 * 24 * HOUR_MS);
    await change(id, owner, bob, { mutedUntil });
    await leaveRoom(ctx, { room: id, user: bob });
    // The tombstone lives as long as the mute.
    const later = chatContext(database, () => Date.now() + 20 * 24 * HOUR_MS);
    await joinRoom(later, { room: id, user: bob });
    expect(await getMembership(ctx, bob, id)).toMatchObject({ mutedUntil });
    expect(await refusal(sendMessage(ctx, { room: id, user: bob, text: 'x' }))).toBe('forbidden');
    await leaveRoom(ctx, { room: id, user: bob });
    await change(id, owner, bob, { mutedUntil: null });
    expect((await sendMessage(ctx, { room: id, user: bob, text: 'x' })).seq).toBeGreaterThan(1);
  });

  it('and roles end the same in whatever order their events are applied', async () => {
    const id = await staffedRoom();
    const mutedUntil = ahead(HOUR_MS);
    await change(id, owner, bob, { role: 'admin' });
    await change(id, owner, bob, { mutedUntil });
    const log = await readLog(ctx, id);
    const item = await getMembership(ctx, bob, id);
    for (const one of log.slice(-2)) await applyMembership(ctx, id, one);
    expect(await getMembership(ctx, bob, id)).toEqual(item);
    expect(item).toMatchObject({ role: 'admin', mutedUntil });
  });
});

describe('what is committed and not applied yet, as its handler died', () => {
  /** A handler that dies where it would write the membership. */
  const dying = (): ChatContext => ({
    ...ctx,
    chat: watchedTable(ctx.chat, (call) => {
      if (/^(put|update) ROOM$/.test(call)) throw new Error('died');
    }),
  });

  it('comes first: a new role is not given to a membership that had ended before', async () => {
    const id = await staffedRoom();
    await expect(leaveRoom(dying(), { room: id, user: bob })).rejects.toThrow('died');
    await expect(joinRoom(dying(), { room: id, user: bob })).rejects.toThrow('died');
    const joined = (await readLog(ctx, id)).at(-1)?.event.seq;
    await change(id, owner, bob, { role: 'admin' });
    expect(await getMembership(ctx, bob, id)).toMatchObject({ role: 'admin', since: joined });
  });

  it('comes first: nobody gets rid of a mute by leaving before it is applied', async () => {
    const id = await staffedRoom();
    const muting = { room: id, user: owner, member: bob, wanted: { mutedUntil: ahead(HOUR_MS) } };
    await expect(changeMember(dying(), muting)).rejects.toThrow('died');
    await leaveRoom(ctx, { room: id, user: bob });
    await joinRoom(ctx, { room: id, user: bob });
    expect(await refusal(sendMessage(ctx, { room: id, user: bob, text: 'x' }))).toBe('forbidden');
  });
});

describe('removals and bans', () => {
  it('P6 members only: who is removed neither reads nor writes, and may come back', async () => {
    const id = await staffedRoom();
    await remove(id, admin, bob);
    expect(await lastEvent(id)).toMatchObject({ type: 'member.removed', member: bob, banned: false });
    expect(await refusal(sendMessage(ctx, { room: id, user: bob, text: 'x' }))).toBe('forbidden');
    expect(await refusal(listMembers(ctx, { room: id, user: bob }))).toBe('forbidden');
    expect(await refusal(joinRoom(ctx, { room: id, user: bob }))).toBe('none');
  });

  it('are for those below', async () => {
    const id = await staffedRoom();
    for (const [by, member] of [
      [bob, carol],
      [admin, owner],
      [owner, owner],
    ] as const) {
      expect(await refusal(remove(id, by, member, true)), `${by} ${member}`).toBe('forbidden');
    }
    expect(await refusal(remove(id, admin, stranger))).toBe('not_found');
    expect(await refusal(remove(id, admin, user('nobody-at-all'), true))).toBe('not_found');
  });

  it('who is banned stays out until the ban is lifted', async () => {
    const id = await staffedRoom();
    const banned = await remove(id, admin, bob, true);
    expect(await refusal(joinRoom(ctx, { room: id, user: bob }))).toBe('forbidden');
    const again = await remove(id, owner, bob, true);
    expect(again.event.seq).toBe(banned.event.seq);
    const { items } = await listBans(ctx, { room: id, user: admin });
    expect(items).toEqual([{ user: bob, by: admin, at: banned.event.at }]);
    expect(await refusal(unban(ctx, { room: id, user: carol, member: bob }))).toBe('forbidden');
    await unban(ctx, { room: id, user: owner, member: bob });
    expect(await lastEvent(id)).toMatchObject({ type: 'member.unbanned', member: bob, user: owner });
    expect((await listBans(ctx, { room: id, user: admin })).items).toEqual([]);
    expect(await refusal(unban(ctx, { room: id, user: owner, member: bob }))).toBe('not_found');
    expect(await refusal(joinRoom(ctx, { room: id, user: bob }))).toBe('none');
  });

  it('a ban keeps out who is no member, and a late repeat does not bring a lifted one back', async () => {
    const id = await staffedRoom();
    const banned = await remove(id, admin, stranger, true);
    expect(await refusal(joinRoom(ctx, { room: id, user: stranger }))).toBe('forbidden');
    await change(id, admin, stranger, {});
    await applyMembership(ctx, id, banned);
    expect(await roleOf(id, stranger)).toBe('member');
    await leaveRoom(ctx, { room: id, user: stranger });
    expect(await refusal(joinRoom(ctx, { room: id, user: stranger }))).toBe('none');
  });

  it('a ban counts before its item is there, and so does its end', async () => {
    const id = await staffedRoom();
    // A handler that dies right after its commit leaves the item as it was.
    const dying: ChatContext = {
      ...ctx,
      chat: watchedTable(ctx.chat, (call) => {
        if (/BAN|put E|update ROOM/.test(call) && !call.startsWith('get')) throw new Error('died');
      }),
    };
    await expect(removeMember(dying, { room: id, user: admin, member: bob, ban: true })).rejects.toThrow();
    expect(await refusal(joinRoom(chatContext(database), { room: id, user: bob }))).toBe('forbidden');
    expect(await getBan(ctx.chat, id, bob)).toBeUndefined();
    const head = await getHead(ctx.chat, id);
    if (!head) throw new Error('no head');
    await settle(ctx, id, [...(await readLog(ctx, id)), head.last], 1);
    expect(await getBan(ctx.chat, id, bob)).toMatchObject({ by: admin, lifted: false });
    expect(await roleOf(id, bob)).toBeUndefined();
    expect(await refusal(joinRoom(chatContext(database), { room: id, user: bob }))).toBe('forbidden');
  });

  it('P9 revocation: a ban tells which connections end, all else none', async () => {
    const id = await staffedRoom();
    const banned = await remove(id, admin, bob, true);
    expect(revocationOf(banned)).toEqual({
      user: bob,
      code: 'banned',
      reconnect: true,
      connectedBefore: Date.parse(banned.event.at),
    });
    expect(revocationOf(await remove(id, admin, carol))).toBeUndefined();
  });

  it('bans come page by page, without those that were lifted', async () => {
    const id = await staffedRoom();
    for (const one of [bob, carol, stranger]) await remove(id, owner, one, true);
    await unban(ctx, { room: id, user: owner, member: carol });
    const first = await listBans(ctx, { room: id, user: owner, limit: 1 });
    const second = await listBans(ctx, { room: id, user: owner, limit: 1, cursor: first.cursor });
    expect([first, second].map(({ items }) => items.map((one) => one.user))).toEqual([[bob], [stranger]]);
    expect(second.cursor).toBeUndefined();
  });
});

describe('P8 clean refusals', () => {
  it('nothing that is asked of a hidden room tells it from none, by text or by the calls that are made', async () => {
    const hidden = await staffedRoom('private');
    const banned = await remove(hidden, owner, carol, true);
    const asked = async (id: RoomId, by: UserId) => {
      const calls: string[] = [];
      const look = async (ask: (fresh: ChatContext) => Promise<unknown>) => {
        // An environment of its own for each: what is remembered of a room is tested elsewhere.
        const fresh = { ...ctx, chat: watchedTable(ctx.chat, (call) => void calls.push(call)) };
        calls.push('—');
        return ask(fresh).then(
          () => 'no refusal',
          (error) => error.toWire(),
        );
      };
      const author = { room: id, user: by };
      return [
        await look((on) => updateRoom(on, { ...author, wanted: { name: 'x' } })),
        await look((on) => deleteRoom(on, author)),
        await look((on) => changeMember(on, { ...author, member: bob, wanted: { role: 'admin' } })),
        await look((on) => changeMember(on, { ...author, member: by, wanted: { role: 'member' } })),
        await look((on) => removeMember(on, { ...author, member: bob, ban: true })),
        await look((on) => unban(on, { ...author, member: carol })),
        await look((on) => listBans(on, author)),
        await look((on) => listReports(on, author)),
        await look((on) => report(on, { ...author, seq: 1, reason: 'x' })),
        await look((on) => joinRoom(on, author)),
        calls,
      ];
    };
    const none = await asked(room('never-was'), stranger);
    expect(await asked(hidden, stranger)).toEqual(none);
    expect(await asked(hidden, carol)).toEqual(none);
    expect(none.slice(0, -1).every((one) => (one as { code: string }).code === 'not_found')).toBe(true);
    expect(banned.event.seq).toBeGreaterThan(1);
  });
});
