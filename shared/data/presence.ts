/** Whether a user is online, as it was told to those who share a room: one item beside the user's connections. */
import * as z from 'zod/mini';
import { UserId } from '../protocol/ids.ts';
import { type ConnectionAddress, toUserConnection } from './connections.ts';
import { connectionKeys, PRESENCE, TTL_ATTRIBUTE, USER_CONNECTION_PREFIX } from './keys.ts';
import { ConditionFailed, type Item, ignoreFailedCondition, type Table } from './table.ts';

const StoredPresence = z.object({
  user: UserId,
  online: z.boolean(),
  /** Grows with each change; begins with the time, so that it grows on where an item had expired in between. */
  version: z.int(),
  /** The version that everyone was told. Below `version`: someone is telling it, or died. */
  told: z.int(),
  /** When it changed, epoch milliseconds. */
  at: z.int(),
  /** Until when it may be believed of who is online, epoch milliseconds: no connection known then lives longer. */
  until: z.int(),
  /** When the last connection was seen to be gone, epoch milliseconds; looked at only where there is none. */
  leaving: z.optional(z.int()),
  /** Since when a connection has heard of each room that was joined, epoch milliseconds; since `at` where it is absent. */
  heardFrom: z.optional(z.int()),
});
export type Presence = z.infer<typeof StoredPresence>;

/** What the next version holds; the rest begins anew with it. */
export type PresenceChange = Pick<Presence, 'user' | 'online' | 'version' | 'at' | 'until'>;

/** The item of someone offline must outlive every handler that may still be telling an older version. Ms. */
const OFFLINE_LIFE_MS = 24 * 60 * 60 * 1_000;

/** A user's live connections and presence, of one moment, read consistently. */
export async function getUserPresence(
  table: Table,
  user: UserId,
): Promise<{ readonly connections: readonly ConnectionAddress[]; readonly presence: Presence | undefined }> {
  const { pk } = connectionKeys.presence(user);
  const items = await table.queryAll({ where: 'pk = :pk', values: { ':pk': pk } });
  const stored = items.find(({ sk }) => sk === PRESENCE);
  return {
    connections: items
      .filter(({ sk }) => sk.startsWith(USER_CONNECTION_PREFIX))
      .map((item) => toUserConnection(user, item)),
    presence: stored && z.parse(StoredPresence, stored),
  };
}

/**
 * Stores the next version, to be told by who stored it.
 *
 * @param before the version that it follows; undefined where there was none.
 * @returns false where another change came first.
 */
export async function putPresence(
  table: Table,
  change: PresenceChange,
  before: Presence | undefined,
): Promise<boolean> {
  const item: Item = {
    ...connectionKeys.presence(change.user),
    ...change,
    told: before?.told ?? 0,
    // An item that says online has no end: its user's connections have, and their deletion leads here.
    ...(change.online ? {} : { [TTL_ATTRIBUTE]: Math.ceil((change.at + OFFLINE_LIFE_MS) / 1_000) }),
  };
  try {
    await table.put(
      item,
      before
        ? { condition: 'version = :before', values: { ':before': before.version } }
        : {
            condition: 'attribute_not_exists(pk) OR #ttl <= :now',
            names: { '#ttl': TTL_ATTRIBUTE },
            values: { ':now': Math.floor(change.at / 1_000) },
          },
    );
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Sent again after a lost answer, it meets its own first success.
    return error.item?.version === change.version && error.item.online === change.online;
  }
}

/** What may change of a version while it stands. */
type Note = Pick<Presence, 'told' | 'leaving' | 'until' | 'heardFrom'>;

/** Notes something on the version that is there. @returns false where a newer one came first. */
export async function notePresence(
  table: Table,
  { user, version }: Pick<Presence, 'user' | 'version'>,
  note: Partial<Note>,
): Promise<boolean> {
  const fields = Object.entries(note);
  const noted = await ignoreFailedCondition(
    table.update(connectionKeys.presence(user), {
      update: `SET ${fields.map(([name]) => `#${name} = :${name}`).join(', ')}`,
      condition: '#version = :version',
      names: { '#version': 'version', ...Object.fromEntries(fields.map(([name]) => [`#${name}`, name])) },
      values: {
        ':version': version,
        ...Object.fromEntries(fields.map(([name, value]) => [`:${name}`, value])),
      },
      returns: 'UPDATED_NEW',
    }),
  );
  return noted !== undefined;
}

/** Those of the users who are online, as it was told. */
export async function whoIsOnline(
  table: Table,
  users: readonly UserId[],
  now: number,
): Promise<ReadonlySet<UserId>> {
  const keys = [...new Set(users)].map((user) => connectionKeys.presence(user));
  const items = await table.batchGet(keys);
  return new Set(
    items
      .map((item) => z.parse(StoredPresence, item))
      .filter(({ online, until }) => online && until > now)
      .map(({ user }) => user),
  );
}
