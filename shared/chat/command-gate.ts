/**
 * What every command passes first: one conditional write on the connection's item that spends from the rate bucket and fails
 * where the connection was revoked or its token has ended. So live authorisation and the limit cost one call and no more.
 *
 * The bucket is the generic cell rate algorithm (GCRA; ITU-T I.371, as "virtual scheduling"). The item holds `tat`, the
 * theoretical arrival time of the next command. With `interval` milliseconds between commands on average and `burst` at once, a
 * command at `now` conforms if `tat <= now + (burst - 1) * interval`, and then `tat = max(tat, now) + interval`. DynamoDB has
 * no `max`, so the write is one of two, each under its own condition: after a pause (`tat <= now`) or within a burst
 * (`tat > now`). Which one, a warm handler knows from the last `tat` it saw; a wrong guess costs a second call.
 */
import { toConnection } from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import { ConditionFailed, type Item } from '../data/table.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';

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
   * @throws {ParleyError} `unauthenticated` where the connection is closed, revoked, or its token has ended; `rate_limited`
   *   with `retryAfterMs`; `unavailable` where the bucket moved too often to be read.
   */
  beginCommand(ctx: GateContext, connection: string): Promise<Caller>;
  /**
   * The user that this environment saw on the connection before: good for reading ahead, never for deciding. What
   * `beginCommand` says decides.
   */
  guessUser(connection: string): UserId | undefined;
}

export interface RateLimit {
  /** Commands a minute on average. */
  readonly perMinute: number;
  /** Commands at once after a pause. */
  readonly burst: number;
}

/** Connections that a warm handler remembers; the one that was added first goes first. */
const MAX_REMEMBERED = 10_000;
/** A bucket is read wrongly once when guessed, and once more when another command passes between; more is a storm. */
const ATTEMPTS = 4;
const OPERATION = 'accept the command';
/** Live authorisation (P9): no command passes on a connection that was revoked, or whose token has ended. */
const RIGHTS_LAST = 'attribute_not_exists(closing) AND tokenExpiresAt > :now';

interface Memory {
  readonly user: UserId;
  /** A lower bound of the stored one: it only ever grows. */
  readonly tat: number;
}

export function createCommandGate(limit: RateLimit): CommandGate {
  // Whole microseconds, so that the stored decimal stays short however often it is added.
  const interval = Math.max(1, Math.round(60_000_000 / limit.perMinute)) / 1_000;
  const tolerance = (limit.burst - 1) * interval;
  const remembered = new Map<string, Memory>();

  function remember(connection: string, memory: Memory): void {
    remembered.delete(connection);
    remembered.set(connection, memory);
    if (remembered.size <= MAX_REMEMBERED) return;
    const oldest = remembered.keys().next();
    if (!oldest.done) remembered.delete(oldest.value);
  }

  function refuseOverLimit(tat: number, now: number): void {
    const wait = tat - tolerance - now;
    if (wait <= 0) return;
    throw new ParleyError('rate_limited', OPERATION, 'this connection sends too much', {
      retryAfterMs: Math.ceil(wait),
    });
  }

  async function spend(ctx: GateContext, connection: string, now: number, paused: boolean): Promise<Item> {
    const item = await ctx.connections.update(connectionKeys.connection(connection), {
      update: paused ? 'SET tat = :next' : 'SET tat = tat + :interval',
      condition: `${RIGHTS_LAST} AND ${paused ? 'tat <= :now' : 'tat > :now AND tat <= :latest'}`,
      values: {
        ':now': now,
        ...(paused ? { ':next': now + interval } : { ':interval': interval, ':latest': now + tolerance }),
      },
      returns: 'ALL_NEW',
    });
    if (!item) throw new Error('the table gave back no item after an update');
    return item;
  }

  /** What the item says about a write that failed; returns the `tat` to go on from. */
  function explain(item: Item | undefined, now: number): number {
    if (!item) throw new ParleyError('unauthenticated', OPERATION, 'the connection is closed');
    const { tokenExpiresAt, tat, closing } = toConnection(item);
    if (closing) throw new ParleyError('unauthenticated', OPERATION, 'the connection is being closed');
    if (!(tokenExpiresAt > now)) throw new ParleyError('unauthenticated', OPERATION, 'the token has ended');
    refuseOverLimit(tat, now);
    return tat;
  }

  return {
    async beginCommand(ctx, connection) {
      const now = ctx.now();
      const memory = remembered.get(connection);
      // A flood is refused from memory: the stored `tat` is at least as late.
      if (memory) refuseOverLimit(memory.tat, now);
      let paused = !memory || memory.tat <= now;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        try {
          const stored = toConnection(await spend(ctx, connection, now, paused));
          remember(connection, { user: stored.user, tat: stored.tat });
          return { connection, user: stored.user, session: stored.session };
        } catch (error) {
          if (!(error instanceof ConditionFailed)) throw error;
          if (error.item) remember(connection, memoryOf(error.item));
          else remembered.delete(connection);
          paused = explain(error.item, now) <= now;
        }
      }
      throw new ParleyError('unavailable', OPERATION, 'too many commands at the same moment');
    },

    guessUser: (connection) => remembered.get(connection)?.user,
  };
}

function memoryOf(item: Item): Memory {
  const { user, tat } = toConnection(item);
  return { user, tat };
}
