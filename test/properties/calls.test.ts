import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf, type CallOptions, call, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import { faultOf } from './answers.ts';
import { anyText, anyValue } from './arbitrary.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);
const TIME_LIMIT = 120_000;

/** What the tests look at in an OpenAPI document. */
interface Operation {
  readonly parameters?: readonly { readonly in: 'path' | 'query'; readonly name: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}
interface Schema {
  readonly properties?: Readonly<Record<string, { readonly enum?: readonly unknown[] }>>;
}

/** What a call can be about: whoever makes it owns the room. */
interface Scene {
  readonly room: string;
  readonly self: string;
  readonly member: string;
}

/** A value that may well be right for a field or a parameter of that name. */
function plausible(name: string, scene: Scene, choices: readonly unknown[] = []): fc.Arbitrary<unknown> {
  const text = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
  if (choices.length > 0) return fc.constantFrom(...choices);
  switch (name) {
    case 'room':
      return fc.oneof(fc.constant(scene.room), fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/));
    case 'q':
      return fc.constantFrom('hello', 'HÉL', 'the', '北京', '…', 'a b c d e f g h i j k l m n o p q r');
    case 'from':
    case 'user':
    case 'username':
      return fc.oneof(
        fc.constantFrom(scene.self, scene.member),
        fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{2,31}$/),
      );
    case 'mutedUntil':
      return fc.oneof(
        fc.constant(null),
        fc
          .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
          .map((date) => date.toISOString()),
      );
    case 'password':
      return fc.oneof(text, fc.record({ current: text, next: text }));
    case 'emoji':
      return fc.constantFrom('👍', ':ok:', '🧑‍🚀');
    case 'contentType':
      return fc.constantFrom('image/png', 'text/plain');
    case 'ban':
    case 'edits':
    case 'redirect':
    case 'everywhere':
      return fc.constantFrom('true', 'false', '');
    case 'seq':
    case 'before':
    case 'limit':
    case 'slowModeSeconds':
    case 'retentionDays':
      return fc.integer({ min: -1, max: 120 });
    case 'size':
      return fc.oneof(fc.integer({ min: -1, max: 120 }), fc.constantFrom(200_000_000, 5 * 1024 ** 3 + 1));
    case 'parts':
      return fc.array(fc.integer({ min: 0, max: 14 }), { maxLength: 5 });
    default:
      return text;
  }
}

/** A request of a call: each parameter and field right, wrong, or missing. */
function anyRequest(
  path: string,
  { parameters = [], requestBody }: Operation,
  scene: Scene,
): fc.Arbitrary<readonly [path: string, CallOptions]> {
  const segments = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  const queries = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const part = (name: string) =>
    fc
      .oneof({ weight: 4, arbitrary: plausible(name, scene) }, { weight: 1, arbitrary: anyText })
      .map((value) => encodeURIComponent(String(value).toWellFormed()));
  const fields = requestBody?.content['application/json']?.schema.properties ?? {};
  const body = fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        fc.oneof(
          { weight: 4, arbitrary: plausible(name, scene, field.enum) },
          { weight: 1, arbitrary: anyValue },
        ),
      ]),
    ),
    { requiredKeys: [] },
  );
  return fc
    .tuple(
      fc.record(Object.fromEntries(segments.map((name) => [name, part(name)]))),
      fc.record(Object.fromEntries(queries.map((name) => [name, part(name)])), { requiredKeys: [] }),
      requestBody
        ? fc.oneof({ weight: 6, arbitrary: body }, { weight: 1, arbitrary: anyValue })
        : fc.constant(undefined),
    )
    .map(([inPath, inQuery, sent]) => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(inPath[name]));
      const query = Object.entries(inQuery).map(([name, value]) => `${name}=${String(value)}`);
      return [
        `${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`,
        sent === undefined ? {} : { body: sent },
      ];
    });
}

/** The service's own document says what it serves: a call that is new is tried as well. */
const { paths } = bodyOf<{ paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }>(
  await call(endpoint(), 'GET', '/api/openapi.json'),
  200,
);
const CALLS = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [method.toUpperCase(), path, operation] as const),
);

describe('P8 clean refusals: any request of any call that is served', () => {
  it.each(CALLS)('P8 clean refusals: %s %s', { timeout: TIME_LIMIT }, async (method, path, operation) => {
    // People of its own: the call may log them out, or delete them.
    const [self, member] = await people(endpoint(), 'self', 'member');
    const room = await createRoom(self, { members: [member] });
    const scene = { room, self: self.user, member: member.user };
    await fc.assert(
      fc.asyncProperty(anyRequest(path, operation, scene), async ([target, options]) => {
        const answer = await call(endpoint(), method, target, { ...options, token: self.token });
        expect(faultOf(answer)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });
});
