/** The connection's items: what is known about an open socket, and where a user's sockets are found. */
import type { ClosingCode } from '../protocol/frames.ts';
import type { UserId } from '../protocol/ids.ts';
import { connectionKeys, TTL_ATTRIBUTE, USER_CONNECTION_PREFIX } from './keys.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

/** Where a socket is, for who wants to post to it. */
export interface ConnectionAddress {
  /** API Gateway's connection id. */
  readonly connection: string;
  readonly user: UserId;
  /** Base address of `@connections` for this socket, for example `https://abc.execute-api.eu-west-1.amazonaws.com/dev`. */
  readonly callback: string;
  /** Epoch milliseconds. */
  readonly connectedAt: number;
}

export interface Connection extends ConnectionAddress {
  /** The login that the socket's token belongs to; undefined for a token of an issuer that keeps its own sessions. */
  readonly session: string | undefined;
  /** When the access token ends, epoch milliseconds. */
  readonly tokenExpiresAt: number;
}

/** Why a connection is being closed, as its client is told. */
export interface Closing {
  readonly code: ClosingCode;
  /** Whether coming back makes sense. */
  readonly reconnect: boolean;
}

/** A connection with its rate bucket. */
export interface StoredConnection extends Connection {
  /** Theoretical arrival time of the next command, epoch milliseconds (command-gate.ts). */
  readonly tat: number;
  /** Set once its rights have ended: no command passes any more, and whoever meets it goes on closing it. */
  readonly closing: Closing | undefined;
}

/** What a connection must be to have its rights ended; all that is given must hold. */
export interface Whose {
  readonly user: UserId;
  readonly session?: string | undefined;
  /** All but this session's. */
  readonly exceptSession?: string | undefined;
  /** Opened before, epoch milliseconds: who came back since is not sent away again by a repeat. */
  readonly connectedBefore?: number | undefined;
  /** Only this very connection: an id may come again. Epoch milliseconds. */
  readonly connectedAt?: number | undefined;
  /** Its token has ended by then, epoch milliseconds. */
  readonly tokenEndedBy?: number | undefined;
}

/**
 * Milliseconds for which API Gateway may answer 410 though the connection lives: while `$connect` runs, 29 s at most (its
 * integration time-out).
 */
export const OPENING_MS = 30_000;

/** API Gateway closes a WebSocket after two hours, whatever happens on it. */
const LONGEST_CONNECTION_SECONDS = 2 * 60 * 60;
/** Must be longer than a handler can run on after the connection's end (15 minutes at most on Lambda). */
const SLACK_SECONDS = 20 * 60;

/** Milliseconds from connecting until none of a connection's items can matter any more. */
export const CONNECTION_ITEMS_LIFE_MS = (LONGEST_CONNECTION_SECONDS + SLACK_SECONDS) * 1_000;

/** @returns epoch seconds: when the items of a connection may go, where nothing else removed them. */
export function connectionExpiry(connectedAt: number): number {
  return Math.ceil((connectedAt + CONNECTION_ITEMS_LIFE_MS) / 1_000);
}

/** Stores a new connection under its id and under its user. */
export async function putConnection(table: Table, connection: Connection): Promise<void> {
  const { connection: id, user, callback, connectedAt, session, tokenExpiresAt } = connection;
  const address = { user, callback, connectedAt, [TTL_ATTRIBUTE]: connectionExpiry(connectedAt) };
  await table.batchWrite({
    puts: [
      { ...connectionKeys.connection(id), ...address, session, tokenExpiresAt, tat: 0 },
      { ...connectionKeys.userConnection(user, id), ...address },
    ],
  });
}

export function toConnection(item: Item): StoredConnection {
  return {
    connection: item.pk.slice(USER_CONNECTION_PREFIX.length),
    user: item.user as UserId,
    callback: String(item.callback),
    connectedAt: Number(item.connectedAt),
    session: typeof item.session === 'string' ? item.session : undefined,
    tokenExpiresAt: Number(item.tokenExpiresAt),
    tat: Number(item.tat),
    closing: item.closing as Closing | undefined,
  };
}

/** Every live connection of a user, read consistently. */
export async function listUserConnections(table: Table, user: UserId): Promise<ConnectionAddress[]> {
  const { pk } = connectionKeys.userConnection(user, '');
  const items = await table.queryAll({
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': pk, ':prefix': USER_CONNECTION_PREFIX },
  });
  return items.map((item) => toUserConnection(user, item));
}

export function toUserConnection(user: UserId, item: Item): ConnectionAddress {
  return {
    connection: item.sk.slice(USER_CONNECTION_PREFIX.length),
    user,
    callback: String(item.callback),
    connectedAt: Number(item.connectedAt),
  };
}

/**
 * Ends a connection's rights: from here on its commands are refused. What was marked before keeps its first reason.
 *
 * @returns the connection; undefined where it is gone, or not what `whose` says.
 */
export async function markClosing(
  table: Table,
  connection: string,
  whose: Whose,
  closing: Closing,
): Promise<StoredConnection | undefined> {
  const { user, session, exceptSession, connectedBefore, connectedAt, tokenEndedBy } = whose;
  const conditions = [
    '#user = :user',
    session !== undefined && '#session = :session',
    exceptSession !== undefined && '(attribute_not_exists(#session) OR #session <> :exceptSession)',
    connectedBefore !== undefined && 'connectedAt < :connectedBefore',
    connectedAt !== undefined && 'connectedAt = :connectedAt',
    tokenEndedBy !== undefined && 'tokenExpiresAt <= :tokenEndedBy',
  ];
  const bySession = session !== undefined || exceptSession !== undefined;
  try {
    const item = await table.update(connectionKeys.connection(connection), {
      update: 'SET closing = if_not_exists(closing, :closing)',
      condition: conditions.filter((one) => one !== false).join(' AND '),
      names: { '#user': 'user', ...(bySession ? { '#session': 'session' } : {}) },
      // Those that are undefined are left out.
      values: {
        ':closing': closing,
        ':user': user,
        ':session': session,
        ':exceptSession': exceptSession,
        ':connectedBefore': connectedBefore,
        ':connectedAt': connectedAt,
        ':tokenEndedBy': tokenEndedBy,
      },
      returns: 'ALL_NEW',
    });
    return item && toConnection(item);
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** A connection as it is now, strongly consistent. */
export async function getConnection(table: Table, connection: string): Promise<StoredConnection | undefined> {
  const item = await table.get(connectionKeys.connection(connection));
  return item && toConnection(item);
}

/**
 * Gives a connection a fresh token's end and session, unless the token that it has lasts longer: a connection's life is never
 * shortened, as whoever watches its end comes no sooner than that.
 *
 * @returns when its token ends now, epoch milliseconds; undefined where it is gone, is being closed, or is another user's.
 */
export async function renewConnection(
  table: Table,
  connection: string,
  identity: Pick<Connection, 'user' | 'session' | 'tokenExpiresAt'>,
): Promise<number | undefined> {
  const { user, session, tokenExpiresAt } = identity;
  try {
    await table.update(connectionKeys.connection(connection), {
      update: `SET tokenExpiresAt = :expires${session === undefined ? ' REMOVE #session' : ', #session = :session'}`,
      condition: '#user = :user AND attribute_not_exists(closing) AND tokenExpiresAt <= :expires',
      names: { '#user': 'user', '#session': 'session' },
      values: { ':expires': tokenExpiresAt, ':session': session, ':user': user },
    });
    return tokenExpiresAt;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const stored = error.item && toConnection(error.item);
    return stored && stored.user === user && !stored.closing ? stored.tokenExpiresAt : undefined;
  }
}

/**
 * Deletes the connection's own item.
 *
 * @param connectedAt only this very connection, epoch milliseconds; without it whichever has the id.
 * @returns `newer` where the id belongs to another connection by now; else the user, where an item was there.
 */
export async function deleteConnection(
  table: Table,
  connection: string,
  connectedAt?: number,
): Promise<UserId | 'newer' | undefined> {
  try {
    const item = await table.delete(
      connectionKeys.connection(connection),
      connectedAt === undefined
        ? undefined
        : {
            condition: 'attribute_not_exists(pk) OR connectedAt = :connectedAt',
            values: { ':connectedAt': connectedAt },
          },
    );
    return item ? (item.user as UserId) : undefined;
  } catch (error) {
    if (error instanceof ConditionFailed) return 'newer';
    throw error;
  }
}
