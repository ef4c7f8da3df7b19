import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, call, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import { alteredToken, forgedToken, unsignedToken } from '../helper/token.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

/** What is the service's alone to say. */
const FORGED = [
  ['user', { user: 'someone-else' }],
  ['seq', { seq: 1 }],
  ['at', { at: '1999-12-31T23:59:59.999Z' }],
  ['role', { role: 'owner' }],
  ['n', { n: 1 }],
  ['type', { type: 'member.removed' }],
  ['mentions', { mentions: ['bob'] }],
  ['member', { member: 'bob' }],
] as const;

describe('P7 no forgery', () => {
  it.each(FORGED)(
    'P7 no forgery: a message that says its own %s is refused, over both ways',
    async (_, forged) => {
      const room = await createRoom(alice);
      const client = await alice.connect();
      const body = { text: 'believe me', ...forged };
      expect(await client.ask({ action: 'sendMessage', room, ...body })).toBeRefused('bad_request');
      expect(await alice.call('POST', `/api/rooms/${room}/messages`, body)).toBeRefused('bad_request');
      expect(await readLog(client, room)).toHaveLength(1);
    },
  );

  it('P7 no forgery: nobody joins or leaves for another', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    for (const action of ['joinRoom', 'leaveRoom']) {
      for (const forged of [{ user: bob.user }, { member: bob.user }, { role: 'owner' }]) {
        expect(await client.ask({ action, room, ...forged })).toBeRefused('bad_request');
      }
    }
    expect(await readLog(client, room)).toHaveLength(1);
  });

  it("P7 no forgery: the time is the service's", async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const before = Date.now();
    const { at } = await client.command('sendMessage', { room, text: 'now' });
    // Clocks of two machines may differ; those of one may not.
    expect(Math.abs(Date.parse(at) - before)).toBeLessThan(120_000);
  });

  it('P7 no forgery: HTTP takes neither an unsigned, a forged, an altered nor an expired token', async () => {
    const expired = Math.floor(Date.now() / 1000) - 60;
    const tokens = [
      unsignedToken(alice.token),
      forgedToken(alice.token),
      forgedToken(alice.token, { sub: bob.user }),
      alteredToken(alice.token, { sub: bob.user }),
      forgedToken(alice.token, { exp: expired }),
      alteredToken(alice.token, { exp: expired }),
      `${alice.token.slice(0, -4)}AAAA`,
    ];
    for (const token of tokens) {
      expect(await call(endpoint(), 'GET', '/api/rooms', { token })).toBeRefused('unauthenticated');
    }
  });
});
