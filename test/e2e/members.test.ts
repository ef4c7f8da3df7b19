import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint, patience, pause } from '../helper/endpoint.ts';
import { createRoom, joinRoom, leaveRoom, putMember, removeMember } from '../helper/room.ts';
import { TIME } from '../helper/wire.ts';

let owner: Account;
let admin: Account;
let bob: Account;
let carol: Account;
let stranger: Account;
beforeAll(async () => {
  [owner, admin, bob, carol, stranger] = await people(
    endpoint(),
    'owner',
    'admin',
    'bob',
    'carol',
    'stranger',
  );
});
afterAll(() => {
  for (const account of [owner, admin, bob, carol, stranger]) account.disconnect();
});

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS).toISOString();

async function staffedRoom(kind: 'public' | 'private' = 'public'): Promise<string> {
  const room = await createRoom(owner, { kind });
  for (const member of [admin, bob, carol]) await putMember(owner, room, member);
  await putMember(owner, room, admin, { role: 'admin' });
  return room;
}
const put = (by: Account, room: string, member: Account, wanted: object) =>
  by.call('PUT', `/api/rooms/${room}/members/${member.user}`, wanted);
const remove = (by: Account, room: string, member: Account, query = '') =>
  by.call('DELETE', `/api/rooms/${room}/members/${member.user}${query}`);
const say = (by: Account, room: string) => by.call('POST', `/api/rooms/${room}/messages`, { text: 'may I?' });

describe('invitations', () => {
  it('bring someone into a private room, who hears it from its own joining on', async () => {
    const room = await createRoom(owner, { kind: 'private' });
    const [hers, his] = await Promise.all([owner.connect(), bob.connect()]);
    const { seq: before } = await hers.command('sendMessage', { room, text: 'before' });
    const seq = await putMember(owner, room, bob);
    await his.untilHeard(room, seq);
    await hers.untilHeard(room, seq);
    const { seq: after } = await his.command('sendMessage', { room, text: 'thanks' });
    await his.untilHeard(room, after);
    expect(his.heard(room).map((event) => event.seq)).toEqual([seq, after]);
    expect(his.heard(room)[0]).toMatchObject({
      type: 'member.joined',
      user: owner.user,
      member: bob.user,
    });
    expect(before).toBe(seq - 1);
  });

  it('are for admins, of people who exist', async () => {
    const room = await staffedRoom('private');
    expect(await put(bob, room, stranger, {})).toBeRefused('forbidden');
    expect(await put(stranger, room, stranger, {})).toBeRefused('not_found');
    expect(await owner.call('PUT', `/api/rooms/${room}/members/nobody-at-all`, {})).toBeRefused('not_found');
    bodyOf(await put(admin, room, stranger, {}), 200);
  });
});

describe('roles', () => {
  it('are shown to members, and their change is heard', async () => {
    const room = await staffedRoom();
    const his = await bob.connect();
    const seq = await putMember(owner, room, bob, { role: 'admin' });
    expect(await his.untilHeard(room, seq)).toMatchObject({
      type: 'member.updated',
      member: bob.user,
      role: 'admin',
      mutedUntil: null,
    });
    const { items } = bodyOf<{ items: { user: string; role: string }[] }>(
      await carol.call('GET', `/api/rooms/${room}/members`),
      200,
    );
    const roles = Object.fromEntries(items.map((one) => [one.user, one.role]));
    expect(roles).toEqual({
      [owner.user]: 'owner',
      [admin.user]: 'admin',
      [bob.user]: 'admin',
      [carol.user]: 'member',
    });
  });

  it('are given by owners, to those below', async () => {
    const room = await staffedRoom();
    expect(await put(admin, room, bob, { role: 'admin' })).toBeRefused('forbidden');
    expect(await put(admin, room, owner, { role: 'member' })).toBeRefused('forbidden');
    expect(await put(bob, room, bob, { role: 'owner' })).toBeRefused('forbidden');
    expect(await put(owner, room, bob, { role: 'king' })).toBeRefused('bad_request');
    expect(await put(owner, room, bob, { role: 'admin', since: 1 })).toBeRefused('bad_request');
  });

  it('the last owner stays until another is named', async () => {
    const room = await staffedRoom();
    const his = await owner.connect();
    expect(await his.ask({ action: 'leaveRoom', room })).toBeRefused('conflict');
    expect(await put(owner, room, owner, { role: 'admin' })).toBeRefused('conflict');
    expect(await remove(owner, room, owner)).toBeRefused('conflict');
    await putMember(owner, room, bob, { role: 'owner' });
    expect(await remove(owner, room, bob)).toBeRefused('forbidden');
    await leaveRoom(owner, room);
    expect(await remove(bob, room, bob)).toBeRefused('conflict');
  });
});

describe('mutes', () => {
  it('keep from writing, say until when, and can be lifted', async () => {
    const room = await staffedRoom();
    const his = await bob.connect();
    const mutedUntil = inAnHour();
    await putMember(admin, room, bob, { mutedUntil });
    const refused = await his.ask({ action: 'sendMessage', room, text: 'x' });
    expect(refused).toBeRefused('forbidden');
    expect(refused.error?.message).toBe(`unable to send; you are muted until ${mutedUntil}`);
    expect(await say(bob, room)).toBeRefused('forbidden');
    await leaveRoom(bob, room);
    await joinRoom(bob, room);
    expect(await say(bob, room)).toBeRefused('forbidden');
    await putMember(owner, room, bob, { mutedUntil: null });
    bodyOf(await say(bob, room), 201);
  });

  it('end by themselves', async () => {
    const room = await staffedRoom();
    const ends = Date.now() + 1_500;
    await putMember(admin, room, bob, { mutedUntil: new Date(ends).toISOString() });
    expect(await say(bob, room)).toBeRefused('forbidden');
    await pause(ends - Date.now() + 20);
    bodyOf(await say(bob, room), 201);
  });

  it('are for those below, and for members', async () => {
    const room = await staffedRoom();
    const wanted = { mutedUntil: inAnHour() };
    expect(await put(bob, room, carol, wanted)).toBeRefused('forbidden');
    expect(await put(admin, room, owner, wanted)).toBeRefused('forbidden');
    expect(await put(admin, room, admin, wanted)).toBeRefused('forbidden');
    expect(await put(admin, room, stranger, wanted)).toBeRefused('not_found');
    expect(await put(admin, room, bob, { mutedUntil: 'tomorrow' })).toBeRefused('bad_request');
  });
});

describe('removals and bans', () => {
  it('P6 members only: who is removed hears nothing beyond its removal, on any device', async () => {
    const room = await staffedRoom();
    const devices = await Promise.all([bob.connect(), bob.connect()]);
    const [hers, observer] = [await owner.connect(), await carol.connect()];
    const stop = new AbortController();
    const talk = (async () => {
      while (!stop.signal.aborted) await hers.command('sendMessage', { room, text: 'on and on' });
    })();
    await devices[0].waitFor('a message', () => devices[0].heard(room).at(0));
    const removed = await removeMember(admin, room, bob);
    const { seq: after } = bodyOf<{ seq: number }>(await say(carol, room), 201);
    stop.abort();
    await talk;
    await observer.untilHeard(room, after);
    await pause(patience().forWhatMustNot);
    for (const device of devices) {
      expect(device.heard(room).filter((event) => event.seq > removed)).toEqual([]);
      expect(await device.ask({ action: 'history', room })).toBeRefused('forbidden');
      expect(await device.ask({ action: 'sendMessage', room, text: 'x' })).toBeRefused('forbidden');
    }
    await joinRoom(bob, room);
  });

  it('who is banned can not come back until an admin lifts it, or invites', async () => {
    const room = await staffedRoom();
    const seq = await removeMember(admin, room, bob, true);
    await removeMember(owner, room, carol, true);
    expect(await bob.call('POST', `/api/rooms/${room}/join`)).toBeRefused('forbidden');
    expect(await bob.call('GET', `/api/rooms/${room}/bans`)).toBeRefused('forbidden');
    const { items } = bodyOf<{ items: { user: string; by: string; at: string }[] }>(
      await admin.call('GET', `/api/rooms/${room}/bans`),
      200,
    );
    expect(items.find((one) => one.user === bob.user)).toEqual({
      user: bob.user,
      by: admin.user,
      at: expect.stringMatching(TIME),
    });
    const lift = (by: Account, member: Account) =>
      by.call('DELETE', `/api/rooms/${room}/bans/${member.user}`);
    const lifted = bodyOf<{ seq: number }>(await lift(admin, bob), 200);
    expect(lifted.seq).toBe(seq + 2);
    expect(await lift(admin, bob)).toBeRefused('not_found');
    expect(await lift(bob, carol)).toBeRefused('forbidden');
    await joinRoom(bob, room);
    await putMember(admin, room, carol);
    bodyOf(await say(carol, room), 201);
  });

  it('are for those below', async () => {
    const room = await staffedRoom();
    expect(await remove(bob, room, carol)).toBeRefused('forbidden');
    expect(await remove(admin, room, owner, '?ban=true')).toBeRefused('forbidden');
    expect(await remove(admin, room, stranger)).toBeRefused('not_found');
    expect(await remove(owner, room, owner, '?ban=true')).toBeRefused('forbidden');
    expect(await remove(owner, room, bob, '?ban=perhaps')).toBeRefused('bad_request');
    bodyOf(await remove(owner, room, stranger, '?ban=true'), 200);
    expect(await stranger.call('POST', `/api/rooms/${room}/join`)).toBeRefused('forbidden');
  });

  it('P3 once: a repeat of a change with its id has its number', async () => {
    const room = await staffedRoom();
    const first = bodyOf<object>(await remove(admin, room, bob, '?id=out'), 200);
    await joinRoom(bob, room);
    expect(bodyOf<object>(await remove(admin, room, bob, '?id=out'), 200)).toEqual(first);
    bodyOf(await say(bob, room), 201);
    const join = () => stranger.call('POST', `/api/rooms/${room}/join?id=in`);
    const joined = bodyOf<object>(await join(), 200);
    await leaveRoom(stranger, room);
    expect(bodyOf<object>(await join(), 200)).toEqual(joined);
    expect(await say(stranger, room)).toBeRefused('forbidden');
    expect(await remove(admin, room, bob, '?id=two%20words')).toBeRefused('bad_request');
  });
});

describe('reports', () => {
  it('reach the admins and nobody else', async () => {
    const room = await staffedRoom();
    const { seq } = bodyOf<{ seq: number }>(await say(carol, room), 201);
    const report = (by: Account, target: number, body: object = { reason: 'not kind' }) =>
      by.call('POST', `/api/rooms/${room}/messages/${target}/report`, body);
    expect(bodyOf(await report(bob, seq), 201)).toMatchObject({ seq, user: bob.user, reason: 'not kind' });
    expect(await report(stranger, seq)).toBeRefused('forbidden');
    expect(await report(bob, seq + 1)).toBeRefused('not_found');
    expect(await report(bob, 1)).toBeRefused('not_found');
    expect(await report(bob, 0)).toBeRefused('bad_request');
    expect(await report(bob, seq, {})).toBeRefused('bad_request');
    const list = (by: Account) => by.call('GET', `/api/rooms/${room}/reports`);
    expect(await list(bob)).toBeRefused('forbidden');
    const { items } = bodyOf<{ items: object[] }>(await list(admin), 200);
    expect(items).toMatchObject([{ seq, user: bob.user, message: { text: 'may I?', user: carol.user } }]);
  });
});
