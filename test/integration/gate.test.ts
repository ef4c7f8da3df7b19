import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandGate } from '../../shared/chat/command-gate.ts';
import { openConnection, removeConnection } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { renewConnection } from '../../shared/data/connections.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { createTable } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { chatContext, LET_IN, user } from '../helper/chat.ts';
import { CONNECTIONS_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';

const alice = user('alice');
const START = Date.parse('2026-11-20T10:00:00.000Z');
const LIFE_MS = 900_000;
/** 100 commands a minute: one in 600 ms. */
const LIMIT = { perMinute: 100, burst: 30 };
const INTERVAL_MS = 600;

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
  const connection = `gate-${++counter}`;
  await openConnection(
    ctx,
    { user: alice, session: undefined, expiresAt: clock + LIFE_MS },
    { connection, callback: 'https://api.example.com/dev', connectedAt: clock },
    LET_IN,
  );
  return connection;
}

/** `true`, or the refusal. */
async function outcome(command: Promise<unknown>): Promise<true | ParleyError> {
  return command.then(
    () => true as const,
    (error: unknown) => {
      if (error instanceof ParleyError) return error;
      throw error;
    },
  );
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

describe('the command gate', () => {
  it('tells who sends, as the connection says', async () => {
    const connection = await open();
    const gate = createCommandGate(LIMIT);
    expect(gate.guessUser(connection)).toBeUndefined();
    expect(await gate.beginCommand(ctx, connection)).toEqual({ connection, user: alice, session: undefined });
    expect(gate.guessUser(connection)).toBe(alice);
  });

  it('lets exactly the burst through when 100 commands come at once, over many environments', async () => {
    const connection = await open();
    const gates = Array.from({ length: 10 }, () => createCommandGate(LIMIT));
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const gate = gates[index % gates.length] ?? createCommandGate(LIMIT);
        return outcome(gate.beginCommand(ctx, connection));
      }),
    );
    expect(outcomes.filter((one) => one === true)).toHaveLength(LIMIT.burst);
    for (const refusal of outcomes.filter((one) => one !== true)) {
      expect(refusal).toMatchObject({ code: 'rate_limited', retryAfterMs: INTERVAL_MS });
    }
  });

  it('admits again after `retryAfterMs`, and not a millisecond before', async () => {
    const connection = await open();
    const gate = createCommandGate({ perMinute: 100, burst: 2 });
    clock += 7;
    await gate.beginCommand(ctx, connection);
    await gate.beginCommand(ctx, connection);
    const refusal = await outcome(gate.beginCommand(ctx, connection));
    if (refusal === true) throw new Error('admitted beyond the burst');
    clock += (refusal.retryAfterMs ?? 0) - 1;
    expect(await outcome(gate.beginCommand(ctx, connection))).toMatchObject({ retryAfterMs: 1 });
    clock += 1;
    expect(await outcome(gate.beginCommand(ctx, connection))).toBe(true);
    expect(await outcome(gate.beginCommand(ctx, connection))).toMatchObject({ code: 'rate_limited' });
  });

  it('follows the generic cell rate algorithm for commands at any times, warm and cold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 7, max: 10_000 }),
        fc.array(fc.record({ pause: fc.integer({ min: 0, max: 2_500 }), cold: fc.boolean() }), {
          minLength: 1,
          maxLength: 25,
        }),
        async (burst, perMinute, commands) => {
          const connection = await open();
          const interval = Math.max(1, Math.round(60_000_000 / perMinute)) / 1_000;
          let gate = createCommandGate({ perMinute, burst });
          let tat = 0;
          for (const { pause, cold } of commands) {
            clock += pause;
            if (cold) gate = createCommandGate({ perMinute, burst });
            // Times are whole microseconds; a number of today's size is exact to a quarter of one.
            const conforms = tat - clock <= (burst - 1) * interval + 5e-4;
            expect(await outcome(gate.beginCommand(ctx, connection))).toEqual(
              conforms ? true : expect.objectContaining({ code: 'rate_limited' }),
            );
            if (conforms) tat = Math.max(tat, clock) + interval;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('costs one call when warm, two at most otherwise, and none for a flood', async () => {
    const connection = await open();
    const { ctx: counted, calls } = counting();
    const gate = createCommandGate({ perMinute: 100, burst: 3 });
    const spent = async (command: () => Promise<unknown>) => {
      calls.length = 0;
      await outcome(command());
      return [...calls];
    };
    const begin = () => gate.beginCommand(counted, connection);
    expect(await spent(begin)).toEqual(['UpdateItem']);
    expect(await spent(begin)).toEqual(['UpdateItem']);
    clock += 60_000;
    expect(await spent(begin)).toEqual(['UpdateItem']);
    // Another environment meets a burst that it has not seen.
    const cold = createCommandGate({ perMinute: 100, burst: 3 });
    expect(await spent(() => cold.beginCommand(counted, connection))).toEqual(['UpdateItem', 'UpdateItem']);
    expect(await spent(begin)).toEqual(['UpdateItem']);
    for (let flood = 0; flood < 50; flood++) expect(await spent(begin)).toEqual([]);
  });

  it('P9 revocation: refuses a connection that was closed, at once', async () => {
    const connection = await open();
    const gate = createCommandGate(LIMIT);
    await gate.beginCommand(ctx, connection);
    await removeConnection(ctx, { connection });
    expect(await outcome(gate.beginCommand(ctx, connection))).toMatchObject({ code: 'unauthenticated' });
    expect(await ctx.connections.get(connectionKeys.connection(connection))).toBeUndefined();
  });

  it('refuses from the moment at which the token ends, until it is renewed', async () => {
    const connection = await open();
    const gate = createCommandGate(LIMIT);
    clock = START + LIFE_MS - 1;
    expect(await outcome(gate.beginCommand(ctx, connection))).toBe(true);
    clock = START + LIFE_MS;
    expect(await outcome(gate.beginCommand(ctx, connection))).toMatchObject({ code: 'unauthenticated' });
    await renewConnection(ctx.connections, connection, {
      user: alice,
      session: undefined,
      tokenExpiresAt: clock + LIFE_MS,
    });
    expect(await outcome(gate.beginCommand(ctx, connection))).toBe(true);
  });

  it('takes a million commands a minute, if it is set so', async () => {
    const connection = await open();
    const gate = createCommandGate({ perMinute: 1_000_000, burst: 1_000 });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => outcome(gate.beginCommand(ctx, connection))),
    );
    expect(outcomes.every((one) => one === true)).toBe(true);
    expect(await ctx.connections.get(connectionKeys.connection(connection))).toMatchObject({
      tat: START + 12,
    });
  });
});
