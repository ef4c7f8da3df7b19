/** The session item: one login on one device, and the refresh token that carries it on. Only hashes of tokens are stored. */
import type { UserId } from '../protocol/ids.ts';
import { chatKeys, SESSION_PREFIX, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

export interface StoredSession {
  /** Hash of the refresh token that is valid now. */
  readonly refreshHash: string;
  /** Hash of the one before; undefined until the first rotation. */
  readonly previousHash: string | undefined;
  /** What the current token was derived with from the one before. */
  readonly salt: string | undefined;
  /** When the current token took the place of the one before, epoch milliseconds. */
  readonly rotatedAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

function fromItem(item: Item): StoredSession {
  return {
    refreshHash: String(item.refreshHash),
    previousHash: typeof item.previousHash === 'string' ? item.previousHash : undefined,
    salt: typeof item.salt === 'string' ? item.salt : undefined,
    rotatedAt: Number(item.rotatedAt),
    expiresAt: Number(item[TTL_ATTRIBUTE]),
  };
}

export async function putSession(
  chat: Table,
  user: UserId,
  session: string,
  stored: Pick<StoredSession, 'refreshHash' | 'rotatedAt' | 'expiresAt'>,
): Promise<void> {
  await chat.put({ ...chatKeys.session(user, session), ...stored });
}

/** A rotation's outcome: done, or refused with the session as it stands; undefined where there is none. */
export type Rotation =
  | { readonly done: true }
  | { readonly done: false; readonly session: StoredSession | undefined };

/** Puts a new refresh token in the place of `presentedHash`, if that is the valid one. */
export async function rotateSession(
  chat: Table,
  user: UserId,
  session: string,
  presentedHash: string,
  next: StoredSession,
): Promise<Rotation> {
  try {
    await chat.update(chatKeys.session(user, session), {
      update:
        'SET refreshHash = :next, previousHash = :presented, salt = :salt, rotatedAt = :at, #expires = :expires',
      condition: 'refreshHash = :presented AND #expires > :now',
      names: { '#expires': TTL_ATTRIBUTE },
      values: {
        ':next': next.refreshHash,
        ':presented': presentedHash,
        ':salt': next.salt,
        ':at': next.rotatedAt,
        ':expires': next.expiresAt,
        ':now': Math.floor(next.rotatedAt / 1_000),
      },
    });
    return { done: true };
  } catch (error) {
    if (error instanceof ConditionFailed) {
      return { done: false, session: error.item && fromItem(error.item) };
    }
    throw error;
  }
}

/** Whether a session has not ended, strongly consistent. */
export async function isSessionAlive(chat: Table, user: UserId, session: string): Promise<boolean> {
  return (await chat.get(chatKeys.session(user, session))) !== undefined;
}

/**
 * Whether the holder of a valid token is still let in, strongly consistent: its session has not ended; where another issuer keeps
 * the sessions, the user is not deleted.
 */
export async function isLetIn(chat: Table, user: UserId, session: string | undefined): Promise<boolean> {
  if (session !== undefined) return isSessionAlive(chat, user, session);
  return (await chat.get(chatKeys.noEntry(user))) === undefined;
}

/** Refuses a user's tokens for good, whoever issued them. */
export async function refuseEntry(chat: Table, user: UserId): Promise<void> {
  await chat.put({ ...chatKeys.noEntry(user) });
}

export async function deleteSession(chat: Table, user: UserId, session: string): Promise<void> {
  await chat.delete(chatKeys.session(user, session));
}

/** A user's sessions that have not ended, strongly consistent. */
export async function listSessions(
  chat: Table,
  user: UserId,
): Promise<(StoredSession & { readonly session: string })[]> {
  const { pk } = chatKeys.session(user, '');
  const items = await chat.queryAll({
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': pk, ':prefix': SESSION_PREFIX },
  });
  return items.map((item) => ({ ...fromItem(item), session: item.sk.slice(SESSION_PREFIX.length) }));
}
