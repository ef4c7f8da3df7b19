import { afterEach, describe, expect, it } from 'vitest';
import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint } from '../helper/endpoint.ts';
import '../helper/matchers.ts';
import type { NotificationFrame } from '../helper/wire.ts';

const accounts: Account[] = [];
afterEach(() => {
  for (const account of accounts.splice(0)) account.disconnect();
});

const heard = (client: Client) =>
  client.frames.filter((frame): frame is NotificationFrame => frame.type === 'notification');
const untilNotified = (client: Client, room: string, seq: number) =>
  client.waitFor(`a notification of ${seq} in ${room}`, () =>
    heard(client).find((frame) => frame.room === room && frame.seq === seq),
  );
const say = async (account: Account, room: string, text: string) =>
  bodyOf<{ seq: number }>(await account.call('POST', `/api/rooms/${room}/messages`, { text }), 201).seq;
const wish = (account: Account, room: string, notify: unknown) =>
  account.call('PUT', `/api/rooms/${room}/preferences`, { notify });

describe('a notification', () => {
  it('comes once to each device of whom a message concerns: mentions, direct messages, all where it wishes so', async () => {
    const [alice, bob, carol] = await people(endpoint(), 'alice', 'bob', 'carol');
    accounts.push(alice, bob, carol);
    const room = freshName('notes');
    bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
    for (const { user } of [bob, carol]) {
      bodyOf(await alice.call('PUT', `/api/rooms/${room}/members/${user}`, {}), 200);
    }
    const opened = bodyOf<{ room: string }>(await alice.call('POST', '/api/direct', { user: bob.user }), 201);
    expect(bodyOf(await wish(carol, room, 'all'), 200)).toEqual({ room, notify: 'all' });
    const { items } = bodyOf<{ items: { room: string; notify: string }[] }>(
      await carol.call('GET', '/api/rooms'),
      200,
    );
    expect(items).toContainEqual(expect.objectContaining({ room, notify: 'all' }));

    const [a, b, phone, c] = await Promise.all([alice, bob, bob, carol].map((one) => one.connect()));
    if (!a || !b || !phone || !c) throw new Error('somebody is not connected');
    const read = await say(alice, room, `never mind, @${bob.user}`);
    await b.command('markRead', { room, seq: read });
    const mention = await say(alice, room, `look, @${bob.user} ${'!'.repeat(200)}`);
    const direct = await say(alice, opened.room, 'psst');
    const plain = await say(alice, room, 'just so');

    const told = { type: 'notification', user: alice.user };
    const preview = `look, @${bob.user} ${'!'.repeat(200)}`.slice(0, 99);
    for (const device of [b, phone]) {
      expect(await untilNotified(device, room, mention)).toEqual({
        ...told,
        kind: 'mention',
        room,
        seq: mention,
        preview: `${preview}…`,
      });
      expect(await untilNotified(device, opened.room, direct)).toMatchObject({
        ...told,
        kind: 'direct',
        preview: 'psst',
      });
    }
    expect(await untilNotified(c, room, plain)).toMatchObject({ ...told, kind: 'message' });
    await untilNotified(c, room, read);
    const ofBob = [`${opened.room} ${direct}`, `${room} ${mention}`].sort();
    for (const device of [b, phone]) {
      expect(
        heard(device)
          .map((frame) => `${frame.room} ${frame.seq}`)
          .sort(),
      ).toEqual(ofBob);
    }
    expect(heard(a)).toEqual([]);
  });

  it('is wished for by who knows what there is to wish', async () => {
    const [alice] = await people(endpoint(), 'alice');
    accounts.push(alice);
    const room = freshName('notes');
    bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
    for (const bad of ['everything', undefined, 1, null]) {
      expect((await wish(alice, room, bad)).body).toMatchObject({ error: { code: 'bad_request' } });
    }
    const { body } = await alice.call('PUT', `/api/rooms/${room}/preferences`, {
      notify: 'all',
      user: 'bob',
    });
    expect(body).toMatchObject({ error: { code: 'bad_request' } });
  });
});
