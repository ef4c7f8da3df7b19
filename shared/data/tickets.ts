/** The ticket item: the right to open one connection within seconds. Only its hash is stored. */
import { type UserId, UserId as UserIdSchema } from '../protocol/ids.ts';
import { connectionKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

export interface StoredTicket {
  readonly user: UserId;
  /** Undefined for who came with another issuer's token. */
  readonly session: string | undefined;
  /** When the access token that asked for it ends, epoch milliseconds. */
  readonly tokenExpiresAt: number;
  /** When the ticket itself ends, epoch milliseconds. */
  readonly validUntil: number;
  /** The page that asked for it; undefined where no browser did. */
  readonly origin: string | undefined;
}

/** @param hash of the ticket, as text. */
export async function putTicket(connections: Table, hash: string, ticket: StoredTicket): Promise<void> {
  await connections.put({
    ...connectionKeys.ticket(hash),
    ...ticket,
    [TTL_ATTRIBUTE]: Math.ceil(ticket.validUntil / 1_000),
  });
}

/**
 * Takes a ticket out of the table, so that nobody can take it twice.
 *
 * @param now epoch milliseconds.
 * @returns undefined, and changes nothing, where there is none, where it has ended, and where another page asked for it.
 */
export async function takeTicket(
  connections: Table,
  hash: string,
  origin: string | undefined,
  now: number,
): Promise<StoredTicket | undefined> {
  try {
    const item = await connections.delete(connectionKeys.ticket(hash), {
      condition: 'validUntil > :now AND (attribute_not_exists(origin) OR origin = :origin)',
      values: { ':now': now, ':origin': origin ?? '' },
    });
    if (!item) return undefined;
    return {
      user: UserIdSchema.parse(item.user),
      session: typeof item.session === 'string' ? item.session : undefined,
      tokenExpiresAt: Number(item.tokenExpiresAt),
      validUntil: Number(item.validUntil),
      origin: typeof item.origin === 'string' ? item.origin : undefined,
    };
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
