import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS } from '../../shared/protocol/commands.ts';
import { ErrorCode } from '../../shared/protocol/errors.ts';
import { contextOf, SERVED, type Sockets, startSockets } from '../helper/sockets.ts';

let sockets: Sockets;
let connection: string;
let token: string;
const room = 'refusals';

beforeAll(async () => {
  sockets = await startSockets({ COMMANDS_PER_MINUTE: '1000000', COMMAND_BURST: '1000000' });
  ({ token } = await sockets.app.newUser());
  await sockets.app.ask('POST', '/api/rooms', { token, body: { room, name: 'Refusals', kind: 'public' } });
  connection = await sockets.open(token);
});
afterAll(() => sockets.stop());

/** Nothing was written to the room, and the connection lives on. */
async function expectUnchanged() {
  const { data } = await sockets.send(connection, { action: 'history', room });
  expect(data).toEqual({ room, messages: [], more: false });
}

const command = (fields: string) => `{"action":"sendMessage","id":"m1","room":"${room}",${fields}}`;
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('P8 clean: a frame that is no command is refused as bad_request and changes nothing', () => {
  const frames: [what: string, text: string, reason: RegExp][] = [
    ['nothing', '', /not JSON/],
    ['not JSON', '{"action":"ping"', /not JSON/],
    ['a list', '[{"action":"ping"}]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['no action', '{"id":"x"}', /names no action/],
    ['an action of another type', '{"action":["ping"]}', /not known/],
    ['an unknown action', '{"action":"shutdown"}', /not known/],
    ['a name every object has', '{"action":"constructor"}', /not known/],
    ['an action of later', '{"action":"typing","room":"refusals","on":true}', /does not serve/],
    ['a field too few', command('"thread":1').replace(',"thread":1', ''), /text/],
    ['a field too many', command('"text":"x","seq":1'), /not known/],
    ['a sender of its own', command('"text":"x","user":"bob"'), /not known/],
    ['a wrong type', command('"text":7'), /text/],
    ['an empty text', command('"text":""'), /1 to 4,000/],
    ['a text that is too long', command(`"text":"${'x'.repeat(4_001)}"`), /1 to 4,000/],
    ['a lone surrogate', command('"text":"\\ud800"'), /surrogate/],
    ['a key twice', command('"text":"x","text":"y"'), /twice/],
    ['a key twice, once in disguise', command('"text":"x","\\u0074ext":"y"'), /twice/],
    ['__proto__', command('"text":"x","__proto__":{"role":"owner"}'), /not allowed/],
    ['__proto__ within', '{"action":"sync","rooms":{"__proto__":1}}', /not allowed/],
    ['a deep nest', command(`"text":${deep(5_000)}`), /nests/],
    ['a huge number', '{"action":"history","room":"refusals","before":1e999}', /before/],
    ['a number that is not whole', '{"action":"history","room":"refusals","limit":1.5}', /limit/],
    ['an id that is too long', `{"action":"ping","id":"${'x'.repeat(65)}"}`, /id/],
    ['an id of another type', '{"action":"ping","id":{}}', /id/],
    ['a thread that is no number', command('"text":"x","thread":"1"'), /thread/],
    ['a room that is no id', '{"action":"sendMessage","room":"../x","text":"x"}', /room/],
    [
      'more rooms than a sync may name',
      JSON.stringify({
        action: 'sync',
        rooms: Object.fromEntries(Array.from({ length: 1_900 }, (_, i) => [`room-${i}`, i])),
      }),
      /rooms/,
    ],
  ];

  it.each(frames)('%s', async (_, text, reason) => {
    const reply = await sockets.sendText(connection, text);
    expect(reply.error?.code).toBe('bad_request');
    expect(reply.error?.message).toMatch(reason);
    expect(reply.error?.message).toMatch(/^unable to .+; .+/);
    await expectUnchanged();
  });

  it('control characters are a text like any other', async () => {
    const { token: other } = await sockets.app.newUser();
    const socket = await sockets.open(other);
    await sockets.send(socket, { action: 'joinRoom', room });
    const reply = await sockets.send(socket, {
      action: 'sendMessage',
      room: 'no-room',
      text: '\u0000\u001b',
    });
    expect(reply.error?.code).toBe('not_found');
  });

  it('a binary frame', async () => {
    const answer = await sockets.call('$default', {
      body: Buffer.from('{"action":"ping"}').toString('base64'),
      isBase64Encoded: true,
      requestContext: contextOf(connection),
    });
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ error: { code: 'bad_request' } });
  });

  it('echoes the id where it can be read, and the action where it is known', async () => {
    expect(await sockets.sendText(connection, '{"action":"shutdown","id":"s1"}')).toMatchObject({ id: 's1' });
    expect(await sockets.sendText(connection, '{"action":"editMessage","id":"e1"}')).toMatchObject({
      id: 'e1',
      action: 'editMessage',
    });
    expect(await sockets.sendText(connection, 'nonsense')).not.toHaveProperty('id');
  });

  it('refuses every action that has no route yet, by name', async () => {
    const later = ACTIONS.filter((action) => !SERVED.some((served) => served === action));
    expect(later.length).toBeGreaterThan(0);
    for (const action of later) {
      expect(await sockets.send(connection, { action })).toMatchObject({
        action,
        error: { code: 'bad_request', message: expect.stringContaining('does not serve') },
      });
    }
  });
});

describe('P8 clean: any bytes at all get a reply', () => {
  const known = fc.constantFrom(...ACTIONS);
  const anyField = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(room, 'no-room', '', 0, -1, 1e308, '__proto__', '\ud800'),
  );
  const almost = fc.record(
    {
      action: known,
      id: anyField,
      room: fc.oneof(fc.constant(room), anyField),
      text: anyField,
      target: anyField,
      seq: anyField,
      rooms: fc.dictionary(fc.string({ maxLength: 20 }), anyField, { maxKeys: 5 }),
      before: anyField,
      limit: anyField,
      token: anyField,
      on: anyField,
    },
    { requiredKeys: ['action'] },
  );
  const text = fc.oneof(
    { weight: 4, arbitrary: almost.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  );

  it('and never `internal`', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (frame) => {
        const reply = await sockets.sendText(connection, frame);
        if (reply.error) {
          expect(ErrorCode.options).toContain(reply.error.code);
          expect(reply.error.code).not.toBe('internal');
          expect(reply.error.code).not.toBe('unavailable');
          expect(reply.error.message).toMatch(/^unable to [^;]+; /);
        }
      }),
      { numRuns: 400 },
    );
    expect((await sockets.send(connection, { action: 'ping' })).error).toBeUndefined();
  });
});

describe('an error that is not the client’s', () => {
  it('is told without a detail, and the log has no text and no token', async () => {
    const written: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = ((line: string) => written.push(line) > 0) as typeof write;
    try {
      // An item that no code of ours writes.
      const { token: other, user } = await sockets.app.newUser();
      const socket = await sockets.open(other);
      const { context } = sockets.app.runtime;
      await context.chat.put({ pk: `USER#${user}`, sk: 'ROOM#broken', state: 'of no known kind' });
      const reply = await sockets.send(socket, { action: 'sync', id: 's1' });
      expect(reply).toEqual({
        type: 'reply',
        id: 's1',
        action: 'sync',
        error: { code: 'internal', message: expect.stringMatching(/^unable to sync; /) },
      });
      expect(JSON.stringify(reply)).not.toMatch(/zod|state|invalid|stack|\.ts/i);
      expect(written.join('')).toContain(`request-of-${socket}`);
      expect(written.join('')).not.toContain(other);
    } finally {
      process.stdout.write = write;
    }
  });
});

describe('P8 clean: a frame whose action is called as a route of API Gateway’s own', () => {
  it.each(['$connect', '$disconnect'] as const)(
    '%s is an unknown action, and its connection lives on',
    async (action) => {
      const answer = await sockets.call(action, {
        body: JSON.stringify({ action, id: 'm1' }),
        requestContext: { ...contextOf(connection), routeKey: action, eventType: 'MESSAGE' },
      });
      expect(JSON.parse(answer.body ?? '')).toMatchObject({ id: 'm1', error: { code: 'bad_request' } });
      await expectUnchanged();
    },
  );
});
