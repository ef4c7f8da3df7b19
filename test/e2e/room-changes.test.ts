import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import { endpoint, pause } from '../helper/endpoint.ts';
import { createRoom, putMember, readLog } from '../helper/room.ts';

let owner: Account;
let admin: Account;
let bob: Account;
let stranger: Account;
beforeAll(async () => {
  [owner, admin, bob, stranger] = await people(endpoint(), 'owner', 'admin', 'bob', 'stranger');
});
afterAll(() => {
  for (const account of [owner, admin, bob, stranger]) account.disconnect();
});

async function staffedRoom(): Promise<string> {
  const room = await createRoom(owner, { members: [admin, bob] });
  await putMember(owner, room, admin, { role: 'admin' });
  return room;
}
const change = (by: Account, room: string, wanted: object) => by.call('PATCH', `/api/rooms/${room}`, wanted);

describe('changing a room', () => {
  it('is heard by its members and seen by all', async () => {
    const room = await staffedRoom();
    const his = await bob.connect();
    const wanted = { name: 'Foxes', topic: 'Dens', slowModeSeconds: 3, retentionDays: 30 };
    expect(bodyOf(await change(admin, room, wanted), 200)).toMatchObject({ room, ...wanted, kind: 'public' });
    const event = await his.waitFor('the change', () =>
      his.heard(room).find(({ type }) => type === 'room.updated'),
    );
    expect(event).toMatchObject({ user: admin.user, ...wanted, kind: 'public' });
    expect(bodyOf(await stranger.call('GET', `/api/rooms/${room}`), 200)).toMatchObject(wanted);
  });

  it('is for admins', async () => {
    const room = await staffedRoom();
    expect(await change(bob, room, { name: 'Mine' })).toBeRefused('forbidden');
    expect(await change(stranger, room, { name: 'Mine' })).toBeRefused('forbidden');
    expect(await change(stranger, freshName('none'), { name: 'Mine' })).toBeRefused('not_found');
  });

  it.each([
    ['an empty name', { name: '' }],
    ['a kind of its own', { kind: 'direct' }],
    ['a pause of more than an hour', { slowModeSeconds: 3_601 }],
    ['half a second', { slowModeSeconds: 0.5 }],
    ['messages that are not kept at all', { retentionDays: 0 }],
    ['messages that are kept for more than ten years', { retentionDays: 3_651 }],
    ['messages that are kept for half a day', { retentionDays: 0.5 }],
    ['a field that is the service’s', { seq: 1 }],
  ])('refuses %s', async (_, wanted) => {
    const room = await staffedRoom();
    expect(await change(owner, room, wanted)).toBeRefused('bad_request');
    expect(await readLog(await owner.connect(), room)).toHaveLength(4);
  });

  it('P8 clean refusals: a room that turns private is gone for strangers', async () => {
    const room = await staffedRoom();
    bodyOf(await change(owner, room, { kind: 'private' }), 200);
    for (const path of ['', '/members', '/messages', '/bans', '/reports']) {
      expect(await stranger.call('GET', `/api/rooms/${room}${path}`), path).toBeRefused('not_found');
    }
    expect(await stranger.call('POST', `/api/rooms/${room}/join`)).toBeRefused('not_found');
    expect(await change(stranger, room, { name: 'x' })).toBeRefused('not_found');
    expect(await stranger.call('DELETE', `/api/rooms/${room}`)).toBeRefused('not_found');
    bodyOf(await bob.call('GET', `/api/rooms/${room}`), 200);
  });
});

describe('deleting a room', () => {
  it('is its last event, heard by all who are connected; then it is not_found to all', async () => {
    const room = await staffedRoom();
    const [hers, his] = [await owner.connect(), await bob.connect()];
    const { seq: said } = await his.command('sendMessage', { room, text: 'nice here' });
    const { seq } = bodyOf<{ seq: number }>(await owner.call('DELETE', `/api/rooms/${room}`), 200);
    expect(seq).toBe(said + 1);
    for (const client of [hers, his]) {
      expect(await client.untilHeard(room, seq)).toMatchObject({ type: 'room.deleted', user: owner.user });
    }
    for (const account of [owner, bob, stranger]) {
      for (const path of ['', '/members', '/messages', '/bans', '/reports']) {
        const answer = await account.call('GET', `/api/rooms/${room}${path}`);
        expect(answer, `${account.user} ${path}`).toBeRefused('not_found');
      }
    }
    expect(await his.ask({ action: 'sendMessage', room, text: 'x' })).toBeRefused('not_found');
    expect(await his.ask({ action: 'joinRoom', room })).toBeRefused('not_found');
    expect(await his.ask({ action: 'leaveRoom', room })).toBeRefused('not_found');
    expect(await his.ask({ action: 'history', room })).toBeRefused('not_found');
    const { rooms } = await his.command('sync', { rooms: { [room]: said } });
    expect(rooms.map((one) => one.room)).not.toContain(room);
    const { items } = bodyOf<{ items: { room: string }[] }>(await bob.call('GET', '/api/rooms'), 200);
    expect(items.map((one) => one.room)).not.toContain(room);
  });

  it('is for owners, and its id is never free again', async () => {
    const room = await staffedRoom();
    for (const account of [admin, bob, stranger]) {
      expect(await account.call('DELETE', `/api/rooms/${room}`), account.user).toBeRefused('forbidden');
    }
    bodyOf(await owner.call('DELETE', `/api/rooms/${room}`), 200);
    const again = { room, name: 'Again', kind: 'public' };
    expect(await stranger.call('POST', '/api/rooms', again)).toBeRefused('conflict');
    expect(await owner.call('DELETE', `/api/rooms/${room}`)).toBeRefused('not_found');
  });
});

describe('slow mode', () => {
  it('lets a member write once in so many seconds, over whichever way, and says exactly when again', async () => {
    const room = await staffedRoom();
    bodyOf(await change(owner, room, { slowModeSeconds: 2 }), 200);
    const his = await bob.connect();
    await his.command('sendMessage', { room, text: 'one', id: 'one' });
    await his.command('sendMessage', { room, text: 'one', id: 'one' });
    const refused = await his.ask({ action: 'sendMessage', room, text: 'two' }, { patient: false });
    expect(refused).toBeRefused('rate_limited');
    const wait = refused.error?.retryAfterMs ?? 0;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(2_000);
    await pause(wait);
    const answer = await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'two' });
    expect(bodyOf<{ seq: number }>(answer, 201).seq).toBeGreaterThan(1);
    const log = await readLog(his, room);
    const [first = 0, second = 0] = log
      .filter(({ type }) => type === 'message.created')
      .map(({ at }) => Date.parse(at));
    expect(second - first).toBeGreaterThanOrEqual(2_000);
  });

  it('lets one of many through that come at once; admins write as they like', async () => {
    const room = await staffedRoom();
    bodyOf(await change(owner, room, { slowModeSeconds: 30 }), 200);
    const his = await bob.connect();
    const ask = (text: string) => his.ask({ action: 'sendMessage', room, text }, { patient: false });
    const replies = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(ask));
    expect(replies.filter(({ error }) => error === undefined)).toHaveLength(1);
    for (const text of ['one', 'two']) {
      bodyOf(await admin.call('POST', `/api/rooms/${room}/messages`, { text }), 201);
    }
  });
});
