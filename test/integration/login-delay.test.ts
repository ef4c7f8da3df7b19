import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { login } from '../../shared/auth/accounts.ts';
import {
  ALL_SOURCES,
  attemptsKey,
  beginAttempt,
  FIRST_WAIT_MS,
  networkOf,
  ONE_SOURCE,
  waitAfter,
} from '../../shared/auth/login-delay.ts';
import { PASSWORDS } from '../../shared/auth/passwords.ts';
import { forgetAttempts } from '../../shared/data/login-attempts.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.stop());

const START = Date.parse('2026-06-01T10:00:00.000Z');
let names = 0;
const freshName = () => `guessed-${names++}`;

/** Attempts at one name, at a time of its own. */
function attempts(name: string) {
  let now = START;
  const ctx = { chat: app.database.tables(() => now).chat, now: () => now };
  return {
    chat: ctx.chat,
    pass(ms: number) {
      now += ms;
    },
    /** Milliseconds to wait; 0: it may be tried. */
    async fail(source: string): Promise<number> {
      try {
        await beginAttempt(ctx, { name, source, operation: 'log in' });
        return 0;
      } catch (error) {
        if (!(error instanceof ParleyError) || error.retryAfterMs === undefined) throw error;
        expect(error.code).toBe('rate_limited');
        return error.retryAfterMs;
      }
    },
    async succeed(source: string): Promise<void> {
      await (await beginAttempt(ctx, { name, source, operation: 'log in' })).succeeded();
    },
  };
}

describe('guessing a password', () => {
  it('costs no wait ten times, then twice as long each time, and never more than a quarter of an hour', async () => {
    const tries = attempts(freshName());
    for (let i = 0; i < ONE_SOURCE.free; i++) expect(await tries.fail('192.0.2.1')).toBe(0);
    const waits: number[] = [];
    for (let i = 0; i < 13; i++) {
      const wait = await tries.fail('192.0.2.1');
      waits.push(wait);
      tries.pass(wait - 1);
      expect(await tries.fail('192.0.2.1')).toBe(1);
      tries.pass(1);
      expect(await tries.fail('192.0.2.1')).toBe(0);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(ONE_SOURCE.longestMs);
  });

  it('makes who fails wait, and nobody else', async () => {
    const tries = attempts(freshName());
    for (let i = 0; i < 40; i++) await tries.fail('192.0.2.1');
    expect(await tries.fail('192.0.2.1')).toBeGreaterThan(0);
    expect(await tries.fail('198.51.100.7')).toBe(0);
  });

  it('is slowed down for a crowd of networks together, but not where the user came in before', async () => {
    const tries = attempts(freshName());
    await tries.succeed('203.0.113.9');
    let wait = 0;
    for (let i = 0; i < ALL_SOURCES.free + 10 && wait === 0; i++) wait = await tries.fail(`192.0.2.${i}`);
    expect(wait).toBe(FIRST_WAIT_MS);
    expect(await tries.fail('198.51.100.200')).toBeGreaterThan(0);
    expect(await tries.fail('203.0.113.9')).toBe(0);
    await tries.succeed('203.0.113.9');
  });

  it('is forgotten after a day without a failure, and after a success', async () => {
    const tries = attempts(freshName());
    for (let i = 0; i < 11; i++) await tries.fail('192.0.2.1');
    tries.pass(24 * 3_600_000 + 2_000);
    for (let i = 0; i < ONE_SOURCE.free - 1; i++) expect(await tries.fail('192.0.2.1')).toBe(0);
    await tries.succeed('192.0.2.1');
    for (let i = 0; i < ONE_SOURCE.free; i++) expect(await tries.fail('192.0.2.1')).toBe(0);
    expect(await tries.fail('192.0.2.1')).toBe(FIRST_WAIT_MS);
  });

  it('is counted exactly when a hundred try at once', async () => {
    const tries = attempts(freshName());
    const waits = await Promise.all(Array.from({ length: 100 }, () => tries.fail('192.0.2.1')));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(ONE_SOURCE.free);
    tries.pass(FIRST_WAIT_MS);
    const later = await Promise.all(Array.from({ length: 50 }, () => tries.fail('192.0.2.1')));
    expect(later.filter((wait) => wait === 0)).toHaveLength(1);
  });

  it('is forgotten with the account', async () => {
    const name = freshName();
    const tries = attempts(name);
    for (let i = 0; i < 20; i++) await tries.fail('192.0.2.1');
    await tries.fail('192.0.2.2');
    await forgetAttempts(tries.chat, attemptsKey(name));
    expect(await tries.fail('192.0.2.1')).toBe(0);
  });
});

describe('the waits', () => {
  it('never lock anyone out for good', () => {
    for (const patience of [ONE_SOURCE, ALL_SOURCES]) {
      expect(waitAfter(1_000_000, patience)).toBe(patience.longestMs);
    }
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', ':0:0:0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('are those of a network: %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('POST /api/auth/login', () => {
  const ask = (username: string, password: string) =>
    app.ask('POST', '/api/auth/login', { body: { username, password } });

  it('P8 delays a name that nobody has like one that somebody has, in the same words', async () => {
    const { user } = await app.newUser();
    const names = [user, 'nobody-at-all', 'No Name At All'];
    const replies: string[][] = [];
    // A second that passes meanwhile would let one attempt more through.
    app.setClock(Date.now());
    for (const name of names) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(name, 'wrong password')));
      const last = await ask(name, 'wrong password');
      expect(last.status).toBe(429);
      // Not even the right password: else the answer would tell it from a wrong one.
      expect((await ask(name, `password of ${name}`)).status).toBe(429);
      expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
      const texts = answers.map(({ text }) => text.replace(/"retryAfterMs":\d+/, '"retryAfterMs":0'));
      replies.push(texts.sort());
    }
    expect(replies[1]).toEqual(replies[0]);
    expect(replies[2]).toEqual(replies[0]);
    app.setClock(undefined);
  });

  it('costs one hash and no more, whether it succeeds or not', async () => {
    const { user, password } = await app.newUser();
    const counted: string[] = [];
    const passwords = {
      hash: (text: string) => {
        counted.push('hash');
        return PASSWORDS.hash(text);
      },
      verify: (text: string, hash: string | undefined) => {
        counted.push('verify');
        return PASSWORDS.verify(text, hash);
      },
    };
    const { context } = app.runtime;
    const tries = [
      { username: user, password },
      { username: user, password: 'wrong password' },
      { username: 'nobody-here-either', password },
      { username: 'No Name', password },
      { username: user, password: '' },
    ];
    for (const one of tries) {
      counted.length = 0;
      await login(context, { ...one, source: '192.0.2.77' }, passwords).catch(() => undefined);
      expect(counted).toEqual(['verify']);
    }
  });

  it('that is refused for its delay costs no hash', async () => {
    const username = freshName();
    const counted: string[] = [];
    const passwords = {
      hash: PASSWORDS.hash,
      verify: async () => {
        counted.push('verify');
        return false;
      },
    };
    for (let i = 0; i < 15; i++) {
      const asked = { username, password: 'wrong', source: '192.0.2.78' };
      await login(app.runtime.context, asked, passwords).catch(() => undefined);
    }
    expect(counted).toHaveLength(ONE_SOURCE.free);
  });
});
