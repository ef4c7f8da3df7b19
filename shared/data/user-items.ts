/** All that is stored about a user, item by item, as the export shows it. */
import type { ExportKind, ExportRecord } from '../protocol/export.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import {
  BAN_PREFIX,
  BLOCK_PREFIX,
  chatKeys,
  connectionKeys,
  EVENT_PREFIX,
  MEMBERSHIP_PREFIX,
  NOTIFIED_PREFIX,
  PRESENCE,
  REPORT_PREFIX,
  SESSION_PREFIX,
  THREAD_MARK_PREFIX,
  USER_CONNECTION_PREFIX,
  WANTS_ALL_PREFIX,
} from './keys.ts';
import type { Item, Table } from './table.ts';

/**
 * Never shown: keys, which repeat what the rest says; hashes, salts and what only guards writes, which are no data about anyone; when
 * an item goes by itself; addresses within the service; what others made of a message, which is theirs.
 */
const HIDDEN = new Set(
  'pk sk gsi1pk gsi1sk passwordHash refreshHash previousHash salt attempt version told expiresAt callback state upload'.split(
    ' ',
  ),
);
/** Stored as epoch milliseconds, shown as every time of the protocol. */
const TIMES = new Set('rotatedAt connectedAt createdAt notBefore at until leaving heardFrom'.split(' '));

/** By what a sort key begins with. */
const KINDS: readonly (readonly [prefix: string, kind: ExportKind])[] = [
  ['ACCOUNT', 'account'],
  [SESSION_PREFIX, 'session'],
  [MEMBERSHIP_PREFIX, 'membership'],
  [BLOCK_PREFIX, 'block'],
  [NOTIFIED_PREFIX, 'notification'],
  [WANTS_ALL_PREFIX, 'notification'],
  [THREAD_MARK_PREFIX, 'thread'],
  ['LANE#', 'login'],
  ['SOURCE#', 'login'],
  [USER_CONNECTION_PREFIX, 'connection'],
  [PRESENCE, 'presence'],
  [EVENT_PREFIX, 'event'],
  [BAN_PREFIX, 'ban'],
  [REPORT_PREFIX, 'report'],
  ['FILE#', 'file'],
];

/** What a user is blocked or known under lies in the key alone. */
const NAMED_BY_KEY: readonly string[] = [
  BLOCK_PREFIX,
  BAN_PREFIX,
  SESSION_PREFIX,
  NOTIFIED_PREFIX,
  THREAD_MARK_PREFIX,
];

/** Stored → wire. @param room that it belongs to. */
export function toRecord(item: Item, room?: RoomId): ExportRecord {
  const [, kind = 'other'] = KINDS.find(([prefix]) => item.sk.startsWith(prefix)) ?? [];
  const shown = Object.entries(item)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => {
      const isTime = TIMES.has(name) && typeof value === 'number';
      return [name, isTime ? new Date(value).toISOString() : value] as const;
    });
  const prefix = NAMED_BY_KEY.find((one) => item.sk.startsWith(one));
  const named = prefix === undefined ? {} : { id: item.sk.slice(prefix.length) };
  return { kind, ...(room === undefined ? {} : { room }), data: { ...named, ...Object.fromEntries(shown) } };
}

/** Items that one page of a partition reads. */
const PAGE = 200;

/** A page of one of the partitions that are the user's alone. */
export async function pageOwnItems(
  tables: { readonly chat: Table; readonly connections: Table },
  user: UserId,
  {
    part,
    nameHash,
    after,
  }: { readonly part: OwnPart; readonly nameHash: string; readonly after?: string | undefined },
): Promise<{ readonly items: readonly Item[]; readonly end: string | undefined }> {
  const { pk } = {
    account: chatKeys.account(user),
    sessions: chatKeys.session(user, ''),
    logins: chatKeys.loginLane(nameHash, ''),
    rooms: chatKeys.membership(user, '' as RoomId),
    connections: connectionKeys.presence(user),
  }[part];
  const page = {
    where: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :after',
    values: { ':pk': pk, ...(after === undefined ? {} : { ':after': after }) },
    limit: PAGE,
  };
  const { items, next } = await (part === 'connections'
    ? tables.connections.query(page)
    : tables.chat.query(page));
  return { items, end: next && String(next.sk) };
}

export const OWN_PARTS = ['account', 'sessions', 'logins', 'rooms', 'connections'] as const;
export type OwnPart = (typeof OWN_PARTS)[number];

/**
 * Whether an item of a room's partition is a user's own, or about its membership. What others wrote is theirs, though it names the
 * user; the head repeats an event, and a claim the id of one.
 */
export function isOwn(item: Item, user: UserId): boolean {
  if (item.sk.startsWith(EVENT_PREFIX)) return item.user === user || item.member === user;
  const [kind = '', ...rest] = item.sk.split('#');
  return !['HEAD', 'ROOM', 'ID'].includes(kind) && (rest.includes(user) || item.user === user);
}
