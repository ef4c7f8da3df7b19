import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCallGate } from '../../shared/chat/call-gate.ts';
import { createCommandGate } from '../../shared/chat/command-gate.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { chargesOfJoin, chargesOfMessage } from '../../shared/chat/spam.ts';
import { putConnection } from '../../shared/data/connections.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { chatContext, user } from '../helper/chat.ts';
import { CONNECTIONS_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';

/** A whole minute, so that what is counted by the minute begins with the test. */
const START = Date.parse('2026-11-20T10:00:00.000Z');
const MINUTE_MS = 60_000;
/** So many that the rate itself refuses nothing. */
const FAST = { perMinute: 100_000, burst: 10_000 };
const SPAM = { sameTextPerMinute: 5, linksPerMinute: 4, joinsPerMinute: 3 };
const OFF = { sameTextPerMinute: 0, linksPerMinute: 0, joinsPerMinute: 0 };

let database: Database;
let clock = START;
let ctx: ChatContext;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database, () => clock);
});
afterAll(() => database.stop());

let counter = 0;
async function open(): Promise<string> {
  clock = START;
  const connection = `limits-${++counter}`;
  await putConnection(ctx.connections, {
    connection,
    user: user('alice'),
    session: 's1',
    callback: 'https://api.example.com/dev',
    connectedAt: clock,
    tokenExpiresAt: clock + 10 * MINUTE_MS,
  });
  return connection;
}

const message = (id: string, text: string, room = 'general') =>
  chargesOfMessage(SPAM, { room, id, text }, 'send');
const join = (id: string, room: string) => chargesOfJoin(SPAM, { room, id }, 'join');

/** `ok`, or the refusal. */
async function outcome(use: Promise<unknown>): Promise<'ok' | ParleyError> {
  return use.then(
    () => 'ok' as const,
    (error: unknown) => {
      if (error instanceof ParleyError) return error;
      throw error;
    },
  );
}

function admitted(outcomes: readonly unknown[]): number {
  return outcomes.filter((one) => one === 'ok').length;
}

/** A context that counts its calls of the database. */
function counting(): { readonly ctx: ChatContext; readonly calls: string[] } {
  const calls: string[] = [];
  const connections = createTable({
    name: CONNECTIONS_TABLE_NAME,
    call: (operation, input) => {
      calls.push(operation);
      return database.call(operation, input);
    },
    now: () => clock,
  });
  return { ctx: { ...ctx, connections }, calls };
}

describe('the same text', () => {
  it('is sent as often as the limit says, exactly, by commands at once over many environments', async () => {
    const connection = await open();
    const gates = Array.from({ length: 5 }, () => createCommandGate(FAST));
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const gate = gates[index % gates.length] ?? createCommandGate(FAST);
        return outcome(gate.beginCommand(ctx, connection, message(`m${index}`, 'buy this')));
      }),
    );
    expect(admitted(outcomes)).toBe(SPAM.sameTextPerMinute);
    for (const refusal of outcomes.filter((one) => one !== 'ok')) {
      expect(refusal).toMatchObject({
        code: 'rate_limited',
        message: 'unable to send; the same text was sent too often',
        retryAfterMs: MINUTE_MS,
      });
    }
  });

  it('is the same in other case, width and blanks, and in another room', async () => {
    const connection = await open();
    const gate = createCommandGate(FAST);
    const same = ['Buy this!', 'buy  THIS!', ' ｂｕｙ this!', 'buy\u200b this!', 'b u y t h i s !'];
    for (const [index, text] of same.entries()) {
      await gate.beginCommand(ctx, connection, message(`m${index}`, text, `room-${index}`));
    }
    const again = gate.beginCommand(ctx, connection, message('m9', 'buy this!'));
    expect(await outcome(again)).toMatchObject({ code: 'rate_limited' });
    expect(await outcome(gate.beginCommand(ctx, connection, message('m9', 'buy that!')))).toBe('ok');
  });

  it('P3 once: is not counted again when the same id is sent again', async () => {
    const connection = await open();
    const gates = [createCommandGate(FAST), createCommandGate(FAST)];
    for (let repeat = 0; repeat < 30; repeat++) {
      const gate = gates[repeat % 2] ?? createCommandGate(FAST);
      const use = gate.beginCommand(ctx, connection, message('m1', 'did it arrive? https://a.example'));
      expect(await outcome(use)).toBe('ok');
    }
  });

  it('may be sent again when the minute is over, as `retryAfterMs` says', async () => {
    const connection = await open();
    const gate = createCommandGate(FAST);
    clock = START + 45_000;
    const send = (id: string) => outcome(gate.beginCommand(ctx, connection, message(id, 'x')));
    for (let index = 0; index < SPAM.sameTextPerMinute; index++) expect(await send(`m${index}`)).toBe('ok');
    expect(await send('next')).toMatchObject({ retryAfterMs: 15_000 });
    clock += 14_999;
    expect(await send('next')).toMatchObject({ retryAfterMs: 1 });
    clock += 1;
    expect(await send('next')).toBe('ok');
  });

  it('costs no call of its own, none for a flood, and leaves a small item', async () => {
    const connection = await open();
    const { ctx: counted, calls } = counting();
    const gate = createCommandGate(FAST);
    for (let index = 0; index < 60; index++) {
      await gate.beginCommand(counted, connection, message(`m${index}`, `text ${index}`));
    }
    expect(calls).toHaveLength(60);
    const item = await ctx.connections.get(connectionKeys.connection(connection));
    expect(Object.keys(item ?? {}).filter((name) => name.startsWith('~')).length).toBeLessThanOrEqual(16);
    calls.length = 0;
    for (let index = 0; index < 50; index++) {
      await outcome(gate.beginCommand(counted, connection, message(`s${index}`, 'text 59')));
    }
    // Four more of them, and the one write that found the limit.
    expect(calls).toHaveLength(SPAM.sameTextPerMinute - 1);
    clock += MINUTE_MS;
    await gate.beginCommand(counted, connection, message('later', 'later'));
    const later = await ctx.connections.get(connectionKeys.connection(connection));
    expect(Object.keys(later ?? {}).filter((name) => name.startsWith('~'))).toHaveLength(1);
  });

  it('is any number of times where the limit is 0', () => {
    expect(chargesOfMessage(OFF, { room: 'r', id: 'm', text: 'https://a.example' }, 'send')).toEqual([]);
    expect(chargesOfJoin(OFF, { room: 'r', id: 'm' }, 'join')).toEqual([]);
  });
});

describe('links', () => {
  const links = (count: number) =>
    Array.from({ length: count }, (_, i) => `https://a.example/${i}`).join(' ');

  it('are refused beyond the limit, in one message or several', async () => {
    const connection = await open();
    const gate = createCommandGate(FAST);
    const send = (id: string, count: number) =>
      outcome(gate.beginCommand(ctx, connection, message(id, `${id} ${links(count)}`)));
    expect(await send('five', 5)).toMatchObject({
      code: 'rate_limited',
      message: 'unable to send; more than 4 links were sent within a minute',
    });
    expect(await send('three', 3)).toBe('ok');
    expect(await send('two', 2)).toMatchObject({ code: 'rate_limited', retryAfterMs: MINUTE_MS });
    expect(await send('one', 1)).toBe('ok');
    expect(await send('none', 0)).toBe('ok');
    expect(await send('last', 1)).toMatchObject({ code: 'rate_limited' });
  });

  it('are not forgotten among many texts', async () => {
    const connection = await open();
    const gate = createCommandGate(FAST);
    const send = (id: string, text: string) => outcome(gate.beginCommand(ctx, connection, message(id, text)));
    expect(await send('first', 'https://a.example')).toBe('ok');
    for (let index = 0; index < 40; index++) expect(await send(`m${index}`, `text ${index}`)).toBe('ok');
    expect(await send('rest', `the rest: ${links(SPAM.linksPerMinute)}`)).toMatchObject({
      code: 'rate_limited',
    });
  });

  it('are addresses, and not what only looks like one', () => {
    const count = (text: string) =>
      chargesOfMessage(SPAM, { room: 'r', id: 'm', text }, 'send').find(({ name }) => name === 'l')?.marks
        .length ?? 0;
    expect(count('see http://a.example, HTTPS://b.example and www.c.example')).toBe(3);
    expect(count('a.b.c, e.g. this. http:// and https is a scheme; awww.')).toBe(0);
  });
});

describe('floods of joins', () => {
  it('are refused by the user’s connection, exactly', async () => {
    const connection = await open();
    const gate = createCommandGate(FAST);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        outcome(gate.beginCommand(ctx, connection, join(`j${index}`, `room-${index}`))),
      ),
    );
    expect(admitted(outcomes)).toBe(SPAM.joinsPerMinute);
    expect(outcomes.find((one) => one !== 'ok')).toMatchObject({
      code: 'rate_limited',
      message: 'unable to join; too many rooms were joined',
    });
  });
});

describe('the gate of HTTP calls', () => {
  const limits = { user: { perMinute: 100, burst: 30 }, address: { perMinute: 60, burst: 10 } };

  it('lets exactly the burst of a user through when 80 calls come at once, over many environments', async () => {
    clock = START;
    const gates = Array.from({ length: 4 }, () => createCallGate(limits));
    const outcomes = await Promise.all(
      Array.from({ length: 80 }, (_, index) =>
        outcome((gates[index % 4] ?? createCallGate(limits)).admitUser(ctx, user('bob'))),
      ),
    );
    expect(admitted(outcomes)).toBe(30);
    for (const refusal of outcomes.filter((one) => one !== 'ok')) {
      expect(refusal).toMatchObject({
        code: 'rate_limited',
        message: 'unable to accept the call; this user calls too often',
        retryAfterMs: 600,
      });
    }
    expect(await outcome(createCallGate(limits).admitUser(ctx, user('carol')))).toBe('ok');
    clock += 600;
    expect(await outcome(createCallGate(limits).admitUser(ctx, user('bob')))).toBe('ok');
    expect(await outcome(createCallGate(limits).admitUser(ctx, user('bob')))).toMatchObject({
      retryAfterMs: 600,
    });
  });

  it('counts spam over HTTP by user', async () => {
    clock = START;
    const gate = createCallGate({ ...limits, user: FAST });
    const outcomes = [];
    for (let index = 0; index < 9; index++) {
      outcomes.push(await outcome(gate.admitUser(ctx, user('dave'), message(`m${index}`, 'buy this'))));
    }
    expect(admitted(outcomes)).toBe(SPAM.sameTextPerMinute);
  });

  it('limits an address, and an IPv6 network as one', async () => {
    clock = START;
    const gate = createCallGate(limits);
    for (let call = 0; call < 10; call++) {
      expect(await outcome(gate.admitAddress(ctx, `2001:db8:0:1::${call}`))).toBe('ok');
    }
    expect(await outcome(gate.admitAddress(ctx, '2001:0DB8::1:0:0:0:9'))).toMatchObject({
      code: 'rate_limited',
      message: 'unable to accept the call; too many calls come from this address',
      retryAfterMs: 1_000,
    });
    expect(await outcome(gate.admitAddress(ctx, '2001:db8:0:2::1'))).toBe('ok');
    expect(await outcome(gate.admitAddress(ctx, '192.0.2.1'))).toBe('ok');
    expect(await outcome(gate.admitAddress(ctx, ''))).toBe('ok');
  });

  it('writes nothing but for spam where it is switched off, and keeps its items for an hour', async () => {
    const { ctx: counted, calls } = counting();
    const off = { perMinute: 0, burst: 1 };
    const gate = createCallGate({ user: off, address: off });
    for (let call = 0; call < 5; call++) {
      await gate.admitUser(counted, user('erin'));
      await gate.admitAddress(counted, '192.0.2.7');
    }
    expect(calls).toEqual([]);
    const outcomes = [];
    for (let index = 0; index < 9; index++) {
      outcomes.push(await outcome(gate.admitUser(ctx, user('frank'), message(`m${index}`, 'buy this'))));
    }
    expect(admitted(outcomes)).toBe(SPAM.sameTextPerMinute);
    await createCallGate(limits).admitUser(counted, user('erin'));
    const item = await ctx.connections.get(connectionKeys.userRate(user('erin')));
    expect(item?.expiresAt).toBe(Math.ceil(clock / 1_000) + 3_600);
  });
});
