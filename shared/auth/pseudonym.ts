import { UserId } from '../protocol/ids.ts';

const PSEUDONYM = /^deleted-[0-9a-f]{12}$/;

/** Whether a name is of those that stand for deleted accounts: nobody may register one. */
export function isPseudonym(user: string): boolean {
  return PSEUDONYM.test(user);
}

/**
 * What stands in the place of a deleted user, wherever its id was. 48 random bits: it says nothing of the name, and two people never
 * become one.
 *
 * @param id a UUID.
 */
export function pseudonymFrom(id: string): UserId {
  return UserId.parse(`deleted-${id.replaceAll('-', '').slice(-12)}`);
}
