import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { updateRoom } from '../../shared/chat/room-settings.ts';
import { joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, settleAll } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { registered, roomOf } from '../helper/people.ts';
import { watchedTable } from '../helper/watched-table.ts';

const SLOW_SECONDS = 10;
const START = Date.UTC(2026, 10, 21);
let database: Database;
let now = START;
let owner: UserId;
let bob: UserId;
let carol: UserId;

/** A handler environment of its own, on the test's clock. */
const handler = (): ChatContext => chatContext(database, () => now);

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  [owner, bob, carol] = await registered(handler(), 'owner', 'bob', 'carol');
});
afterAll(() => database.stop());

async function slowRoom(): Promise<RoomId> {
  const id = await roomOf(handler(), owner, [bob, carol]);
  await updateRoom(handler(), { room: id, user: owner, wanted: { slowModeSeconds: SLOW_SECONDS } });
  return id;
}

/** What came of a message: its number, or the milliseconds to wait. */
async function say(
  id: RoomId,
  user: UserId,
  name?: string,
  on = handler(),
): Promise<number | { wait: number }> {
  const given = name === undefined ? {} : { id: clientId(name) };
  try {
    return (await sendMessage(on, { room: id, user, text: 'x', ...given })).seq;
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'rate_limited') throw error;
    return { wait: error.retryAfterMs ?? Number.NaN };
  }
}

describe('slow mode', () => {
  it('lets each member write once in so many seconds, to the millisecond', async () => {
    const id = await slowRoom();
    expect(await say(id, bob)).toEqual(expect.any(Number));
    now += 3_000;
    expect(await say(id, bob)).toEqual({ wait: 7_000 });
    expect(await say(id, carol)).toEqual(expect.any(Number));
    now += 6_999;
    expect(await say(id, bob)).toEqual({ wait: 1 });
    now += 1;
    expect(await say(id, bob)).toEqual(expect.any(Number));
    expect(await say(id, bob)).toEqual({ wait: 10_000 });
  });

  it('lets one of twenty through that come at once, over warm and cold handlers', async () => {
    const id = await slowRoom();
    const handlers = Array.from({ length: 5 }, handler);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => say(id, bob, undefined, handlers[i % 5])),
    );
    expect(results.filter((one) => typeof one === 'number')).toHaveLength(1);
    const log = await readLog(handler(), id);
    expect(log.filter(({ event }) => event.type === 'message.created')).toHaveLength(1);
  });

  it('P3 once: repeats of one id are one message, however often and from wherever', async () => {
    const id = await slowRoom();
    const first = await Promise.all(Array.from({ length: 6 }, () => say(id, bob, 'same')));
    expect(new Set(first).size).toBe(1);
    now += 1_000;
    expect(await say(id, bob, 'same')).toBe(first[0]);
    expect(await say(id, bob, 'other')).toEqual({ wait: 9_000 });
    await settleAll(handler(), id);
    expect(await say(id, bob, 'same')).toBe(first[0]);
    now += 9_000;
    expect(await say(id, bob, 'other')).toEqual(expect.any(Number));
  });

  it('a message whose handler died before the commit takes its turn when it is sent again', async () => {
    const id = await slowRoom();
    const dying = watchedTable(handler().chat, (call) => {
      if (call === 'update HEAD') throw new Error('died');
    });
    await expect(say(id, bob, 'again', { ...handler(), chat: dying })).rejects.toThrow('died');
    now += 1_000;
    expect(await say(id, bob, 'another')).toEqual({ wait: 9_000 });
    expect(await say(id, bob, 'again')).toEqual(expect.any(Number));
    expect(await say(id, bob, 'another')).toEqual({ wait: 10_000 });
  });

  it('the log shows the pause: two messages of a member are as far apart', async () => {
    const id = await slowRoom();
    for (let i = 0; i < 3; i++) {
      await say(id, bob);
      now += SLOW_SECONDS * 1_000;
    }
    const times = (await readLog(handler(), id))
      .filter(({ event }) => event.type === 'message.created')
      .map(({ event }) => Date.parse(event.at));
    expect(times.map((at, i) => at - (times[i - 1] ?? at))).toEqual([0, 10_000, 10_000]);
  });

  it('is not for admins, and leaving does not help', async () => {
    const id = await slowRoom();
    await changeMember(handler(), { room: id, user: owner, member: carol, wanted: { role: 'admin' } });
    for (const user of [owner, owner, carol, carol]) expect(await say(id, user)).toEqual(expect.any(Number));
    await say(id, bob);
    await leaveRoom(handler(), { room: id, user: bob });
    await joinRoom(handler(), { room: id, user: bob });
    expect(await say(id, bob)).toEqual({ wait: 10_000 });
  });

  it('changes for warm handlers with the setting, without a call more where it is off', async () => {
    const id = await roomOf(handler(), owner, [bob]);
    const calls: string[] = [];
    const base = handler();
    const warm = { ...base, chat: watchedTable(base.chat, (call) => void calls.push(call)) };
    await say(id, bob, undefined, warm);
    calls.length = 0;
    await say(id, bob, undefined, warm);
    expect(calls).toEqual(['update HEAD', 'put E']);
    await updateRoom(handler(), { room: id, user: owner, wanted: { slowModeSeconds: SLOW_SECONDS } });
    expect(await say(id, bob, undefined, warm)).toEqual(expect.any(Number));
    calls.length = 0;
    expect(await say(id, bob, undefined, warm)).toEqual({ wait: 10_000 });
    await updateRoom(handler(), { room: id, user: owner, wanted: { slowModeSeconds: 0 } });
    expect(await say(id, bob, undefined, warm)).toEqual(expect.any(Number));
  });

  it('a shorter pause holds at once for who waits for a longer one', async () => {
    const id = await slowRoom();
    await say(id, bob);
    await updateRoom(handler(), { room: id, user: owner, wanted: { slowModeSeconds: 3_600 } });
    expect(await say(id, bob)).toEqual({ wait: 3_600_000 });
    await updateRoom(handler(), { room: id, user: owner, wanted: { slowModeSeconds: 1 } });
    now += 1_000;
    expect(await say(id, bob)).toEqual(expect.any(Number));
  });
});
