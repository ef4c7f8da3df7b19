/**
 * Looks at a connection again when its time has come: to close it when its token has ended (P9), and to go on with a closing that
 * could not be completed. One message per connection goes round, 15 minutes at a time, until the connection is gone: no table
 * is read from end to end, nothing polls, and a token that was renewed meanwhile needs no message of its own.
 *
 * Two messages for one connection do no harm: each does nothing but what the other would have done.
 */
import { getConnection } from '../data/connections.ts';
import type { Committed } from '../data/events.ts';
import { revocationOf } from './bans.ts';
import { closeConnection, closeConnections, finishClosing, type RevocationContext } from './revocation.ts';

/** Which connection to look at. */
export interface Look {
  readonly connection: string;
  /** Epoch milliseconds; what has the id by then may be another connection. */
  readonly connectedAt: number;
}

/** Has a connection looked at after so many milliseconds, or sooner where that is longer than can be waited at once. */
export type LookLater = (look: Look, afterMs: number) => Promise<void>;

export interface WatchContext extends RevocationContext {
  readonly lookLater: LookLater;
}

/** Milliseconds until a closing that could not be completed is tried again. */
export const CLOSE_AGAIN_MS = 1_000;

/**
 * Looks at a connection, and has it looked at again for as long as it is there.
 *
 * The clock is this host's. Where it runs behind, the token has some time left, which is waited for; where it runs ahead by a second,
 * a connection ends a second early and comes back.
 */
export async function lookAtConnection(ctx: WatchContext, look: Look): Promise<void> {
  const { connection, connectedAt } = look;
  const stored = await getConnection(ctx.connections, connection);
  if (stored?.connectedAt !== connectedAt) return;
  if (stored.closing) {
    if (!(await finishClosing(ctx, stored))) await ctx.lookLater(look, CLOSE_AGAIN_MS);
    return;
  }
  const now = ctx.now();
  if (stored.tokenExpiresAt > now) return ctx.lookLater(look, stored.tokenExpiresAt - now);
  const whose = { user: stored.user, connectedAt, tokenEndedBy: now };
  await closeConnection(ctx, connection, whose, { code: 'token_expired', reconnect: true });
  // It is there where it was renewed at this very moment, and where it could not be closed for certain.
  const left = await getConnection(ctx.connections, connection);
  if (left?.connectedAt === connectedAt) await ctx.lookLater(look, CLOSE_AGAIN_MS);
}

/** Closes what bans leave open, where those who banned have not. Safe to repeat: who came back since stays. */
export async function closeBanned(ctx: WatchContext, committed: readonly Committed[]): Promise<void> {
  for (const one of committed) {
    const revocation = revocationOf(one);
    if (revocation) await watchUnclosed(ctx, await closeConnections(ctx, revocation));
  }
}

/** Has what `closeConnections` could not close looked at until it is closed. */
export async function watchUnclosed(
  ctx: Pick<WatchContext, 'lookLater'>,
  unclosed: readonly Look[],
): Promise<void> {
  await Promise.all(
    unclosed.map(({ connection, connectedAt }) => ctx.lookLater({ connection, connectedAt }, CLOSE_AGAIN_MS)),
  );
}
