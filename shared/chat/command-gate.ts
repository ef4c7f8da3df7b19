/**
 * What every command passes first: one conditional write on the connection's item that spends from its rate bucket (rate.ts) and fails
 * where the connection was revoked or its token has ended. So live authorisation and the limits cost one call and no more.
 */
import { toConnection } from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import type { Item } from '../data/table.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { UserId } from '../protocol/ids.ts';
import type { Charge } from './charge.ts';
import type { ChatContext } from './context.ts';
import { createRateBuckets, type RateLimit } from './rate.ts';

type GateContext = Pick<ChatContext, 'connections' | 'now'>;

/** Who sends a command, as the connection's item says at this moment. */
export interface Caller {
  readonly connection: string;
  readonly user: UserId;
  readonly session: string | undefined;
}

export interface CommandGate {
  /**
   * Begins a command.
   *
   * @param charges what the command counts for, beside being one.
   * @throws {ParleyError} `unauthenticated` where the connection is closed, revoked, or its token has ended; `rate_limited`
   *   with `retryAfterMs`; `unavailable` where the bucket moved too often to be read.
   */
  beginCommand(ctx: GateContext, connection: string, charges?: readonly Charge[]): Promise<Caller>;
  /**
   * The user that this environment saw on the connection before: good for reading ahead, never for deciding. What
   * `beginCommand` says decides.
   */
  guessUser(connection: string): UserId | undefined;
}

const OPERATION = 'accept the command';
/** Live authorisation (P9): no command passes on a connection that was revoked, or whose token has ended. */
const RIGHTS_LAST = 'attribute_not_exists(closing) AND tokenExpiresAt > :now';

export function createCommandGate(limit: RateLimit): CommandGate {
  const buckets = createRateBuckets(limit);
  return {
    async beginCommand(ctx, connection, charges = []) {
      const now = ctx.now();
      const item = await buckets.spend(ctx.connections, now, {
        key: connectionKeys.connection(connection),
        operation: OPERATION,
        reason: 'this connection sends too much',
        condition: RIGHTS_LAST,
        charges,
        check: (failed) => refuseEnded(failed, now),
      });
      const { user, session } = toConnection(item);
      return { connection, user, session };
    },

    guessUser(connection) {
      const item = buckets.recall(connectionKeys.connection(connection).pk);
      return item && toConnection(item).user;
    },
  };
}

function refuseEnded(item: Item | undefined, now: number): void {
  if (!item) throw new ParleyError('unauthenticated', OPERATION, 'the connection is closed');
  const { tokenExpiresAt, closing } = toConnection(item);
  if (closing) throw new ParleyError('unauthenticated', OPERATION, 'the connection is being closed');
  if (!(tokenExpiresAt > now)) throw new ParleyError('unauthenticated', OPERATION, 'the token has ended');
}
