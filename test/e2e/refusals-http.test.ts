import { beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, type CallOptions, call, freshName, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readMessages } from '../helper/room.ts';

let alice: Account;
let room: string;
beforeAll(async () => {
  [alice] = await people(endpoint(), 'alice');
  room = await createRoom(alice);
});

const send = (options: CallOptions) =>
  call(endpoint(), 'POST', `/api/rooms/${room}/messages`, { token: alice.token, ...options });

describe('P8 clean refusals: over HTTP', () => {
  it.each<[string, CallOptions]>([
    ['nothing', {}],
    ['text that is not JSON', { raw: 'hello' }],
    ['cut JSON', { raw: '{"text":"x"' }],
    ['null', { raw: 'null' }],
    ['a list', { raw: '[]' }],
    ['a number', { raw: '17' }],
    ['bytes that are no UTF-8', { raw: new Uint8Array([0x22, 0xff, 0xfe, 0x22]) }],
    ['ten thousand nested lists', { raw: '['.repeat(10_000) + ']'.repeat(10_000) }],
    ['no text', { body: {} }],
    ['an empty text', { body: { text: '' } }],
    ['a text over its limit', { body: { text: 'x'.repeat(4_001) } }],
    ['a text that is a number', { body: { text: 17 } }],
    ['a text that is an object', { body: { text: { toString: 'x' } } }],
    ['a lone surrogate', { raw: '{"text":"\\udfff"}' }],
    ['an unknown field', { body: { text: 'x', colour: 'red' } }],
    ['__proto__ as a field', { raw: '{"text":"x","__proto__":{"role":"owner"}}' }],
    ['an id with a blank', { body: { text: 'x', id: 'a b' } }],
    ['an id of 65 characters', { body: { text: 'x', id: 'i'.repeat(65) } }],
    ['a thread that is no number', { body: { text: 'x', thread: 'root' } }],
    ['a room in the body', { body: { text: 'x', room: 'elsewhere' } }],
  ])('P8 clean refusals: a message that is %s is refused', async (_, options) => {
    expect(await send(options)).toBeRefused('bad_request');
    expect(await readMessages(alice, room)).toEqual([]);
  });

  it('P8 clean refusals: a body beyond any use is refused, as too large or as bad', async () => {
    const answer = await send({ raw: JSON.stringify({ text: 'x'.repeat(2_000_000) }) });
    expect([400, 413]).toContain(answer.status);
    expect(answer).toBeRefused(answer.status === 413 ? 'too_large' : 'bad_request');
  });

  it.each([
    ['General', 'with a capital'],
    ['a%20b', 'with a blank'],
    ['a%23b', 'with a key separator'],
    ['%00', 'that is a control character'],
    ['r'.repeat(65), 'of 65 characters'],
    ['%F0%9F%A6%8A', 'that is a fox'],
    ['%ff', 'that is no UTF-8'],
  ])('P8 clean refusals: room %s, %s, is refused', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/join'],
      ['GET', '/messages'],
    ] as const) {
      const answer = await alice.call(method, `/api/rooms/${id}${path}`);
      expect([400, 404], `${method} ${path}`).toContain(answer.status);
      expect(answer).toBeRefused(answer.status === 400 ? 'bad_request' : 'not_found');
    }
  });

  it('P8 clean refusals: a query that makes no sense is refused', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=-1',
      'before=0',
      'before=1.5',
      'before=x',
    ]) {
      expect(await alice.call('GET', `/api/rooms/${room}/messages?${query}`), query).toBeRefused(
        'bad_request',
      );
    }
  });

  it('P8 clean refusals: every call but the open ones wants a token', async () => {
    for (const [method, path] of [
      ['GET', '/api/auth/me'],
      ['POST', '/api/auth/ticket'],
      ['GET', '/api/rooms'],
      ['GET', '/api/rooms/public'],
      ['POST', '/api/rooms'],
      ['GET', `/api/rooms/${room}`],
      ['POST', `/api/rooms/${room}/join`],
      ['POST', `/api/rooms/${room}/leave`],
      ['GET', `/api/rooms/${room}/members`],
      ['GET', `/api/rooms/${room}/messages`],
      ['POST', `/api/rooms/${room}/messages`],
    ] as const) {
      const answer = await call(endpoint(), method, path, method === 'POST' ? { body: {} } : {});
      expect(answer, `${method} ${path}`).toBeRefused('unauthenticated');
    }
  });

  it('P8 clean refusals: a room that does not exist is not found', async () => {
    const answer = await alice.call('POST', `/api/rooms/${freshName('room')}/messages`, { text: 'x' });
    expect(answer).toBeRefused('not_found');
  });

  it('P8 clean refusals: no answer tells what the service is made of', async () => {
    for (const path of ['/api/nonsense', '/api/rooms/%00', '/api/auth/me?x=%ff']) {
      const { headers, text } = await alice.call('GET', path);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(text).not.toMatch(/hono|lambda|node:|\.ts\b|stack/i);
    }
  });
});
