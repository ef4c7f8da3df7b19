/** Any request at all is answered, in the shape of the protocol, and never by `internal`. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints } from '../../functions/http/endpoints.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

let app: HttpApp;
let token: string;
beforeAll(async () => {
  app = await startHttpApp();
  token = (await app.newUser()).token;
  await app.ask('POST', '/api/rooms', { token, body: { room: 'lobby', name: 'Lobby', kind: 'public' } });
});
afterAll(() => app.stop());

const RUNS = 60;

/** Values near what is expected, which come further than noise does. */
const near = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'lobby',
    'alice',
    'public',
    'private',
    '',
    '\u0000',
    '\ud800',
    '__proto__',
    'x'.repeat(5_000),
  ),
  fc.integer(),
  fc.anything({ withNullPrototype: false }),
);
const fields = [
  'username',
  'password',
  'displayName',
  'refreshToken',
  'room',
  'name',
  'kind',
  'topic',
  'id',
  'text',
];
const anyBody = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.dictionary(fc.constantFrom(...fields), near).map((value) => stringify(value)),
);
const anySegment = fc.oneof(
  fc.constantFrom('lobby', 'no-such-room', '%00', '%ff', '..', '%2e%2e%2f', 'Lobby'),
  fc.string({ unit: 'binary' }).map((text) => encode(text)),
);
const anyQuery = fc
  .dictionary(
    fc.constantFrom('limit', 'cursor', 'before', 'prefix', 'thread', 'x'),
    fc.string({ unit: 'binary' }),
  )
  .map((query) =>
    Object.entries(query)
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&'),
  );

/** What JSON can't hold (a big number, a circle) becomes a text. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return String(value);
  }
}

/** Percent-encoded; what is no Unicode becomes a replacement character. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

describe('P8 clean refusals: any request gets an answer, never `internal`', () => {
  it.each(endpoints.map(({ specification: { method, path } }) => [method, path] as const))(
    'P8 clean refusals: %s %s',
    async (method, path) => {
      await fc.assert(
        fc.asyncProperty(anyBody, anySegment, anyQuery, async (raw, segment, query) => {
          const target = `${path.replace('{room}', segment)}?${query}`;
          // The helper checks each answer's shape, and that a refusal has the status of its code.
          const reply = await app.ask(method, target, { token, raw });
          expect(reply.status, reply.text).toBeLessThan(500);
        }),
        { numRuns: RUNS },
      );
    },
  );

  it('P8 clean refusals: any method on any path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
        fc.array(fc.oneof(anySegment, fc.constantFrom('api', 'rooms', 'auth', 'messages')), { maxLength: 5 }),
        async (method, segments) => {
          const reply = await app.ask(method, `/x/${segments.join('/')}`, { token });
          expect(reply.status).toBe(404);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('P8 clean refusals: any credential', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), async (text) => {
        const headers = { authorization: `Bearer ${text}` };
        expect((await app.ask('GET', '/api/auth/me', { headers })).status).toBe(401);
      }),
      { numRuns: RUNS },
    );
  });
});
