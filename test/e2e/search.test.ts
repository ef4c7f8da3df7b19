import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, removeMember } from '../helper/room.ts';
import type { Message } from '../helper/wire.ts';

interface Found extends Message {
  readonly room: string;
  readonly text: string;
  readonly matches: readonly (readonly [number, number])[];
}
interface Page {
  readonly items: readonly Found[];
  readonly cursor?: string;
}

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  for (const account of [alice, bob]) account.disconnect();
});

const ask = (account: Account, query: Readonly<Record<string, string>>) =>
  account.call('GET', `/api/search?${new URLSearchParams(query)}`);
async function find(account: Account, query: Readonly<Record<string, string>>): Promise<string[]> {
  return bodyOf<Page>(await ask(account, query), 200).items.map(({ text }) => text);
}

describe('search', () => {
  it('finds messages by their words, in any script, and marks them', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    for (const text of ['Überraschung!', 'नमस्ते दुनिया', '我住在北京', 'eine überraschende Wendung']) {
      await his.command('sendMessage', { room, text });
    }
    expect(await find(alice, { q: 'uberr', room })).toEqual(['eine überraschende Wendung', 'Überraschung!']);
    expect(await find(alice, { q: 'WENDUNG eine', room })).toEqual(['eine überraschende Wendung']);
    expect(await find(alice, { q: 'दुनिया', room, from: bob.user })).toEqual(['नमस्ते दुनिया']);
    expect(await find(alice, { q: '北京', room, from: alice.user })).toEqual([]);
    const { items, cursor } = bodyOf<Page>(await ask(alice, { q: 'uberr', room, limit: '1' }), 200);
    const [found] = items;
    expect(found).toMatchObject({ room, user: bob.user, matches: [[5, 18]] });
    expect(found?.text.slice(5, 18)).toBe('überraschende');
    expect(await find(alice, { q: 'uberr', room, limit: '1', cursor: cursor ?? '' })).toEqual([
      'Überraschung!',
    ]);
  });

  it('P6 members only: finds what is in rooms of the caller alone, and what an edit or a deletion took away no more', async () => {
    const room = await createRoom(alice, { kind: 'private' });
    const other = await createRoom(alice, { members: [bob] });
    const hers = await alice.connect();
    const { seq: secret } = await hers.command('sendMessage', { room, text: `zanzibar ${room}` });
    const { seq: target } = await hers.command('sendMessage', { room: other, text: `zanzibar ${room} too` });
    expect(await find(alice, { q: `zanzibar ${room}` })).toHaveLength(2);
    expect(await find(bob, { q: `zanzibar ${room}` })).toEqual([`zanzibar ${room} too`]);
    expect(await ask(bob, { q: 'zanzibar', room })).toBeRefused('not_found');
    await hers.command('editMessage', { room: other, target, text: 'madagascar' });
    await hers.command('deleteMessage', { room, target: secret });
    expect(await find(alice, { q: `zanzibar ${room}` })).toEqual([]);
    expect(await find(bob, { q: 'madagasc', room: other })).toEqual(['madagascar']);
    await removeMember(alice, other, bob);
    expect(await find(bob, { q: 'madagascar' })).toEqual([]);
    expect(await ask(bob, { q: 'madagascar', room: other })).toBeRefused('forbidden');
  });

  it('refuses what can’t be looked up', async () => {
    for (const query of [
      { q: '' },
      { q: '…' },
      { q: 'the of and' },
      { q: Array.from({ length: 200 }, (_, n) => n).join(' ') },
      { q: 'word', before: '3' },
      { q: 'word', cursor: 'none' },
    ]) {
      expect(await ask(alice, query)).toBeRefused('bad_request');
    }
    // Longer than an address may be: API Gateway itself refuses it.
    const { status } = await ask(alice, { q: Array.from({ length: 10_000 }, (_, n) => n).join(' ') });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});
