import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConversation } from '../../scripts/replay/conversation.ts';
import { nameEveryone, passwordOf, userIdOf } from '../../scripts/replay/people.ts';

/** protocol.md's user id. */
const USER_ID = /^[a-z0-9][a-z0-9_.-]{2,31}$/;

describe('the user id of a nick', () => {
  it('keeps a plain nick readable', () => {
    expect(userIdOf('crimsun', 'irc-')).toBe('irc-crimsun');
    expect(userIdOf('jd', 'irc-')).toBe('irc-jd');
  });

  it('marks a nick that has to be changed, so that two such are told apart', () => {
    expect(userIdOf('|QuaD-', 'irc-')).toMatch(/^irc-_quad-\.[0-9a-f]{8}$/);
    const alike = ['Kevin', 'kevin', 'KEVIN', 'kevin`', 'kevin^'].map((nick) => userIdOf(nick, 'irc-'));
    expect(new Set(alike).size).toBe(alike.length);
  });

  it('is valid and always the same, whatever the nick', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }), (nick) => {
        const user = userIdOf(nick, 'irc-');
        expect(user).toMatch(USER_ID);
        expect(userIdOf(nick, 'irc-')).toBe(user);
      }),
    );
  });

  it('is its own for each of the 240 people of the shipped day', () => {
    const file = new URL('../fixtures/irc/2004-12-25.jsonl', import.meta.url);
    const nicks = parseConversation(readFileSync(file, 'utf8')).flatMap(({ lines }) =>
      lines.map(({ line }) => line.nick),
    );
    const people = nameEveryone(nicks, 'irc-');
    expect(people.size).toBe(240);
    expect(new Set(people.values()).size).toBe(240);
  });
});

it('a password depends on the user and the seed, and on nothing else', () => {
  expect(passwordOf('irc-jd', 'a')).toBe(passwordOf('irc-jd', 'a'));
  expect(passwordOf('irc-jd', 'a')).not.toBe(passwordOf('irc-jd', 'b'));
  expect(passwordOf('irc-jd', 'a')).not.toBe(passwordOf('irc-dj', 'a'));
  expect(passwordOf('irc-jd', 'a').length).toBeGreaterThanOrEqual(32);
});
