/** The account item: who may log in as a user. A deleted account leaves a tombstone, so that its name is never given again. */
import * as z from 'zod/mini';
import { Time, UserId } from '../protocol/ids.ts';
import { BY_OWNER, chatKeys, ownerKeys } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

const StoredAccount = z.object({
  user: UserId,
  displayName: z.string(),
  /** PHC string; absent where another issuer says who someone is. */
  passwordHash: z.optional(z.string()),
  /** When the password was chosen: a login that was under way with the one before is told by it. */
  passwordSetAt: z.optional(Time),
  createdAt: Time,
});
export type Account = z.infer<typeof StoredAccount>;

/** What is left of an account: until all that it wrote has been rewritten it is `deleting`. */
const StoredTombstone = z.object({
  state: z.enum(['deleting', 'deleted']),
  /** What stands in the place of the user id wherever it was. */
  pseudonym: UserId,
  deletedAt: Time,
});
export type AccountTombstone = z.infer<typeof StoredTombstone>;

/** Value of `state` on the write that begins a deletion: what the stream's filter looks for (infra/ repeats it as text). */
const DELETING = 'deleting';
const LIVE = 'attribute_exists(pk) AND attribute_not_exists(#state)';
const STATE = { '#state': 'state' } as const;

/** Stored → domain. @returns undefined for a tombstone: nobody can be that user any more. */
function toAccount(item: unknown): Account | undefined {
  const stored = z.safeParse(StoredTombstone, item);
  return stored.success ? undefined : z.parse(StoredAccount, item);
}

/**
 * Stores a new account.
 *
 * @param attempt an id of this attempt alone: a put that was sent again after a lost answer meets its own first success, and
 *   knows it by this.
 * @returns false where the name is taken, or was.
 */
export async function putNewAccount(chat: Table, account: Account, attempt: string): Promise<boolean> {
  try {
    await chat.put(
      { ...chatKeys.account(account.user), ...ownerKeys.person(account.user), ...account, attempt },
      { condition: 'attribute_not_exists(pk)' },
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return error.item?.attempt === attempt;
    throw error;
  }
}

export async function getAccount(chat: Table, user: UserId): Promise<Account | undefined> {
  const item = await chat.get(chatKeys.account(user));
  return item && toAccount(item);
}

/** @returns the account as it is now, or undefined where there is none. */
export async function setDisplayName(
  chat: Table,
  user: UserId,
  displayName: string,
): Promise<Account | undefined> {
  try {
    const item = await chat.update(chatKeys.account(user), {
      update: 'SET displayName = :name',
      condition: LIVE,
      names: STATE,
      values: { ':name': displayName },
      returns: 'ALL_NEW',
    });
    return toAccount(item);
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/**
 * Replaces a hash by another; nothing happens where the password was changed meanwhile.
 *
 * @param setAt when a new password was chosen, ISO 8601; absent for a stronger hash of the same one.
 * @returns whether it was replaced.
 */
export async function replacePasswordHash(
  chat: Table,
  account: Account,
  passwordHash: string,
  setAt?: string,
): Promise<boolean> {
  try {
    await chat.update(chatKeys.account(account.user), {
      update: `SET passwordHash = :next${setAt === undefined ? '' : ', passwordSetAt = :at'}`,
      condition: 'passwordHash = :old',
      values: {
        ':next': passwordHash,
        ':old': account.passwordHash,
        ...(setAt === undefined ? {} : { ':at': setAt }),
      },
    });
    return true;
  } catch (error) {
    // Sent again after a lost answer, it meets its own first success.
    if (error instanceof ConditionFailed) return error.item?.passwordHash === passwordHash;
    throw error;
  }
}

/**
 * Puts a tombstone in the account's place: from then on nobody logs in as this user, and nobody registers under the name.
 *
 * @returns false where there is no account, or its deletion had begun.
 */
export async function beginDeletion(
  chat: Table,
  user: UserId,
  begun: { readonly pseudonym: UserId; readonly deletedAt: string },
): Promise<boolean> {
  try {
    await chat.put(
      { ...chatKeys.account(user), state: DELETING, ...begun },
      { condition: LIVE, names: STATE },
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return error.item?.pseudonym === begun.pseudonym;
    throw error;
  }
}

export async function getTombstone(chat: Table, user: UserId): Promise<AccountTombstone | undefined> {
  const stored = z.safeParse(StoredTombstone, await chat.get(chatKeys.account(user)));
  return stored.success ? stored.data : undefined;
}

/** Notes that nothing is left to rewrite. */
export async function finishDeletion(chat: Table, user: UserId): Promise<void> {
  await chat.update(chatKeys.account(user), {
    update: 'SET #state = :deleted',
    condition: 'attribute_exists(pseudonym)',
    names: STATE,
    values: { ':deleted': 'deleted' },
  });
}

/** A page of the people by user id, after the user `after`; a moment behind (an index). A tombstone is not in it. */
export async function pagePeople(
  chat: Table,
  page: { readonly limit: number; readonly prefix: string; readonly after?: UserId },
): Promise<{
  readonly people: readonly Account[];
  /** Where to go on; undefined where this was the end. */
  readonly last: UserId | undefined;
}> {
  const { limit, prefix, after } = page;
  const { items, next } = await chat.query({
    where: `gsi1pk = :people${prefix === '' ? '' : ' AND begins_with(gsi1sk, :prefix)'}`,
    values: { ':people': ownerKeys.people().gsi1pk, ...(prefix === '' ? {} : { ':prefix': prefix }) },
    index: BY_OWNER,
    limit,
    ...(after === undefined ? {} : { from: { ...chatKeys.account(after), ...ownerKeys.person(after) } }),
  });
  return {
    people: items.flatMap((item) => toAccount(item) ?? []),
    last: next && UserId.parse(next.gsi1sk),
  };
}
