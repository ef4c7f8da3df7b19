import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Account, type CallOptions, call, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, joinRoom, readMessages } from '../helper/room.ts';
import { faultOf } from './answers.ts';
import { anyFrame, anyValue } from './arbitrary.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);
const TIME_LIMIT = 120_000;

let keeper: Account;
let visitor: Account;
let room: string;
beforeAll(async () => {
  [keeper, visitor] = await people(endpoint(), 'keeper', 'visitor');
  room = await createRoom(keeper);
  await joinRoom(visitor, room);
});

async function holds(requests: fc.Arbitrary<readonly [string, string, CallOptions]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(requests, async ([method, path, options]) => {
      expect(faultOf(await call(endpoint(), method, path, options))).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
}

/** Any body at all: JSON of any shape, or no JSON. */
const anyBody: fc.Arbitrary<CallOptions> = fc.oneof(
  anyValue.map((body) => ({ body })),
  anyFrame.map((raw) => ({ raw })),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => ({ raw: new Uint8Array(bytes) })),
);

/** A JSON object with the call's own fields, each of any value. */
const fields = (...names: string[]): fc.Arbitrary<CallOptions> =>
  fc
    .record(Object.fromEntries(names.map((name) => [name, anyValue])), { requiredKeys: [] })
    .map((body) => ({ body }));

const CALLS: readonly (readonly [string, fc.Arbitrary<CallOptions>])[] = [
  ['/api/auth/register', fc.oneof(anyBody, fields('username', 'password', 'displayName'))],
  ['/api/auth/login', fc.oneof(anyBody, fields('username', 'password'))],
  ['/api/auth/ticket', anyBody],
  ['/api/rooms', fc.oneof(anyBody, fields('room', 'name', 'kind', 'topic'))],
  ['/api/rooms/ROOM/join', anyBody],
];

describe('P8 clean refusals: any body at all', () => {
  it.each(CALLS)(
    'P8 clean refusals: POST %s answers any body cleanly',
    { timeout: TIME_LIMIT },
    async (path, bodies) => {
      await holds(
        bodies.map(
          (options) => ['POST', path.replace('ROOM', room), { ...options, token: visitor.token }] as const,
        ),
      );
    },
  );

  it('P8 clean refusals: a message is stored where it was acknowledged, and nowhere else', {
    timeout: TIME_LIMIT,
  }, async () => {
    const acknowledged = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyBody, fields('id', 'text', 'thread', 'attachments')), async (options) => {
        const answer = await call(endpoint(), 'POST', `/api/rooms/${room}/messages`, {
          ...options,
          token: visitor.token,
        });
        expect(faultOf(answer)).toBeUndefined();
        if (answer.status === 201) acknowledged.add((answer.body as { seq: number }).seq);
      }),
      { numRuns: RUNS },
    );
    const stored = (await readMessages(keeper, room)).map((message) => message.seq);
    expect(new Set(stored)).toEqual(acknowledged);
  });
});

describe('P8 clean refusals: any address at all', () => {
  const segment = fc.oneof(
    fc.constantFrom('auth', 'me', 'rooms', 'messages', 'members', 'join', 'public', 'health', '..', '.'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((text) => encodeURIComponent(text)),
    fc.constantFrom('%00', '%ff', '%', '%2e%2e', '%2f', '$default', '{room}', '#', '__proto__'),
  );
  // Beyond `/api` it is the page that answers.
  const isOfApi = (where: string) => /^\/api(\/|$)/.test(new URL(where, 'http://any').pathname);
  const path = fc
    .array(segment, { maxLength: 5 })
    .map((segments) => `/api/${segments.join('/')}`)
    .filter(isOfApi);
  const query = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.constantFrom('limit', 'cursor', 'before', 'prefix', 'thread'), fc.webQueryParameters())
      .map(([name, value]) => `?${name}=${value}`),
  );

  it('P8 clean refusals: any path and query are answered cleanly', { timeout: TIME_LIMIT }, async () => {
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
    await holds(
      fc
        .tuple(method, path, query)
        .filter(([verb]) => verb !== 'DELETE')
        .map(([verb, where, what]) => [verb, `${where}${what}`, { token: visitor.token }] as const),
    );
  });

  it('P8 clean refusals: any query of a list is answered cleanly', { timeout: TIME_LIMIT }, async () => {
    const list = fc.constantFrom(
      '/api/rooms',
      '/api/rooms/public',
      '/api/rooms/ROOM/members',
      '/api/rooms/ROOM/messages',
    );
    await holds(
      fc
        .tuple(list, query)
        .map(
          ([where, what]) =>
            ['GET', `${where.replace('ROOM', room)}${what}`, { token: visitor.token }] as const,
        ),
    );
  });

  it('P8 clean refusals: any credential is answered cleanly', { timeout: TIME_LIMIT }, async () => {
    const word = fc.stringMatching(/^[\x21-\x7e]{0,60}$/);
    const credential = fc.oneof(
      word,
      word.map((token) => `Bearer ${token}`),
      fc.tuple(word, word, word).map((parts) => `Bearer ${parts.join('.')}`),
    );
    await fc.assert(
      fc.asyncProperty(credential, async (authorization) => {
        const answer = await call(endpoint(), 'GET', '/api/auth/me', { headers: { authorization } });
        expect(answer.status).toBe(401);
        expect(faultOf(answer)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });
});
