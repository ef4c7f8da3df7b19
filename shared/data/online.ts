/** Who is online in a room, as its members were told: an item per user and room, so that a room is read without its members. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { connectionKeys, TTL_ATTRIBUTE } from './keys.ts';
import { type Item, ignoreFailedCondition, type Table } from './table.ts';

export interface OnlineIn {
  readonly room: RoomId;
  readonly user: UserId;
  /** Number of the event that made the user a member: which membership it stands on. */
  readonly since: number;
}

/** A room where only the number of those online is told. */
export interface OnlineCount {
  /** The number that was told last; 0 where none was told yet. */
  readonly count: number;
  /** When the next number is told, epoch milliseconds; undefined where none is due. */
  readonly due: number | undefined;
}

/**
 * The item of someone offline must outlive every handler that may still be putting an older version, and its name must be free of
 * it again at some time. Ms.
 */
const OFFLINE_LIFE_MS = 60 * 60 * 1_000;
/** Longer than any connection: the number of a room where nobody comes or goes for so long is none. Ms. */
const COUNT_LIFE_MS = 24 * 60 * 60 * 1_000;

/** Notes a version of a user's presence in a room, unless a newer one is there, or one that stands on a newer membership. */
export async function putOnlineIn(
  table: Table,
  { room, user, since }: OnlineIn,
  presence: {
    readonly online: boolean;
    readonly version: number;
    readonly at: number;
    readonly until: number;
  },
): Promise<void> {
  const { online, version, at, until } = presence;
  const expires = online ? until : at + OFFLINE_LIFE_MS;
  await ignoreFailedCondition(
    table.put(
      {
        ...connectionKeys.onlineIn(room, user),
        since,
        version,
        online,
        [TTL_ATTRIBUTE]: Math.ceil(expires / 1_000),
      },
      {
        condition:
          'attribute_not_exists(pk) OR #version < :version OR (#version = :version AND since <= :since)',
        names: { '#version': 'version' },
        values: { ':version': version, ':since': since },
      },
    ),
  );
}

/**
 * Those online in a room, by name, whether they still are members or not: `LEFT` says that.
 *
 * @param most at least so many, where there are as many; all without it.
 */
export async function listOnlineIn(
  table: Table,
  room: RoomId,
  most = Number.POSITIVE_INFINITY,
): Promise<OnlineIn[]> {
  const { pk } = connectionKeys.onlineIn(room, '');
  const found: OnlineIn[] = [];
  let from: Readonly<Record<string, unknown>> | undefined;
  do {
    const { items, next } = await table.query({
      where: 'pk = :pk',
      values: { ':pk': pk },
      ...(Number.isFinite(most) ? { limit: most } : {}),
      ...(from ? { from } : {}),
    });
    found.push(
      ...items
        .filter(({ online }) => online === true)
        .map(({ sk, since }) => ({ room, user: sk as UserId, since: Number(since) })),
    );
    from = next;
  } while (from && found.length < most);
  return found;
}

/** Stored → domain. */
export function toOnlineCount({ count, due }: Item): OnlineCount {
  return { count: Number(count), due: typeof due === 'number' ? due : undefined };
}

/** From now on only the number of those online is told in a room; the next one at `due`, epoch milliseconds. */
export async function putCountDue(table: Table, room: RoomId, due: number): Promise<void> {
  await table.update(connectionKeys.onlineCount(room), {
    update: 'SET #due = :due, #count = if_not_exists(#count, :none), #ttl = :expires',
    names: { '#due': 'due', '#count': 'count', '#ttl': TTL_ATTRIBUTE },
    values: { ':due': due, ':none': 0, ':expires': Math.ceil((due + COUNT_LIFE_MS) / 1_000) },
  });
}

/** Takes the due telling off: a change from here on makes another one due. @returns the number that was told last. */
export async function takeCountDue(table: Table, room: RoomId): Promise<number | undefined> {
  const before = await ignoreFailedCondition(
    table.update(connectionKeys.onlineCount(room), {
      update: 'REMOVE #due',
      condition: 'attribute_exists(pk)',
      names: { '#due': 'due' },
      returns: 'ALL_OLD',
    }),
  );
  return before && toOnlineCount(before).count;
}

/** Notes the number that was told, where only the number is. */
export async function putCount(table: Table, room: RoomId, count: number): Promise<void> {
  await ignoreFailedCondition(
    table.update(connectionKeys.onlineCount(room), {
      update: 'SET #count = :count',
      condition: 'attribute_exists(pk)',
      names: { '#count': 'count' },
      values: { ':count': count },
    }),
  );
}

/** From now on those online in a room are told by name again. */
export async function deleteCount(table: Table, room: RoomId): Promise<void> {
  await table.delete(connectionKeys.onlineCount(room));
}
