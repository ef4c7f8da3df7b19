/** Accounts: registering, logging in, and what a user may change about itself. */

import type { ChatContext } from '../chat/context.ts';
import {
  type Account,
  getAccount,
  putNewAccount,
  replacePasswordHash,
  setDisplayName,
} from '../data/accounts.ts';
import { ParleyError } from '../protocol/errors.ts';
import { UserId } from '../protocol/ids.ts';
import type { User } from '../protocol/rest.ts';
import { unauthenticated } from './identity.ts';
import { hashPassword, needsRehash, verifyPassword } from './passwords.ts';

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
 * @throws {ParleyError} `conflict` where the name is taken. The hash is computed first either way, so that the time to answer
 *   does not say more than the answer.
 */
export async function register(ctx: AccountContext, registration: Registration): Promise<User> {
  const account: Account = {
    user: registration.username,
    displayName: registration.displayName ?? registration.username,
    passwordHash: await hashPassword(registration.password),
    createdAt: new Date(ctx.now()).toISOString(),
  };
  if (!(await putNewAccount(ctx.chat, account, ctx.newId()))) {
    throw new ParleyError('conflict', 'register', 'the username is taken');
  }
  return userOf(account);
}

/**
 * Checks a password, by one hash whoever the user is, and stores a new hash where today's parameters differ from those of the
 * old one.
 *
 * @throws {ParleyError} `unauthenticated`, in the same words and the same time for a wrong name and a wrong password.
 */
export async function login(ctx: AccountContext, username: string, password: string): Promise<User> {
  const user = UserId.safeParse(username);
  const account = user.success ? await getAccount(ctx.chat, user.data) : undefined;
  const valid = await verifyPassword(password, account?.passwordHash);
  if (!account || !valid) {
    throw new ParleyError('unauthenticated', 'log in', 'the username or the password is wrong');
  }
  if (needsRehash(account.passwordHash)) {
    await replacePasswordHash(ctx.chat, account, await hashPassword(password));
  }
  return userOf(account);
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

/** What of an account may be shown. */
function userOf({ user, displayName, createdAt }: Account): User {
  return { user, displayName, createdAt };
}
