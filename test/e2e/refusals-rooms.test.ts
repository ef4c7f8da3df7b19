import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import type { ErrorCode } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
let carol: Account;
let room: string;
beforeAll(async () => {
  [alice, bob, carol] = await people(endpoint(), 'alice', 'bob', 'carol');
  room = await createRoom(alice, { members: [bob] });
});
afterAll(() => {
  for (const account of [alice, bob, carol]) account.disconnect();
});

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** By the owner of the room; ROOM, ME, BOB and CAROL (who is no member) stand for their ids. */
const REFUSED: readonly (readonly [call: string, what: string, code: ErrorCode, body?: unknown])[] = [
  ['POST /api/rooms', 'a name of 101 characters', 'bad_request', { name: 'n'.repeat(101), kind: 'public' }],
  ['POST /api/rooms', 'no kind', 'bad_request', { name: 'A room' }],
  ['POST /api/rooms', 'a direct room', 'bad_request', { name: 'A room', kind: 'direct' }],
  ['POST /api/rooms', 'the id of a direct room', 'bad_request', { room: 'dm-x', name: 'x', kind: 'public' }],
  ['POST /api/rooms', 'a reserved id', 'bad_request', { room: 'public', name: 'x', kind: 'public' }],
  ['POST /api/rooms', 'an owner', 'bad_request', { name: 'x', kind: 'public', owner: 'bob' }],

  ['PATCH /api/rooms/ROOM', 'a number for a name', 'bad_request', { name: 17 }],
  ['PATCH /api/rooms/ROOM', 'an empty name', 'bad_request', { name: '' }],
  ['PATCH /api/rooms/ROOM', 'a topic of 501 characters', 'bad_request', { topic: 't'.repeat(501) }],
  ['PATCH /api/rooms/ROOM', 'a direct kind', 'bad_request', { kind: 'direct' }],
  ['PATCH /api/rooms/ROOM', 'a slow mode of more than an hour', 'bad_request', { slowModeSeconds: 3_601 }],
  ['PATCH /api/rooms/ROOM', 'a slow mode below nothing', 'bad_request', { slowModeSeconds: -1 }],
  ['PATCH /api/rooms/ROOM', 'half a second of slow mode', 'bad_request', { slowModeSeconds: 0.5 }],
  ['PATCH /api/rooms/ROOM', 'a number of its own', 'bad_request', { seq: 1 }],
  ['PATCH /api/rooms/ROOM?id=a%20b', 'an id with a blank', 'bad_request', { topic: 'x' }],

  ['PUT /api/rooms/ROOM/members/BOB', 'an unknown role', 'bad_request', { role: 'king' }],
  ['PUT /api/rooms/ROOM/members/BOB', 'a mute until some day', 'bad_request', { mutedUntil: 'some day' }],
  [
    'PUT /api/rooms/ROOM/members/BOB',
    'a mute without milliseconds',
    'bad_request',
    { mutedUntil: '2030-01-01T00:00:00Z' },
  ],
  [
    'PUT /api/rooms/ROOM/members/BOB',
    'a mute in local time',
    'bad_request',
    { mutedUntil: '2030-01-01T00:00:00.000+02:00' },
  ],
  [
    'PUT /api/rooms/ROOM/members/BOB',
    'another user in the body',
    'bad_request',
    { user: 'x', role: 'admin' },
  ],
  ['PUT /api/rooms/ROOM/members/No%20One', 'no user id', 'bad_request', {}],
  ['PUT /api/rooms/ROOM/members/NOBODY', 'nobody', 'not_found', {}],
  [
    'PUT /api/rooms/ROOM/members/CAROL',
    'a mute for who is no member',
    'not_found',
    { mutedUntil: inAnHour() },
  ],
  ['PUT /api/rooms/ROOM/members/ME', 'a mute for oneself', 'forbidden', { mutedUntil: inAnHour() }],
  ['PUT /api/rooms/ROOM/members/ME', 'the last owner stepping down', 'conflict', { role: 'member' }],
  ['DELETE /api/rooms/ROOM/members/CAROL', 'who is no member', 'not_found'],
  ['DELETE /api/rooms/ROOM/members/NOBODY?ban=true', 'a ban for nobody', 'not_found'],
  ['DELETE /api/rooms/ROOM/members/ME?ban=true', 'a ban for oneself', 'forbidden'],
  ['DELETE /api/rooms/ROOM/members/BOB?ban=perhaps', 'a ban, perhaps', 'bad_request'],
  ['DELETE /api/rooms/ROOM/members/ME', 'the last owner leaving', 'conflict'],
  ['DELETE /api/rooms/ROOM/bans/BOB', 'who is not banned', 'not_found'],
  ['GET /api/rooms/ROOM/bans?cursor=x', 'a cursor that no list gave', 'bad_request'],
  ['GET /api/rooms/ROOM/reports?limit=0', 'a page of nothing', 'bad_request'],

  ['POST /api/rooms/ROOM/messages/999/report', 'a message that is not there', 'not_found', { reason: 'x' }],
  ['POST /api/rooms/ROOM/messages/1/report', 'an event that is no message', 'not_found', { reason: 'x' }],
  ['POST /api/rooms/ROOM/messages/0/report', 'no number', 'bad_request', { reason: 'x' }],
  ['POST /api/rooms/ROOM/messages/1/report', 'no reason', 'bad_request', { reason: '' }],
  ['POST /api/rooms/ROOM/messages/1/report', 'a long reason', 'bad_request', { reason: 'r'.repeat(501) }],

  ['POST /api/direct', 'oneself', 'bad_request', { user: 'ME' }],
  ['POST /api/direct', 'nobody', 'not_found', { user: 'NOBODY' }],
  ['POST /api/direct', 'no user', 'bad_request', {}],
  ['PUT /api/users/ME/block', 'oneself', 'bad_request'],
  ['PUT /api/users/NOBODY/block', 'nobody', 'not_found'],
  ['GET /api/users/blocks?cursor=x', 'a cursor that no list gave', 'bad_request'],
  ['GET /api/users?limit=1000', 'a page of a thousand', 'bad_request'],
  ['POST /api/auth/logout?everywhere=perhaps', 'everywhere, perhaps', 'bad_request'],
  ['PATCH /api/auth/me', 'another name', 'bad_request', { user: 'someone-else' }],
  ['PATCH /api/auth/me', 'a display name of 65 characters', 'bad_request', { displayName: 'd'.repeat(65) }],
  ['PATCH /api/auth/me', 'a short password', 'bad_request', { password: { current: 'x', next: 'short' } }],
];

describe('P8 clean refusals: calls about rooms and people', () => {
  it('P8 clean refusals: each with its code, and the log stays as it was', async () => {
    const nobody = freshName('nobody');
    const filled = (text: string) =>
      text
        .replace('ROOM', room)
        .replace('ME', alice.user)
        .replace('BOB', bob.user)
        .replace('CAROL', carol.user)
        .replace('NOBODY', nobody);
    const log = await readLog(await alice.connect(), room);
    for (const [call, what, code, body] of REFUSED) {
      const [method = '', path = ''] = call.split(' ');
      const sent = body === undefined ? undefined : JSON.parse(filled(JSON.stringify(body)));
      expect(await alice.call(method, filled(path), sent), `${call} with ${what}`).toBeRefused(code);
    }
    expect(await readLog(await alice.connect(), room)).toEqual(log);
  });
});

describe('rules of rooms', () => {
  const patch = async (id: string, body: object) =>
    bodyOf(await alice.call('PATCH', `/api/rooms/${id}`, body), 200);
  const put = async (id: string, who: Account, body: object) =>
    bodyOf(await alice.call('PUT', `/api/rooms/${id}/members/${who.user}`, body), 200);

  it('slow mode refuses a second message with the exact time, over both ways, and not a repeat', async () => {
    const slow = await createRoom(alice, { members: [bob] });
    await patch(slow, { slowModeSeconds: 60 });
    const client = await bob.connect();
    const first = await client.command('sendMessage', { room: slow, id: 'first', text: 'one' });
    const second = await client.ask({ action: 'sendMessage', room: slow, text: 'two' }, { patient: false });
    expect(second).toBeRefused('rate_limited');
    expect(second.error?.retryAfterMs).toBeGreaterThan(50_000);
    expect(second.error?.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(await bob.call('POST', `/api/rooms/${slow}/messages`, { text: 'two' })).toBeRefused(
      'rate_limited',
    );
    const again = await client.command('sendMessage', { room: slow, id: 'first', text: 'one' });
    expect(again).toEqual(first);
    const hers = await alice.connect();
    await hers.command('sendMessage', { room: slow, text: 'an owner' });
    await hers.command('sendMessage', { room: slow, text: 'does not wait' });
  });

  it('who is muted is told until when, and may still read', async () => {
    const quiet = await createRoom(alice, { members: [bob] });
    const until = inAnHour();
    await put(quiet, bob, { mutedUntil: until });
    const client = await bob.connect();
    const refused = await client.ask({ action: 'sendMessage', room: quiet, text: 'but' });
    expect(refused).toBeRefused('forbidden');
    expect(refused.error?.message).toContain(until);
    await client.command('history', { room: quiet });
    await put(quiet, bob, { mutedUntil: null });
    await client.command('sendMessage', { room: quiet, text: 'thanks' });
  });

  it('a room that was deleted is not found by anyone, and its id is never free again', async () => {
    const gone = await createRoom(alice, { members: [bob] });
    bodyOf(await alice.call('DELETE', `/api/rooms/${gone}`), 200);
    for (const account of [alice, bob, carol]) {
      expect(await account.call('GET', `/api/rooms/${gone}`)).toBeRefused('not_found');
      expect(await account.call('POST', `/api/rooms/${gone}/join`)).toBeRefused('not_found');
      expect(await account.call('POST', `/api/rooms/${gone}/messages`, { text: 'x' })).toBeRefused(
        'not_found',
      );
    }
    const client = await bob.connect();
    expect(await client.ask({ action: 'history', room: gone })).toBeRefused('not_found');
    const again = { room: gone, name: 'Again', kind: 'public' };
    expect(await alice.call('POST', '/api/rooms', again)).toBeRefused('conflict');
  });

  it('a direct room knows no roles, and nobody but its two', async () => {
    const answer = await alice.call('POST', '/api/direct', { user: bob.user });
    const { room: direct } = answer.body as { room: string };
    for (const [method, path, body] of [
      ['PATCH', '', { topic: 'x' }],
      ['DELETE', '', undefined],
      ['POST', '/leave', undefined],
      ['PUT', `/members/${carol.user}`, {}],
      ['PUT', `/members/${bob.user}`, { mutedUntil: inAnHour() }],
      ['DELETE', `/members/${bob.user}`, undefined],
      ['DELETE', `/members/${bob.user}?ban=true`, undefined],
      ['GET', '/bans', undefined],
    ] as const) {
      const refused = await alice.call(method, `/api/rooms/${direct}${path}`, body);
      expect(refused, `${method} ${path}`).toBeRefused('forbidden');
    }
    for (const path of ['', '/members', '/messages']) {
      expect(await carol.call('GET', `/api/rooms/${direct}${path}`)).toBeRefused('not_found');
    }
    expect(await carol.call('POST', `/api/rooms/${direct}/join`)).toBeRefused('not_found');
  });

  it('who is blocked can neither open the direct room nor write into it', async () => {
    const [dora, erik] = await people(endpoint(), 'dora', 'erik');
    const opened = await erik.call('POST', '/api/direct', { user: dora.user });
    const { room: direct } = opened.body as { room: string };
    bodyOf(await dora.call('PUT', `/api/users/${erik.user}/block`), 204);
    expect(await erik.call('POST', '/api/direct', { user: dora.user })).toBeRefused('forbidden');
    expect(await erik.call('POST', `/api/rooms/${direct}/messages`, { text: 'hm' })).toBeRefused('forbidden');
    bodyOf(await dora.call('POST', `/api/rooms/${direct}/messages`, { text: 'I may' }), 201);
    bodyOf(await dora.call('DELETE', `/api/users/${erik.user}/block`), 204);
    bodyOf(await erik.call('POST', `/api/rooms/${direct}/messages`, { text: 'thanks' }), 201);
  });
});
