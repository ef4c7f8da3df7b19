import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';

let ann: Account;
let ben: Account;
let eve: Account;
beforeAll(async () => {
  [ann, ben, eve] = await people(endpoint(), 'ann', 'ben', 'eve');
});
afterAll(() => {
  for (const account of [ann, ben, eve]) account.disconnect();
});

const open = (from: Account, other: { readonly user: string }) =>
  from.call('POST', '/api/direct', { user: other.user });
const roomOf = (answer: { status: number; body: unknown }): string => (answer.body as { room: string }).room;

describe('a direct room', () => {
  it('is made once for two, who hear each other at once', async () => {
    const [hers, his] = [await ann.connect(), await ben.connect()];
    const first = await open(ann, ben);
    expect(bodyOf(first, 201)).toMatchObject({ kind: 'direct', room: expect.stringMatching(/^dm-/) });
    const second = await open(ben, ann);
    expect(bodyOf(second, 200)).toEqual(first.body);
    const room = roomOf(first);
    const { seq } = await his.command('sendMessage', { room, text: 'psst' });
    expect(await hers.untilHeard(room, seq)).toMatchObject({ text: 'psst', user: ben.user });
    expect(hers.heard(room).map(({ type }) => type)).toContain('room.created');
    const { items } = bodyOf<{ items: { room: string; with?: string }[] }>(
      await ann.call('GET', '/api/rooms'),
      200,
    );
    expect(items.find((one) => one.room === room)).toMatchObject({ with: ben.user, kind: 'direct' });
  });

  it('is hidden from others, and refused for oneself and for nobody', async () => {
    const room = roomOf(await open(ann, ben));
    for (const path of ['', '/members', '/messages', '/reports']) {
      expect(await eve.call('GET', `/api/rooms/${room}${path}`), path).toBeRefused('not_found');
    }
    expect(await eve.call('POST', `/api/rooms/${room}/join`)).toBeRefused('not_found');
    expect(await open(ann, ann)).toBeRefused('bad_request');
    expect(await open(ann, { user: 'nobody-at-all' })).toBeRefused('not_found');
    expect(await ann.call('POST', '/api/direct', {})).toBeRefused('bad_request');
  });

  it('knows no roles', async () => {
    const room = roomOf(await open(ann, ben));
    const path = `/api/rooms/${room}`;
    expect(await ann.call('POST', `${path}/leave`)).toBeRefused('forbidden');
    expect(await ann.call('PATCH', path, { name: 'Us' })).toBeRefused('forbidden');
    expect(await ann.call('DELETE', path)).toBeRefused('forbidden');
    expect(await ann.call('PUT', `${path}/members/${eve.user}`, {})).toBeRefused('forbidden');
    expect(await ann.call('PUT', `${path}/members/${ben.user}`, { role: 'admin' })).toBeRefused('forbidden');
    expect(await ann.call('DELETE', `${path}/members/${ben.user}`)).toBeRefused('forbidden');
    expect(await ann.call('DELETE', `${path}/members/${ann.user}`)).toBeRefused('forbidden');
    expect(await ann.call('GET', `${path}/bans`)).toBeRefused('forbidden');
  });

  it('takes nothing from who is blocked, until the block ends', async () => {
    const room = roomOf(await open(ann, ben));
    const his = await ben.connect();
    const block = `/api/users/${ben.user}/block`;
    bodyOf(await ann.call('PUT', block), 204);
    bodyOf(await ann.call('PUT', block), 204);
    expect(await his.ask({ action: 'sendMessage', room, text: 'x' })).toBeRefused('forbidden');
    expect(await open(ben, ann)).toBeRefused('forbidden');
    bodyOf(await ann.call('POST', `/api/rooms/${room}/messages`, { text: 'no more' }), 201);
    const { items } = bodyOf<{ items: { user: string }[] }>(await ann.call('GET', '/api/users/blocks'), 200);
    expect(items.map((one) => one.user)).toEqual([ben.user]);
    bodyOf(await ann.call('DELETE', block), 204);
    await his.command('sendMessage', { room, text: 'sorry' });
    expect(await ann.call('PUT', `/api/users/${ann.user}/block`)).toBeRefused('bad_request');
    expect(await ann.call('PUT', '/api/users/nobody-at-all/block')).toBeRefused('not_found');
  });
});
