import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { chatContext, clientId, readLog, room, user } from '../helper/chat.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';

/** A whole second. */
const START = Date.parse('2026-11-20T10:00:00.000Z');
const LIMIT = 20;
const alice = user('alice');
const bob = user('bob');

let database: Database;
let clock = START;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

/** An environment of its own, with the limit. */
function environment(most = LIMIT): ChatContext {
  return { ...chatContext(database, () => clock), messagesPerSecondPerRoom: most };
}

/** A context that counts its writes of the head. */
function counting(): { readonly ctx: ChatContext; readonly calls: string[] } {
  const calls: string[] = [];
  const chat = createTable({
    name: CHAT_TABLE_NAME,
    call: (operation, input) => {
      calls.push(operation);
      return database.call(operation, input);
    },
    now: () => clock,
  });
  return { ctx: { ...environment(), chat }, calls };
}

async function open(name: string) {
  clock = START;
  const id = room(name);
  await createRoom(environment(0), { user: alice, room: id, name, kind: 'public' });
  return id;
}

/** `ok`, or the refusal. */
async function outcome(command: Promise<unknown>): Promise<'ok' | ParleyError> {
  return command.then(
    () => 'ok' as const,
    (error: unknown) => {
      if (error instanceof ParleyError) return error;
      throw error;
    },
  );
}

describe('the limit of a room', () => {
  it('takes exactly so many messages within a second, from members at once over many environments', async () => {
    const id = await open('busy');
    const environments = Array.from({ length: 5 }, () => environment());
    const send = (index: number) =>
      outcome(
        sendMessage(environments[index % 5] ?? environment(), {
          room: id,
          user: alice,
          text: `text ${index}`,
        }),
      );
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => send(index)));
    expect(outcomes.filter((one) => one === 'ok')).toHaveLength(LIMIT);
    for (const refusal of outcomes.filter((one) => one !== 'ok')) {
      expect(refusal).toMatchObject({
        code: 'rate_limited',
        message: 'unable to send; the room takes no more than 20 messages a second',
        retryAfterMs: 1_000,
      });
    }
    clock = START + 999;
    expect(await send(60)).toMatchObject({ retryAfterMs: 1 });
    clock += 1;
    expect(await send(61)).toBe('ok');
    const log = await readLog(environment(), id);
    expect(log.map(({ event }) => event.seq)).toEqual(Array.from({ length: LIMIT + 2 }, (_, i) => i + 1));
  });

  it('costs no call, refuses a flood without a write, and leaves one count behind', async () => {
    const id = await open('quiet');
    const { ctx, calls } = counting();
    const send = (index: number) =>
      outcome(sendMessage(ctx, { room: id, user: alice, text: `text ${index}` }));
    await send(0);
    calls.length = 0;
    for (let index = 1; index < LIMIT; index++) expect(await send(index)).toBe('ok');
    // A commit and the event's own item for each message, as without a limit.
    expect(calls.filter((call) => call === 'UpdateItem')).toHaveLength(LIMIT - 1);
    calls.length = 0;
    for (let index = 0; index < 50; index++) {
      expect(await send(100 + index)).toMatchObject({ code: 'rate_limited' });
    }
    expect(calls.filter((call) => /Update|Put/.test(call))).toEqual([]);
    for (let second = 1; second <= 3; second++) {
      clock = START + second * 1_000;
      await send(200 + second);
    }
    const head = await ctx.chat.get(chatKeys.head(id));
    expect(Object.keys(head ?? {}).filter((name) => name.startsWith('~'))).toHaveLength(1);
  });

  it('P3 once: answers a repeat with its number, also where the room is full', async () => {
    const id = await open('repeated');
    const ctx = environment();
    const first = { room: id, user: alice, id: clientId('m1'), text: 'first' };
    const { seq } = await sendMessage(ctx, first);
    for (let index = 1; index < LIMIT; index++) {
      await sendMessage(ctx, { room: id, user: alice, text: `text ${index}` });
    }
    expect(await outcome(sendMessage(ctx, { ...first, id: clientId('m2') }))).toMatchObject({
      code: 'rate_limited',
    });
    expect(await sendMessage(ctx, first)).toMatchObject({ seq });
    expect(await sendMessage(environment(), first)).toMatchObject({ seq });
  });

  it('counts joins, and lets go who leaves', async () => {
    const id = await open('joined');
    const ctx = environment(3);
    const people = Array.from({ length: 5 }, (_, index) => user(`joiner-${index}`));
    const outcomes = await Promise.all(people.map((one) => outcome(joinRoom(ctx, { room: id, user: one }))));
    expect(outcomes.filter((one) => one === 'ok')).toHaveLength(3);
    const inside = people.find((_, index) => outcomes[index] === 'ok') ?? bob;
    expect(await outcome(leaveRoom(ctx, { room: id, user: inside }))).toBe('ok');
  });

  it('P8 clean refusals: tells a stranger nothing of a room that is full', async () => {
    clock = START;
    const id = room('hidden-and-full');
    const ctx = environment(1);
    await createRoom(ctx, { user: alice, room: id, name: 'Hidden', kind: 'private' });
    await sendMessage(ctx, { room: id, user: alice, text: 'one' });
    expect(await outcome(sendMessage(ctx, { room: id, user: alice, text: 'two' }))).toMatchObject({
      code: 'rate_limited',
    });
    expect(await outcome(sendMessage(ctx, { room: id, user: bob, text: 'hm' }))).toMatchObject({
      code: 'not_found',
    });
  });
});
