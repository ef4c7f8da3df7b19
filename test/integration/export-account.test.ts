import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putFile } from '../../shared/data/files.ts';
import { FileId, MAX_TEXT_CHARACTERS, RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

interface Exported {
  readonly kind: string;
  readonly room?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp({ HTTP_CALLS_PER_MINUTE: '0' });
});
afterAll(() => app.stop());

/** All pages, and how many bytes each took. */
async function exported(token: string): Promise<{ records: Exported[]; bytes: number[] }> {
  const records: Exported[] = [];
  const bytes: number[] = [];
  let cursor: string | undefined;
  do {
    const reply = await app.ask('GET', `/api/auth/me/export${cursor ? `?cursor=${cursor}` : ''}`, { token });
    expect(reply.status).toBe(200);
    const page = reply.body as { items: Exported[]; cursor?: string };
    records.push(...page.items);
    bytes.push(Buffer.byteLength(reply.text));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { records, bytes };
}

async function roomOf(token: string): Promise<string> {
  const reply = await app.ask('POST', '/api/rooms', { token, body: { name: 'Room', kind: 'public' } });
  return (reply.body as { room: string }).room;
}
const say = async (token: string, room: string, text: string) => {
  const reply = await app.ask('POST', `/api/rooms/${room}/messages`, { token, body: { text } });
  expect(reply.status).toBe(201);
};

describe('GET /api/auth/me/export', () => {
  it('holds all that is stored about the user, and nothing that only we can use', async () => {
    const [alice, bob] = [await app.newUser(), await app.newUser()];
    const room = await roomOf(alice.token);
    await app.ask('POST', `/api/rooms/${room}/join`, { token: bob.token });
    await say(alice.token, room, 'a word of alice');
    await say(bob.token, room, `a word of bob to ${alice.user}`);
    await app.ask('PUT', `/api/users/${bob.user}/block`, { token: alice.token });
    await app.ask('POST', '/api/auth/login', { body: { username: alice.user, password: alice.password } });
    await putFile(
      app.services.context.chat,
      RoomId.parse(room),
      {
        file: FileId.parse('f'.repeat(26)),
        name: 'large.pdf',
        size: 5,
        contentType: 'application/pdf',
        state: 'pending',
        createdAt: Date.now(),
        user: UserId.parse(alice.user),
        upload: 'an id of the storage',
      },
      Date.now() + 60_000,
    );
    const { records } = await exported(alice.token);
    const of = (kind: string) => records.filter((record) => record.kind === kind);
    expect(of('account')[0]?.data).toMatchObject({ user: alice.user, displayName: alice.user });
    expect(of('session')).toHaveLength(2);
    expect(of('login').length).toBeGreaterThan(0);
    expect(of('membership')[0]?.data).toMatchObject({ room, role: 'owner' });
    expect(of('block')[0]?.data).toMatchObject({ id: bob.user });
    expect(of('event').map(({ data }) => data.type)).toEqual(['room.created', 'message.created']);
    expect(of('event')[1]).toMatchObject({ room, data: { text: 'a word of alice' } });
    expect(of('file')[0]?.data).toMatchObject({ name: 'large.pdf', user: alice.user });
    const text = JSON.stringify(records);
    for (const secret of [
      'a word of bob',
      '$argon2',
      alice.refreshToken.split('.')[2] ?? 'x',
      'Hash"',
      'an id of the storage',
      '"pk"',
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  it('holds what was said in a room that the user has left, and of the leaving', async () => {
    const [alice, bob] = [await app.newUser(), await app.newUser()];
    const room = await roomOf(alice.token);
    await app.ask('POST', `/api/rooms/${room}/join`, { token: bob.token });
    await say(bob.token, room, 'I was here');
    await app.ask('DELETE', `/api/rooms/${room}/members/${bob.user}?ban=true`, { token: alice.token });
    const { records } = await exported(bob.token);
    expect(records.filter(({ kind }) => kind === 'event').map(({ data }) => data.type)).toEqual([
      'member.joined',
      'message.created',
      'member.removed',
    ]);
    expect(records.find(({ kind }) => kind === 'ban')).toMatchObject({ room, data: { by: alice.user } });
  });

  it('comes in pages that a function can answer, each message once', async () => {
    const alice = await app.newUser();
    const room = await roomOf(alice.token);
    // What takes the most: each of these takes six bytes in JSON.
    const long = '\u0001'.repeat(MAX_TEXT_CHARACTERS - 10);
    const COUNT = 120;
    for (let i = 0; i < COUNT; i++) await say(alice.token, room, `${i} ${long}`);
    const { records, bytes } = await exported(alice.token);
    const said = records.filter(({ data }) => data.type === 'message.created');
    expect(said.map(({ data }) => String(data.text).split(' ')[0])).toEqual(
      Array.from({ length: COUNT }, (_, i) => String(i)),
    );
    expect(bytes.length).toBeGreaterThan(2);
    for (const size of bytes) expect(size).toBeLessThan(1_200_000);
  });

  it('refuses a cursor that no page gave, and who is nobody', async () => {
    const { token } = await app.newUser();
    expect((await app.ask('GET', '/api/auth/me/export?cursor=x', { token })).status).toBe(400);
    expect((await app.ask('GET', '/api/auth/me/export')).status).toBe(401);
  });
});
