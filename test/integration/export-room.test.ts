import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteMessage, editMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { openDirect } from '../../shared/chat/direct.ts';
import { exportRoom } from '../../shared/chat/export-room.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { updateRoom } from '../../shared/chat/room-settings.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { RoomEvent } from '../../shared/protocol/events.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, settleAll } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';

let database: Database;
let now = Date.now();
let ctx: ChatContext;
let [owner, admin, bob, stranger]: UserId[] = [];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database, () => now), sleep: async () => {} };
  [owner, admin, bob, stranger] = await registered(ctx, 'owner', 'admin', 'bob', 'stranger');
});
afterAll(() => database.stop());

async function newRoom(): Promise<RoomId> {
  const id = await roomOf(ctx, who(owner), [who(admin), who(bob)]);
  await changeMember(ctx, { room: id, user: who(owner), member: who(admin), wanted: { role: 'admin' } });
  return id;
}
function who(user: UserId | undefined): UserId {
  if (!user) throw new Error('nobody is registered');
  return user;
}
const say = async (id: RoomId, text: string) =>
  (await sendMessage(ctx, { room: id, user: who(bob), text })).seq;

async function whole(id: RoomId, user = owner): Promise<{ events: RoomEvent[]; pages: number; seq: number }> {
  const events: RoomEvent[] = [];
  for (let [pages, cursor]: [number, string | undefined] = [1, undefined]; ; pages++) {
    const page = await exportRoom(ctx, { room: id, user: who(user), cursor });
    events.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return { events, pages, seq: page.seq };
  }
}

describe('the export of a room', () => {
  it('holds every event once, in order, with what a deletion left of a message', async () => {
    const id = await newRoom();
    const [kept, gone] = [await say(id, 'kept'), await say(id, 'gone')];
    await editMessage(ctx, { room: id, user: who(bob), target: kept, text: 'kept so' });
    await deleteMessage(ctx, { room: id, user: who(bob), target: gone });
    await settleAll(ctx, id);
    const { events, seq } = await whole(id);
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(seq).toBe(8);
    expect(events.slice(4)).toMatchObject([
      { type: 'message.created', text: 'kept' },
      { type: 'message.created', text: '', deleted: true },
      { type: 'message.edited', target: kept, text: 'kept so' },
      { type: 'message.deleted', target: gone },
    ]);
  });

  it('comes in pages of about a megabyte, and ends where the log ended when it began', async () => {
    const id = await newRoom();
    for (let index = 0; index < 130; index++) await say(id, '🦊'.repeat(4_000));
    const first = await exportRoom(ctx, { room: id, user: who(admin) });
    expect(Buffer.byteLength(JSON.stringify(first))).toBeLessThan(6_000_000);
    expect(first.cursor).toBeDefined();
    await say(id, 'later');
    const second = await exportRoom(ctx, { room: id, user: who(admin), cursor: first.cursor });
    expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 134 }, (_, index) => index + 1),
    );
    expect(second).toMatchObject({ seq: 134 });
    expect(second).not.toHaveProperty('cursor');
  });

  it('leaves out what is trimmed, and goes on behind it', async () => {
    const id = await newRoom();
    await updateRoom(ctx, { room: id, user: who(owner), wanted: { retentionDays: 1 } });
    for (const text of ['a', 'b', 'c']) await say(id, text);
    await settleAll(ctx, id);
    now += 25 * 60 * 60 * 1_000;
    const last = await say(id, 'd');
    for (const clear of [false, true]) {
      if (clear) for (const seq of [6, 7, 8]) await ctx.chat.delete(chatKeys.event(id, seq));
      expect((await whole(id)).events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, last]);
    }
  });

  it('is for admins, and in a direct room for both', async () => {
    const id = await newRoom();
    const ask = (user: UserId | undefined, room = id) => refusal(exportRoom(ctx, { room, user: who(user) }));
    expect(await ask(admin)).toBe('none');
    expect(await ask(bob)).toBe('forbidden');
    expect(await ask(stranger)).toBe('forbidden');
    const { room } = (await openDirect(ctx, { user: who(bob), other: who(owner) })).room;
    expect(await ask(bob, room)).toBe('none');
    expect(await ask(owner, room)).toBe('none');
    expect(await ask(stranger, room)).toBe('not_found');
    expect(await refusal(exportRoom(ctx, { room: id, user: who(owner), cursor: 'bm9uZQ' }))).toBe(
      'bad_request',
    );
  });

  it('is written as JSON Lines by the command, which tells how far it is', async () => {
    const id = await newRoom();
    for (let index = 0; index < 130; index++) await say(id, '🦊'.repeat(4_000));
    const asked: (string | undefined)[] = [];
    const server = createServer(async (request, response) => {
      asked.push(request.headers.authorization);
      const cursor = new URL(request.url ?? '', 'http://localhost').searchParams.get('cursor') ?? undefined;
      const isFirst = asked.length === 1;
      const page = isFirst
        ? { error: { code: 'unavailable', retryAfterMs: 1 } }
        : await exportRoom(ctx, { room: id, user: who(admin), cursor });
      response.writeHead(isFirst ? 503 : 200).end(JSON.stringify(page));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = await mkdtemp(join(tmpdir(), 'parley-export-'));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const out = join(folder, 'room.jsonl');
      const { code, told } = await run(['--room', id, '--url', url, '--out', out]);
      expect(told).toContain(`${id}: 134 events up to number 134`);
      expect(code).toBe(0);
      const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: 134 }, (_, i) => i + 1));
      expect(new Set(asked)).toEqual(new Set(['Bearer a-token']));
      expect(asked.length).toBeGreaterThan(2);
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** Runs the command in a process of its own. */
function run(args: readonly string[]): Promise<{ code: number | null; told: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/export.ts', ...args], {
    env: { ...process.env, PARLEY_TOKEN: 'a-token' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (data: Buffer) => {
    told += data.toString();
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, told })));
}
