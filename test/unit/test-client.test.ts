import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Client, openClient } from '../helper/client.ts';

let server: WebSocketServer | undefined;
afterEach(() => {
  for (const socket of server?.clients ?? []) socket.terminate();
  server?.close();
});

/** A client connected to a server that answers each command by `answer`. */
async function clientOf(answer: (command: { id: string }, socket: WebSocket) => void): Promise<Client> {
  const listening = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server = listening;
  listening.on('connection', (socket) => {
    socket.on('message', (data) => answer(JSON.parse(data.toString()), socket));
  });
  await new Promise((resolve) => listening.once('listening', resolve));
  const { port } = listening.address() as AddressInfo;
  return openClient({ http: '', websocket: `ws://127.0.0.1:${port}` }, {});
}

const reply = (id: string, more: object): string =>
  JSON.stringify({ type: 'reply', id, action: 'ping', ...more });
const at = '2026-11-20T10:00:00.000Z';

describe('the client of the tests', () => {
  it('gives each reply to who asked', async () => {
    const held: { id: string }[] = [];
    const client = await clientOf((command, socket) => {
      if (held.push(command) === 2)
        for (const { id } of held.reverse()) socket.send(reply(id, { data: { at: id } }));
    });
    const asked = [client.ask({ action: 'ping', id: 'a' }), client.ask({ action: 'ping', id: 'b' })];
    expect((await Promise.all(asked)).map(({ data }) => data)).toEqual([{ at: 'a' }, { at: 'b' }]);
  });

  it('waits and asks again where the rate limit says so', async () => {
    let count = 0;
    const error = { code: 'rate_limited', message: 'unable to ping; too many', retryAfterMs: 5 };
    const client = await clientOf(({ id }, socket) =>
      socket.send(++count < 3 ? reply(id, { error }) : reply(id, { data: { at } })),
    );
    expect(await client.command('ping')).toEqual({ at });
    expect(count).toBe(3);
  });

  it.each([
    ['no JSON', 'hello', /JSON/],
    ['an unknown type', '{"type":"news"}', /unknown type/],
    [
      'a gateway error',
      '{"message":"Internal server error","connectionId":"x","requestId":"y"}',
      /unknown type/,
    ],
    ['a reply with nothing', '{"type":"reply","id":"a","action":"ping"}', /just one/],
    [
      'an unknown code',
      '{"type":"reply","error":{"code":"oops","message":"unable to x; y"}}',
      /unknown code/,
    ],
    ['free words', '{"type":"reply","error":{"code":"internal","message":"TypeError"}}', /unable to/],
    [
      'a stack',
      '{"type":"reply","error":{"code":"internal","message":"unable to x; at f (/a.js:1:2)"}}',
      /internal thing/,
    ],
    ['events out of order', events(2, 1), /after 2/],
    ['events twice', events(1, 1), /after 1/],
    ['too large a frame', JSON.stringify({ type: 'events', room: 'x'.repeat(40_000), events: [] }), /limit/],
  ])('fails every wait at a frame that is %s', async (_, frame, fault) => {
    const client = await clientOf((_command, socket) => socket.send(frame));
    await expect(client.ask({ action: 'ping' })).rejects.toThrow(fault);
  });

  it('fails a wait when the connection closes', async () => {
    const client = await clientOf((_command, socket) => socket.close(1009));
    await expect(client.ask({ action: 'ping' })).rejects.toThrow('1009');
    expect((await client.closed).code).toBe(1009);
  });

  it('fails a wait when the time is over', async () => {
    const client = await clientOf(() => {});
    await expect(client.waitFor('a miracle', () => undefined, 20)).rejects.toThrow('a miracle');
  });
});

function events(...seqs: number[]): string {
  const made = seqs.map((seq) => ({ seq, type: 'member.joined', user: 'bob', member: 'bob', at }));
  return JSON.stringify({ type: 'events', room: 'r', events: made });
}
