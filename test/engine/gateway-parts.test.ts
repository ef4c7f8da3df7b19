import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameGuard } from '../../local/gateway/frame-guard.ts';
import { createRouter } from '../../local/gateway/http-routes.ts';
import { createIdentifiers } from '../../local/gateway/identifiers.ts';
import { createRoutes } from '../../local/gateway/route-selection.ts';
import { requestTime } from '../../local/gateway/time.ts';
import { webSocketApi } from './gateway-helper.ts';

describe('the frame guard', () => {
  const frame = (size: number, masked: boolean): Buffer => {
    const mask = masked ? 0x80 : 0;
    const header =
      size < 126
        ? Buffer.from([0x81, mask | size])
        : size < 65_536
          ? Buffer.from([0x81, mask | 126, size >> 8, size & 0xff])
          : Buffer.concat([
              Buffer.from([0x81, mask | 127, 0, 0, 0, 0]),
              Buffer.from(Uint32Array.of(size).buffer).reverse(),
            ]);
    return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0), Buffer.alloc(size, 0xff)]);
  };

  it('calls once if and only if a frame is over the limit, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.oneof(fc.nat(300), fc.nat(70_000)), masked: fc.boolean() }), {
          maxLength: 6,
        }),
        fc.integer({ min: 0, max: 70_000 }),
        fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5000 }))),
        (frames, limit, cuts) => {
          let calls = 0;
          const guard = createFrameGuard(limit, () => calls++);
          const bytes = Buffer.concat(frames.map(({ size, masked }) => frame(size, masked)));
          for (let offset = 0; offset < bytes.length; ) {
            const size = cuts.next().value as number;
            guard(bytes.subarray(offset, offset + size));
            offset += size;
          }
          expect(calls).toBe(frames.some(({ size }) => size > limit) ? 1 : 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('route selection', () => {
  const routesFor = (expression: string) =>
    createRoutes({
      ...webSocketApi({
        $connect: { function: 'f' },
        $default: { function: 'f' },
        say: { function: 'f' },
        'a/b': { function: 'f' },
      }),
      routeSelectionExpression: expression,
    });

  it('reads the forms that AWS documents', () => {
    expect(routesFor('$request.body.action').select('{"action":"say"}')?.routeKey).toBe('say');
    expect(routesFor(`\${request.body.action}`).select('{"action":"say"}')?.routeKey).toBe('say');
    expect(routesFor('$request.body.deep.er').select('{"deep":{"er":"say"}}')?.routeKey).toBe('say');
    expect(routesFor(`\${request.body.x}/\${request.body.y}`).select('{"x":"a","y":"b"}')?.routeKey).toBe(
      'a/b',
    );
    expect(() => routesFor('$request.header.x')).toThrow('unable to route messages');
  });

  it('never throws and never reaches $connect, whatever a client sends', () => {
    const routes = routesFor('$request.body.action');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((action) => JSON.stringify({ action }) ?? ''),
        ),
        (body) => {
          expect(routes.select(body)?.routeKey).not.toBe('$connect');
        },
      ),
    );
  });
});

describe('the HTTP router', () => {
  it('prefers as AWS documents: GET /pets/dog/1, GET /pets/dog/{id}, GET /pets/{proxy+}, ANY /{proxy+}, $default', () => {
    const keys = ['$default', 'ANY /{proxy+}', 'GET /pets/{proxy+}', 'GET /pets/dog/{id}', 'GET /pets/dog/1'];
    const route = createRouter(keys.map((routeKey) => ({ routeKey })));
    expect(route('GET', '/pets/dog/1')?.route.routeKey).toBe('GET /pets/dog/1');
    expect(route('GET', '/pets/dog/2')?.route.routeKey).toBe('GET /pets/dog/{id}');
    expect(route('GET', '/pets/cat/1')?.route.routeKey).toBe('GET /pets/{proxy+}');
    expect(route('POST', '/test/5')?.route.routeKey).toBe('ANY /{proxy+}');
    expect(route('GET', '/')?.route.routeKey).toBe('ANY /{proxy+}');
    expect(
      createRouter([{ routeKey: 'GET /a' }, { routeKey: '$default' }])('GET', '/b')?.route.routeKey,
    ).toBe('$default');
  });
});

describe('identifiers', () => {
  it('have the form of AWS and tell nothing: no two alike, every character changes', () => {
    const next = createIdentifiers();
    const ids = Array.from({ length: 5000 }, next);
    expect(new Set(ids).size).toBe(5000);
    for (const id of ids) expect(id).toMatch(/^[\w-]{15}=$/);
    for (let place = 0; place < 14; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(64);
  });
});

describe('request time', () => {
  it('is written as in the events of AWS', () => {
    expect(requestTime(1585795353170)).toBe('02/Apr/2020:02:42:33 +0000');
  });
});
