/** Deleting an account: what goes at once, and what follows. */
import { describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { bodyOf, call, people, register } from '../helper/account.ts';
import { endpoint, pause } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import type { Message } from '../helper/wire.ts';

/** Milliseconds between two looks at work that goes on in the background. */
const LOOK_EVERY_MS = 250;
const LOOKS = 160;
const PSEUDONYM = /^deleted-[0-9a-f]{12}$/;

/** Looks until something is as it should be. */
async function until<T>(look: () => Promise<T>, is: (seen: T) => boolean): Promise<T> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const seen = await look();
    if (is(seen)) return seen;
    await pause(LOOK_EVERY_MS);
  }
  return look();
}

describe('the export of an account', () => {
  it('holds what the user said, page by page, and nothing of others', async () => {
    const [alice, bob] = await people(endpoint(), 'exported', 'other');
    const room = await createRoom(alice, { members: [bob] });
    for (const [who, text] of [
      [alice, 'mine'],
      [bob, 'not mine'],
    ] as const) {
      bodyOf(await who.call('POST', `/api/rooms/${room}/messages`, { text }), 201);
    }
    const records: { kind: string; data: Record<string, unknown> }[] = [];
    let cursor: string | undefined;
    do {
      const path = `/api/auth/me/export${cursor === undefined ? '' : `?cursor=${cursor}`}`;
      const page = bodyOf<{ items: typeof records; cursor?: string }>(await alice.call('GET', path), 200);
      records.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(records.find(({ kind }) => kind === 'account')?.data).toMatchObject({ user: alice.user });
    const texts = records.flatMap(({ data }) => (data.text === undefined ? [] : [data.text]));
    expect(texts).toEqual(['mine']);
    expect(JSON.stringify(records)).not.toMatch(/argon2|Hash|"pk"/);
  });
});

describe('deleting an account', () => {
  it('P9 closes its connections, refuses its tokens, and never gives its name again', async () => {
    const user = await register(endpoint(), 'gone');
    const socket = await user.connect();
    expect((await user.call('DELETE', '/api/auth/me')).status).toBe(204);
    const frame = await socket.waitFor('a closing frame', () =>
      socket.frames.find(({ type }) => type === 'closing'),
    );
    expect(frame).toEqual({ type: 'closing', code: 'removed', reconnect: false });
    await socket.closed;
    expect(await user.call('GET', '/api/auth/me')).toBeRefused('unauthenticated');
    const body = { username: user.user, password: user.password };
    expect(await call(endpoint(), 'POST', '/api/auth/login', { body })).toBeRefused('unauthenticated');
    expect(await call(endpoint(), 'POST', '/api/auth/register', { body })).toBeRefused('conflict');
  });

  it('leaves the messages under one pseudonym, and the room to who stayed', async () => {
    const [leaver, stayer] = await people(endpoint(), 'leaver', 'stayer');
    const room = await createRoom(leaver, { members: [stayer] });
    const heard = await stayer.connect();
    const said: number[] = [];
    for (const text of ['one', 'two', `my name is ${leaver.user}`]) {
      const answer = await leaver.call('POST', `/api/rooms/${room}/messages`, { text });
      said.push(bodyOf<{ seq: number }>(answer, 201).seq);
    }
    expect((await leaver.call('DELETE', '/api/auth/me')).status).toBe(204);

    const left = await heard.waitFor('the leave', () =>
      heard.heard(room).find(({ type }) => type === 'member.left'),
    );
    expect(left.member).toBe(leaver.user);
    const history = async () =>
      bodyOf<{ messages: Message[] }>(await stayer.call('GET', `/api/rooms/${room}/messages`), 200).messages;
    const messages = await until(history, (list) => list.every(({ user }) => user !== leaver.user));
    expect(messages.map(({ seq }) => seq)).toEqual(said);
    expect(new Set(messages.map(({ user }) => user)).size).toBe(1);
    expect(messages[0]?.user).toMatch(PSEUDONYM);
    expect(messages.map(({ text }) => text)).toEqual(['one', 'two', `my name is ${leaver.user}`]);

    const members = bodyOf<{ items: { user: string; role: string }[] }>(
      await stayer.call('GET', `/api/rooms/${room}/members`),
      200,
    ).items;
    expect(members.map(({ user, role }) => [user, role])).toEqual([[stayer.user, 'owner']]);
    // P5: who comes back later reads the pseudonym, under the same numbers.
    const { rooms } = await heard.command('sync', { rooms: { [room]: 0 } });
    const events = rooms.find((one) => one.room === room)?.events ?? [];
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    await heard.command('sendMessage', { room, text: 'still here' });
    stayer.disconnect();
  });
});
