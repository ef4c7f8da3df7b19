/**
 * When a user comes online and goes offline: online with the first connection, offline when the last one has been gone for the
 * grace. What was told stands in one versioned item, so that any number of repeats, in any order, from any number of handlers,
 * end with what is true (docs/decisions, "Presence is told by versions").
 */
import { type ConnectionAddress, connectionExpiry } from '../data/connections.ts';
import { connectionKeys } from '../data/keys.ts';
import { getUserPresence, notePresence, type Presence, putPresence } from '../data/presence.ts';
import { ignoreFailedCondition } from '../data/table.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';

type PresenceContext = Pick<ChatContext, 'connections' | 'now'>;

/** A connection whose own item is gone: whatever else is left of it means nothing. */
export type GoneConnection = Pick<ConnectionAddress, 'connection' | 'connectedAt'>;

/** What is to be done about a user. */
export type PresenceStep =
  /** Everyone was told what is true. */
  | { readonly kind: 'settled' }
  /** To be told by the caller, and noted by `noteTold`. `overtakes`: the version before may still be being told. */
  | { readonly kind: 'tell'; readonly presence: Presence; readonly overtakes: boolean }
  /** Online all the while, but with other connections than before. */
  | ({ readonly kind: 'stayed' } & Stay)
  /** To be looked at again: the grace is not over, or someone else is telling, or died. */
  | { readonly kind: 'wait'; readonly afterMs: number };

/** What other connections than before mean for a user who is online all the while. */
export interface Stay {
  readonly presence: Presence;
  /** Until when it may be believed now, where that is longer than was known. */
  readonly until: number | undefined;
  /**
   * When there may have been no connection to hear of a room that was joined by HTTP, epoch milliseconds: `subscribeUser` found none
   * then, so the stream did not tell.
   */
  readonly unheard: { readonly from: number; readonly to: number } | undefined;
}

/**
 * Milliseconds that a handler may take to tell a change: longer than its time-out (infra/presence.ts), so that whoever finds a change
 * untold for so long knows that its teller is no more.
 */
export const TELLING_MS = 20_000;
/**
 * What is believed for less than this longer is not worth the writes. Less than the 20 minutes by which the items of a connection
 * outlive it (shared/data/connections.ts), so that nobody is taken for offline in between. Ms.
 */
const LEAST_PROLONGING_MS = 15 * 60_000;
/** Changes of one user that may come between reading and writing; more is a storm, and the record comes again. */
const ATTEMPTS = 5;

export interface Look {
  readonly user: UserId;
  /** Milliseconds that the last connection must have been gone for. */
  readonly graceMs: number;
  /** Whether something has just happened: the grace begins anew. Without it, it began when the last connection was seen to be gone. */
  readonly news: boolean;
  /** Connections that are known to be gone. */
  readonly gone?: readonly GoneConnection[];
  /** Whether to tell again what was told: a handler that was late may have told something older meanwhile. */
  readonly retell?: boolean;
}

/** Looks at a user's connections, and stores the change, if it is one. */
export async function lookAtPresence(ctx: PresenceContext, look: Look): Promise<PresenceStep> {
  const { user } = look;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { connections, presence } = await getUserPresence(ctx.connections, user);
    const live = await withoutGone(ctx, user, connections, look.gone ?? []);
    const now = ctx.now();
    const online = live.length > 0;
    if (online === (presence?.online ?? false)) return standing(presence, live, look, now);
    if (!online && presence) {
      const wait = await grace(ctx, presence, look, now);
      if (wait === 'changed') continue;
      if (wait > 0) return { kind: 'wait', afterMs: wait };
    }
    const next = {
      user,
      online,
      version: Math.max(now, (presence?.version ?? 0) + 1),
      at: now,
      until: lastExpiry(live, now),
    };
    if (await putPresence(ctx.connections, next, presence)) {
      const told = presence?.told ?? 0;
      return {
        kind: 'tell',
        presence: { ...next, told },
        overtakes: told < (presence?.version ?? 0),
      };
    }
  }
  throw new Error('the presence of a user changes faster than it can be read');
}

/** Notes that everyone was told. @returns false where a newer version came meanwhile. */
export function noteTold(ctx: PresenceContext, presence: Presence): Promise<boolean> {
  return notePresence(ctx.connections, presence, { told: presence.version });
}

/** What was told is true. Was it told to everyone, and for how long may it be believed? */
function standing(
  presence: Presence | undefined,
  live: readonly ConnectionAddress[],
  { retell = false }: Look,
  now: number,
): PresenceStep {
  if (!presence) return { kind: 'settled' };
  const until = Math.max(presence.until, lastExpiry(live, now));
  if (presence.told < presence.version) {
    const left = presence.at + TELLING_MS - now;
    if (left > 0) return { kind: 'wait', afterMs: left };
    return { kind: 'tell', presence, overtakes: false };
  }
  if (retell) return { kind: 'tell', presence, overtakes: false };
  const prolonged = until > presence.until + LEAST_PROLONGING_MS;
  const from = Math.max(presence.at, presence.heardFrom ?? 0);
  const to = Math.min(...live.map(({ connectedAt }) => connectedAt));
  const unheard = to > from ? { from, to } : undefined;
  if (!presence.online || !(prolonged || unheard)) return { kind: 'settled' };
  return { kind: 'stayed', presence, until: prolonged ? until : undefined, unheard };
}

/** Notes that what `stay` means was seen to. */
export async function noteStay(ctx: PresenceContext, { presence, until, unheard }: Stay): Promise<void> {
  await notePresence(ctx.connections, presence, {
    ...(until === undefined ? {} : { until }),
    ...(unheard ? { heardFrom: unheard.to } : {}),
  });
}

/** @returns the milliseconds that are left of the grace, zero or less where it is over. */
async function grace(
  ctx: PresenceContext,
  presence: Presence,
  { graceMs, news }: Look,
  now: number,
): Promise<number | 'changed'> {
  if (graceMs === 0) return 0;
  if (!news && presence.leaving !== undefined) return presence.leaving + graceMs - now;
  return (await notePresence(ctx.connections, presence, { leaving: now })) ? graceMs : 'changed';
}

/** Takes away what a handler that died left of connections that are gone, and nothing of a newer connection with the same id. */
async function withoutGone(
  ctx: PresenceContext,
  user: UserId,
  connections: readonly ConnectionAddress[],
  gone: readonly GoneConnection[],
): Promise<ConnectionAddress[]> {
  const isGone = ({ connection, connectedAt }: ConnectionAddress) =>
    gone.some((one) => one.connection === connection && one.connectedAt === connectedAt);
  await Promise.all(
    connections.filter(isGone).map(({ connection, connectedAt }) =>
      ignoreFailedCondition(
        ctx.connections.delete(connectionKeys.userConnection(user, connection), {
          condition: 'connectedAt = :connectedAt',
          values: { ':connectedAt': connectedAt },
        }),
      ),
    ),
  );
  return connections.filter((connection) => !isGone(connection));
}

/** When the last of the connections must have ended, epoch milliseconds. */
function lastExpiry(live: readonly ConnectionAddress[], now: number): number {
  return live.reduce((last, { connectedAt }) => Math.max(last, connectionExpiry(connectedAt) * 1_000), now);
}
