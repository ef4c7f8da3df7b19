import { createHash, createHmac } from 'node:crypto';

/** Longest user id of the protocol, characters. */
const MAX_USER = 32;
/** Hexadecimal digits that tell apart nicks which look alike without their capitals and brackets. */
const MARK_DIGITS = 8;

/**
 * A valid user id for a nick, always the same one. A nick of lower-case letters, digits, `_` and `-` keeps its name
 * behind the prefix; any other is written in those, with a mark made from the nick itself. IRC nicks have no dots,
 * so a marked id is never the plain id of someone else.
 */
export function userIdOf(nick: string, prefix: string): string {
  const plain = prefix + nick;
  if (/^[a-z0-9_-]+$/.test(nick) && plain.length <= MAX_USER) return plain;
  const mark = `.${createHash('sha256').update(nick).digest('hex').slice(0, MARK_DIGITS)}`;
  const shown = nick.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_');
  return (prefix + shown).slice(0, MAX_USER - mark.length) + mark;
}

/**
 * The user id of every nick.
 * @throws Error where two nicks would share one (then another prefix length or a longer mark is needed)
 */
export function nameEveryone(nicks: Iterable<string>, prefix: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const nick of nicks) {
    if (names.has(nick)) continue;
    const user = userIdOf(nick, prefix);
    const other = taken.get(user);
    if (other !== undefined) {
      throw new Error(`unable to name everyone; ${other} and ${nick} would both be ${user}`);
    }
    names.set(nick, user);
    taken.set(user, nick);
  }
  return names;
}

/** A user's password: the same for the same seed, so that a second run can log in. */
export function passwordOf(user: string, seed: string): string {
  return createHmac('sha256', seed).update(user).digest('base64url');
}
