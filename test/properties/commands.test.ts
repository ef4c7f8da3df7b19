import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, people } from '../helper/account.ts';
import { type Client, openClient } from '../helper/client.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import { isRecord, type Reply } from '../helper/wire.ts';
import { ACTIONS, anyCommand, anyFrame } from './arbitrary.ts';

/** `PROPERTY_RUNS`: how many values are tried for each property. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);
const TIME_LIMIT = 120_000;

let keeper: Account;
let visitor: Account;
beforeAll(async () => {
  [keeper, visitor] = await people(endpoint(), 'keeper', 'visitor');
});
afterAll(() => keeper.disconnect());

/**
 * Sends frames, one after the other, to rooms that the visitor is in and is not in. Each is answered by a reply that the
 * protocol allows (the client checks every frame), never `internal`, on a connection that lives on. In the end the logs hold
 * what was acknowledged, and nothing else.
 */
async function holds(frames: (rooms: readonly string[]) => fc.Arbitrary<string>): Promise<void> {
  const rooms = await Promise.all([
    createRoom(keeper, { members: [visitor] }),
    createRoom(keeper),
    createRoom(keeper, { kind: 'private' }),
  ]);
  const reader = await openClient(endpoint(), { token: keeper.token });
  const client = await openClient(endpoint(), { token: visitor.token });
  const before = new Map<string, number>();
  for (const room of rooms) before.set(room, (await readLog(reader, room)).length);
  const acknowledged = new Map(rooms.map((room) => [room, new Set<number>()]));

  await fc.assert(
    fc.asyncProperty(frames(rooms), async (frame) => {
      const reply = await client.askRaw(frame);
      expect(reply.error?.code).not.toBe('internal');
      expect(reply.error?.code).not.toBe('unavailable');
      expect(faultOfEcho(frame, reply)).toBeUndefined();
      note(reply, acknowledged);
    }),
    { numRuns: RUNS },
  );

  await client.command('ping');
  for (const room of rooms) {
    const added = (await readLog(reader, room, before.get(room))).map((event) => event.seq);
    const told = [...(acknowledged.get(room) ?? [])].filter((seq) => seq > (before.get(room) ?? 0));
    expect(added, `what was added to ${room}`).toEqual(told.sort((a, b) => a - b));
  }
  await Promise.all([client.close(), reader.close()]);
}

/** A reply that acknowledges an event names its room and number. */
function note({ action, data }: Reply, acknowledged: ReadonlyMap<string, Set<number>>): void {
  if (action === 'history' || action === 'sync' || !isRecord(data)) return;
  if (typeof data.room === 'string' && typeof data.seq === 'number')
    acknowledged.get(data.room)?.add(data.seq);
}

/** A reply carries the command's own id and action, where there were any that could be read. */
function faultOfEcho(frame: string, reply: Reply): string | undefined {
  const command = parsed(frame);
  if (!isRecord(command)) return undefined;
  const { id, action } = command;
  const readable = typeof id === 'string' && /^[\x21-\x7e]{1,64}$/.test(id);
  if (readable && reply.id !== id) return `the id ${id} came back as ${reply.id}`;
  if (ACTIONS.some((known) => known === action) && reply.action !== action)
    return `the action ${String(action)} came back as ${reply.action}`;
  return undefined;
}

function parsed(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}

describe('P8 clean refusals: any value at all', () => {
  it('P8 clean refusals: any frame at all is answered, and changes nothing', { timeout: TIME_LIMIT }, () =>
    holds(() => anyFrame),
  );

  it.each(ACTIONS)(
    'P8 clean refusals: any %s at all is answered, and changes only what it says',
    {
      timeout: TIME_LIMIT,
    },
    (action) => holds((rooms) => anyCommand(action, rooms).map((command) => JSON.stringify(command))),
  );

  it('P8 clean refusals: frames sent all at once are all answered', { timeout: TIME_LIMIT }, async () => {
    const client: Client = await visitor.connect();
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { minLength: 2, maxLength: 12 }), async (frames) => {
        const from = client.frames.length;
        for (const frame of frames) client.sendRaw(frame);
        await client.waitFor(
          'a reply to each',
          () =>
            client.frames.slice(from).filter(({ type }) => type === 'reply').length >= frames.length ||
            undefined,
        );
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
    visitor.disconnect();
  });
});
