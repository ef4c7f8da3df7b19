import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, freshName, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import { BAD_FIELDS, DEEP_JSON, NO_ACTIONS, NO_COMMANDS } from './bad-input.ts';
import { itUnlessDeviating } from './deviations.ts';

/** Cases after which a new connection is opened, so that the rate limit (a burst of 30) is never in the way. */
const CASES_PER_CONNECTION = 12;

let alice: Account;
let bob: Account;
let room: string;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
  room = await createRoom(alice, { members: [bob] });
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

/** Sends every frame, a dozen a connection; after each dozen the connection lives, and the log is what it was. */
async function refuseAll(
  cases: readonly (readonly [string, string])[],
  look: (client: Client, what: string, frame: string) => Promise<void>,
): Promise<void> {
  const log = await readLog(await alice.connect(), room);
  for (let start = 0; start < cases.length; start += CASES_PER_CONNECTION) {
    const client = await bob.connect();
    for (const [what, frame] of cases.slice(start, start + CASES_PER_CONNECTION))
      await look(client, what, frame);
    await client.command('ping');
    await client.close();
  }
  expect(await readLog(await alice.connect(), room)).toEqual(log);
}

const refuse = (cases: readonly (readonly [string, string])[]) =>
  refuseAll(cases, async (client, what, frame) => {
    expect(await client.askRaw(frame), what).toBeRefused('bad_request');
  });

describe('P8 clean refusals: over the WebSocket', () => {
  it('P8 clean refusals: what is no command is refused', async () => {
    await refuse(NO_COMMANDS.map(([what, frame]) => [what, frame(room)]));
  });

  itUnlessDeviating('deep-json', 'P8 clean refusals: JSON of any depth is refused', async () => {
    await refuse([[DEEP_JSON[0], DEEP_JSON[1](room)]]);
  });

  it('P8 clean refusals: an unknown action is refused', async () => {
    await refuse(NO_ACTIONS.map((action) => [action, JSON.stringify({ action, id: 'x', room, text: 'x' })]));
  });

  it('P8 clean refusals: an action that is no text is refused', async () => {
    const actions = [null, 0, 1, true, [], ['ping'], {}, { action: 'ping' }];
    await refuse(
      actions.map((action) => [JSON.stringify(action), JSON.stringify({ action, room, text: 'x' })]),
    );
  });

  it.each(Object.keys(BAD_FIELDS))('P8 clean refusals: a bad %s is refused', async (action) => {
    await refuse((BAD_FIELDS[action] ?? []).map(([what, frame]) => [what, frame(room)]));
  });

  it('P8 clean refusals: an unknown room is refused by every command', async () => {
    const unknown = freshName('room');
    const client = await bob.connect();
    for (const fields of [
      { action: 'sendMessage', text: 'x' },
      { action: 'joinRoom' },
      { action: 'leaveRoom' },
      { action: 'history' },
      { action: 'presence' },
      { action: 'typing', on: true },
      { action: 'markRead', seq: 1 },
    ]) {
      expect(await client.ask({ ...fields, room: unknown })).toBeRefused('not_found');
    }
  });

  it('P8 clean refusals: a refusal says whose it is, and what is wrong where', async () => {
    const client = await bob.connect();
    const reply = await client.ask({ action: 'sendMessage', id: 'mine', room, text: '' });
    expect(reply).toMatchObject({ type: 'reply', id: 'mine', action: 'sendMessage' });
    expect(reply.error?.issues).toEqual([{ path: 'text', reason: expect.any(String) }]);
  });

  it('P8 clean refusals: a refusal does not echo what was sent', async () => {
    const client = await bob.connect();
    const secret = 'do-not-say-this-again';
    for (const fields of [{ text: [secret] }, { [secret]: 1, text: 'x' }, { text: 'x', thread: secret }]) {
      const reply = await client.ask({ action: 'sendMessage', room, ...fields });
      expect(JSON.stringify(reply)).not.toContain(secret);
    }
  });

  it('P8 clean refusals: after a hundred bad frames at once every one was answered', async () => {
    const client = await bob.connect();
    for (let index = 0; index < 100; index++) client.sendRaw(`{"action":"nonsense","id":"bad-${index}"}`);
    await client.waitFor(
      'a hundred replies',
      () => client.frames.filter(({ type }) => type === 'reply').length === 100 || undefined,
    );
    for (const frame of client.frames) {
      if (frame.type === 'reply') expect(['bad_request', 'rate_limited']).toContain(frame.error?.code);
    }
  });
});

describe('frames', () => {
  const padded = (bytes: number): string => {
    const frame = JSON.stringify({ action: 'sendMessage', room, text: 'x' });
    return `${frame}${' '.repeat(bytes - frame.length)}`;
  };

  it('of 32 KiB are taken', async () => {
    const client = await bob.connect();
    const reply = await client.askRaw(padded(32 * 1024));
    expect(reply.data).toMatchObject({ room });
  });

  itUnlessDeviating(
    'frame-limit',
    'P8 clean refusals: of more than 32 KiB end the connection with 1009',
    async () => {
      const log = await readLog(await alice.connect(), room);
      for (const bytes of [32 * 1024 + 1, 33 * 1024, 128 * 1024, 200 * 1024]) {
        const client = await bob.connect();
        client.sendRaw(padded(bytes));
        expect((await client.closed).code).toBe(1009);
        expect(client.frames.filter(({ type }) => type === 'reply')).toEqual([]);
      }
      expect(await readLog(await alice.connect(), room)).toEqual(log);
    },
  );

  itUnlessDeviating('frame-limit', 'P8 clean refusals: a sync of 10,000 rooms is such a frame', async () => {
    const client = await bob.connect();
    const rooms = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`room-${index}`, 0]));
    client.sendRaw(JSON.stringify({ action: 'sync', rooms }));
    expect((await client.closed).code).toBe(1009);
  });

  itUnlessDeviating(
    'binary-frame',
    'P8 clean refusals: binary ones end the connection with 1003',
    async () => {
      const client = await bob.connect();
      client.sendRaw(Buffer.from('{"action":"ping"}'));
      expect((await client.closed).code).toBe(1003);
    },
  );
});
