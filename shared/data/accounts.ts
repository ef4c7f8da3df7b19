/** The account item: who may log in as a user. */
import { type UserId, UserId as UserIdSchema } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

export interface Account {
  readonly user: UserId;
  readonly displayName: string;
  /** PHC string. */
  readonly passwordHash: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

function fromItem(item: Item): Account {
  return {
    user: UserIdSchema.parse(item.user),
    displayName: String(item.displayName),
    passwordHash: String(item.passwordHash),
    createdAt: String(item.createdAt),
  };
}

/**
 * Stores a new account.
 *
 * @param attempt an id of this attempt alone: a put that was sent again after a lost answer meets its own first success, and
 *   knows it by this.
 * @returns false where the name is taken.
 */
export async function putNewAccount(chat: Table, account: Account, attempt: string): Promise<boolean> {
  try {
    await chat.put(
      { ...chatKeys.account(account.user), ...account, attempt },
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
  return item && fromItem(item);
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
      condition: 'attribute_exists(pk)',
      values: { ':name': displayName },
      returns: 'ALL_NEW',
    });
    return item && fromItem(item);
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** Replaces a hash by a stronger one of the same password; nothing happens where the password was changed meanwhile. */
export async function replacePasswordHash(
  chat: Table,
  account: Account,
  passwordHash: string,
): Promise<void> {
  try {
    await chat.update(chatKeys.account(account.user), {
      update: 'SET passwordHash = :next',
      condition: 'passwordHash = :old',
      values: { ':next': passwordHash, ':old': account.passwordHash },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
