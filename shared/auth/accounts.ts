/** Accounts: registering, logging in, and what a user may change about itself. */

import type { ChatContext } from '../chat/context.ts';
import {
  type Account,
  beginDeletion,
  getAccount,
  putNewAccount,
  replacePasswordHash,
  setDisplayName,
} from '../data/accounts.ts';
import { refuseEntry } from '../data/sessions.ts';
import { ParleyError } from '../protocol/errors.ts';
import { UserId } from '../protocol/ids.ts';
import type { User } from '../protocol/rest.ts';
import { unauthenticated } from './identity.ts';
import { beginAttempt } from './login-delay.ts';
import { needsRehash, PASSWORDS, type Passwords } from './passwords.ts';
import { isPseudonym, pseudonymFrom } from './pseudonym.ts';
import { endSession, type OpenSession, openSession } from './sessions.ts';

type AccountContext = Pick<ChatContext, 'chat' | 'now' | 'newId'>;

export interface Registration {
  readonly username: UserId;
  readonly password: string;
  /** The username where none is given. */
  readonly displayName?: string | undefined;
}

/**
 * Makes an account.
 *
 * @throws {ParleyError} `conflict` where the name is taken, or ever was. The hash is computed first either way, so that the time to
 *   answer does not say more than the answer.
 */
export async function register(ctx: AccountContext, registration: Registration): Promise<User> {
  const account: Account = {
    user: registration.username,
    displayName: registration.displayName ?? registration.username,
    passwordHash: await PASSWORDS.hash(registration.password),
    createdAt: new Date(ctx.now()).toISOString(),
  };
  if (isPseudonym(account.user) || !(await putNewAccount(ctx.chat, account, ctx.newId()))) {
    throw new ParleyError('conflict', 'register', 'the username is taken');
  }
  return userOf(account);
}

/** Who says who they are. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Address that they ask from, as the gateway saw it. */
  readonly source: string;
}

/**
 * Checks a password, by one hash whoever the user is, and opens a session. A new hash is stored where today's parameters differ
 * from those of the old one.
 *
 * @param passwords does the hashing; a test counts by it.
 * @throws {ParleyError} `unauthenticated`, in the same words and the same time for a wrong name and a wrong password;
 *   `rate_limited` after too many failures, whether there is such a user or not.
 */
export async function login(
  ctx: AccountContext,
  { username, password, source }: Credentials,
  passwords: Passwords = PASSWORDS,
): Promise<{ readonly user: User; readonly opened: OpenSession }> {
  const operation = 'log in';
  const attempt = await beginAttempt(ctx, { name: username, source, operation });
  const user = UserId.safeParse(username);
  const account = user.success ? await getAccount(ctx.chat, user.data) : undefined;
  const valid = await passwords.verify(password, account?.passwordHash);
  const refusal = () =>
    new ParleyError('unauthenticated', operation, 'the username or the password is wrong');
  if (!account?.passwordHash || !valid) throw refusal();
  await attempt.succeeded();
  if (needsRehash(account.passwordHash)) {
    await replacePasswordHash(ctx.chat, account, await passwords.hash(password));
  }
  // Write first, then read: a change of the password or a deletion, which ends the sessions that it finds, either finds this one
  // or is seen here.
  const opened = await openSession(ctx, account.user);
  const now = await getAccount(ctx.chat, account.user);
  if (!now || now.passwordSetAt !== account.passwordSetAt) {
    await endSession(ctx, opened);
    throw refusal();
  }
  return { user: userOf(now), opened };
}

/** @throws {ParleyError} `unauthenticated` where the account is gone: its tokens outlive it by minutes. */
export async function getUser(ctx: AccountContext, user: UserId): Promise<User> {
  const account = await getAccount(ctx.chat, user);
  if (!account) throw unauthenticated();
  return userOf(account);
}

/** @throws {ParleyError} `unauthenticated` where the account is gone. */
export async function changeDisplayName(
  ctx: AccountContext,
  user: UserId,
  displayName: string,
): Promise<User> {
  const account = await setDisplayName(ctx.chat, user, displayName);
  if (!account) throw unauthenticated();
  return userOf(account);
}

/**
 * Puts a new password in the place of the current one, and ends the sessions that were opened with that; a login that is under way
 * sees the change itself.
 *
 * @param endOthers ends all sessions but the one that goes on. It is called before the change as well: whoever dies in between leaves
 *   nobody in who should be out.
 * @throws {ParleyError} `forbidden` where the current one is wrong: the token is right, so nobody has to log in again;
 *   `rate_limited` after too many failures, counted with those of logging in; `unauthenticated` where the account is gone;
 *   `conflict` where it was changed by another request meanwhile.
 */
export async function changePassword(
  ctx: AccountContext,
  user: UserId,
  change: { readonly current: string; readonly next: string; readonly source: string },
  endOthers: () => Promise<void>,
): Promise<void> {
  const operation = 'change the account';
  const attempt = await beginAttempt(ctx, { name: user, source: change.source, operation });
  const account = await getAccount(ctx.chat, user);
  if (!account?.passwordHash) throw unauthenticated();
  if (!(await PASSWORDS.verify(change.current, account.passwordHash))) {
    throw new ParleyError('forbidden', operation, 'the current password is wrong');
  }
  await attempt.succeeded();
  const setAt = new Date(ctx.now()).toISOString();
  const hash = await PASSWORDS.hash(change.next);
  await endOthers();
  if (!(await replacePasswordHash(ctx.chat, account, hash, setAt))) {
    throw new ParleyError('conflict', operation, 'the password was changed meanwhile');
  }
  await endOthers();
}

/**
 * Begins the deletion of an account: from here on nobody logs in as this user and nobody takes the name. What the user left behind is
 * rewritten in the background (shared/chat/erase-account.ts).
 *
 * @throws {ParleyError} `unauthenticated` where there is no account any more.
 */
export async function deleteAccount(ctx: AccountContext, user: UserId): Promise<void> {
  const begun = { pseudonym: pseudonymFrom(ctx.newId()), deletedAt: new Date(ctx.now()).toISOString() };
  if (!(await beginDeletion(ctx.chat, user, begun))) throw unauthenticated();
  await refuseEntry(ctx.chat, user);
}

/** What of an account may be shown. */
function userOf({ user, displayName, createdAt }: Account): User {
  return { user, displayName, createdAt };
}
