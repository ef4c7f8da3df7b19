/** People who log in elsewhere: they have an account here too, so that others can find, invite and write to them, but no password. */
import type { ChatContext } from '../chat/context.ts';
import { getAccount, putNewAccount } from '../data/accounts.ts';
import type { UserId } from '../protocol/ids.ts';
import type { VerifyAccessToken } from './verify-token.ts';

/** Users that an execution environment remembers to have introduced. */
const REMEMBERED = 10_000;

/**
 * Makes an account for whoever brings a token for the first time. A deleted user gets none: the tombstone holds the name.
 *
 * @param verify checks the token.
 */
export function introducing(
  ctx: Pick<ChatContext, 'chat' | 'now' | 'newId'>,
  verify: VerifyAccessToken,
): VerifyAccessToken {
  const known = new Set<UserId>();
  return async (token) => {
    const identity = await verify(token);
    const { user } = identity;
    if (known.has(user)) return identity;
    if (!(await getAccount(ctx.chat, user))) {
      const createdAt = new Date(ctx.now()).toISOString();
      await putNewAccount(ctx.chat, { user, displayName: user, createdAt }, ctx.newId());
    }
    if (known.size >= REMEMBERED) known.clear();
    known.add(user);
    return identity;
  };
}
