/**
 * Ends what a connection may do while its socket is open (P9): a logout, a ban, a token's end, an account's deletion.
 *
 * What ended the right is written before this is called: the session's item is deleted, the ban is committed. `$connect` puts its
 * items first and reads the session then; this reads the items after the session is gone: one of the two sees the other. A mark
 * on the connection's item comes first, so that no command passes from then on; the items that lead here go last, so that
 * whoever dies in between leaves all that another needs to go on.
 */
import {
  type Closing,
  type ConnectionAddress,
  deleteConnection,
  listUserConnections,
  markClosing,
  OPENING_MS,
  type StoredConnection,
  type Whose,
} from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import { getPlaces } from '../data/subscriptions.ts';
import type { ChatContext } from './context.ts';

/** `closed`: it was open. `gone`: there is no such connection, or not yet. `stuck`: it can't be closed now. */
export type SocketEnd = 'closed' | 'gone' | 'stuck';

/** Posts the frame `closing` to a socket and closes it. shared/delivery/close-socket.ts makes one. */
export type CloseSocket = (
  target: Pick<ConnectionAddress, 'connection' | 'callback'>,
  closing: Closing,
) => Promise<SocketEnd>;

export interface RevocationContext extends Pick<ChatContext, 'connections' | 'now'> {
  readonly closeSocket: CloseSocket;
}

/** Which connections of a user are closed, and what their clients are told. */
export interface Revocation extends Closing, Whose {}

/**
 * Closes a user's connections, each after a frame that says why. Safe to repeat, in any overlap with itself.
 *
 * @returns the connections that could not be closed for certain: their commands are refused, they hear no room, and
 *   `finishClosing` must be called for each until it has done.
 */
export async function closeConnections(
  ctx: RevocationContext,
  { code, reconnect, ...whose }: Revocation,
): Promise<StoredConnection[]> {
  const addresses = await listUserConnections(ctx.connections, whose.user);
  const open = await Promise.all(
    addresses.map(({ connection }) => closeConnection(ctx, connection, whose, { code, reconnect })),
  );
  return open.filter((one) => one !== undefined);
}

/** As `closeConnections`, for one connection. @returns it, where it could not be closed for certain. */
export async function closeConnection(
  ctx: RevocationContext,
  connection: string,
  whose: Whose,
  closing: Closing,
): Promise<StoredConnection | undefined> {
  const marked = await markClosing(ctx.connections, connection, whose, closing);
  return marked && !(await finishClosing(ctx, marked)) ? marked : undefined;
}

/**
 * Closes a connection that is marked, and forgets it once it is closed for certain.
 *
 * @returns false where it may still be open, or may open yet.
 */
export async function finishClosing(ctx: RevocationContext, marked: StoredConnection): Promise<boolean> {
  const { connection, user, connectedAt, closing } = marked;
  if (!closing) return true;
  await hush(ctx, connection);
  const end = await ctx.closeSocket(marked, closing);
  // API Gateway knows no connection whose `$connect` still runs, and opens it right after.
  const opening = end === 'gone' && ctx.now() - connectedAt < OPENING_MS;
  if (end === 'stuck' || opening) return false;
  // A handshake that was still under way may have subscribed it again.
  await hush(ctx, connection);
  await ctx.connections.batchWrite({
    deletes: [connectionKeys.subscriptionsOf(connection), connectionKeys.userConnection(user, connection)],
  });
  // Last, as whoever goes on with this begins here.
  await deleteConnection(ctx.connections, connection, connectedAt);
  return true;
}

/** Takes the subscriptions away. The list of them stays until they are gone. */
async function hush(ctx: RevocationContext, connection: string): Promise<void> {
  const places = await getPlaces(ctx.connections, connection);
  await ctx.connections.batchWrite({
    deletes: places.map(({ room, shard }) => connectionKeys.subscription(room, shard, connection)),
  });
}
