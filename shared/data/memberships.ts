/**
 * The membership items: who belongs to which room, as far as the event `asOf` says. The end of a membership leaves a tombstone, so that
 * a late repeat of an older event can't bring it back.
 */
import * as z from 'zod/mini';
import { Notify, Role, RoomId, Seq, Time, UserId } from '../protocol/ids.ts';
import type { Member } from '../protocol/rest.ts';
import { BY_OWNER, chatKeys, MEMBERSHIP_PREFIX, ownerKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

/** What a member may do: all that the right to an operation is judged by. */
export interface Standing {
  readonly role: Role;
  /** Number of the event that made the user a member. */
  readonly since: number;
  /** ISO 8601. */
  readonly mutedUntil?: string;
}

/** How far a member has read: the number, and how many messages the room had with it. */
export interface ReadMark {
  readonly seq: number;
  readonly n: number;
}

export interface Membership extends Standing {
  readonly room: RoomId;
  readonly user: UserId;
  readonly joinedAt: string;
  readonly read: ReadMark;
  /** Numbers of the messages that mention the member by name and that it has not read. */
  readonly mentions: readonly number[];
  /** What it wants to be notified of. */
  readonly notify: Notify;
  /** Number of the event that this reflects. */
  readonly asOf: number;
}

/** What a membership begins with: no mentions, and no wishes but the usual ones. */
export type NewMembership = Omit<Membership, 'mentions' | 'notify'>;

/** What the item says, where there is one: a membership, or that it ended with the event `asOf`. */
export type MembershipRecord =
  | { readonly state: 'active'; readonly asOf: number; readonly membership: Membership }
  | {
      readonly state: 'left';
      readonly asOf: number;
      /** Leaving does not end a mute: who comes back is muted still. ISO 8601. */
      readonly mutedUntil?: string;
    };

/** A tombstone must outlive every repeat of an older event: the stream keeps records for 24 hours, a failure queue for days. Ms. */
const TOMBSTONE_LIFE_MS = 7 * 24 * 60 * 60 * 1000;

const StoredActive = z.object({
  state: z.literal('active'),
  room: RoomId,
  user: UserId,
  role: Role,
  since: Seq,
  joinedAt: Time,
  mutedUntil: z.optional(Time),
  read: z.object({ seq: z.int(), n: z.int() }),
  /** Numbers of the messages that mention the member, read ones among them (mentions.ts). */
  mentioned: z._default(z.array(z.int()), []),
  notify: z._default(Notify, 'mentions'),
  asOf: z.int(),
});
const Stored = z.discriminatedUnion('state', [
  StoredActive,
  z.object({ state: z.literal('left'), asOf: z.int(), mutedUntil: z.optional(Time) }),
]);

/** Stored → domain. */
export function toMembershipRecord(item: unknown): MembershipRecord {
  const { mutedUntil, ...stored } = z.parse(Stored, item);
  const mute = mutedUntil === undefined ? {} : { mutedUntil };
  if (stored.state === 'left') return { ...stored, ...mute };
  const { state, mentioned, ...membership } = stored;
  const mentions = mentioned.filter((seq) => seq > stored.read.seq);
  return { state, asOf: stored.asOf, membership: { ...membership, mentions, ...mute } };
}

/** Domain → stored. */
function membershipItem(membership: NewMembership): Item {
  const { user, room } = membership;
  return {
    ...chatKeys.membership(user, room),
    ...ownerKeys.member(room, user),
    state: 'active',
    ...membership,
  };
}

/** Domain → wire. */
export function toMember({ user, role, joinedAt, mutedUntil }: Membership): Member {
  return { user, role, joinedAt, ...(mutedUntil === undefined ? {} : { mutedUntil }) };
}

export async function getMembershipRecord(
  table: Table,
  user: UserId,
  room: RoomId,
): Promise<MembershipRecord | undefined> {
  const item = await table.get(chatKeys.membership(user, room));
  return item && toMembershipRecord(item);
}

/** The items of a user in these rooms, of those that are there. */
export async function getMembershipRecords(
  table: Table,
  user: UserId,
  rooms: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, MembershipRecord>> {
  const items = new Map(
    (await table.batchGet(rooms.map((room) => chatKeys.membership(user, room)))).map((item) => [
      item.sk,
      item,
    ]),
  );
  return new Map(
    rooms.flatMap((room) => {
      const item = items.get(chatKeys.membership(user, room).sk);
      return item ? [[room, toMembershipRecord(item)] as const] : [];
    }),
  );
}

const NEWER = {
  condition: 'attribute_not_exists(pk) OR #asOf < :asOf',
  names: { '#asOf': 'asOf' },
} as const;

/** Stores a new membership unless the item reflects this event or a newer one. @returns what holds now. */
export async function putMembership(table: Table, membership: NewMembership): Promise<MembershipRecord> {
  try {
    const item = membershipItem(membership);
    await table.put(item, { ...NEWER, values: { ':asOf': membership.asOf } });
    return toMembershipRecord(item);
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.item) throw error;
    return toMembershipRecord(error.item);
  }
}

/** Ends a membership unless the item reflects this event or a newer one. A mute stays in the tombstone, which lives as long. */
export async function endMembership(
  table: Table,
  ended: { readonly user: UserId; readonly room: RoomId; readonly asOf: number },
  now: number,
): Promise<void> {
  const { user, room, asOf } = ended;
  const key = chatKeys.membership(user, room);
  const ends = Math.ceil((now + TOMBSTONE_LIFE_MS) / 1000);
  try {
    const item = await table.update(key, {
      update: `SET #asOf = :asOf, #state = :left, #ttl = :ends REMOVE ${ENDED_FIELDS.join(', ')}`,
      condition: NEWER.condition,
      names: { ...NEWER.names, '#state': 'state', '#ttl': TTL_ATTRIBUTE, ...ENDED_NAMES },
      values: { ':asOf': asOf, ':left': 'left', ':ends': ends },
      returns: 'ALL_NEW',
    });
    const record = toMembershipRecord(item);
    const mutedUntil = record.state === 'left' ? record.mutedUntil : undefined;
    const muteEnds = mutedUntil === undefined ? 0 : Math.ceil(Date.parse(mutedUntil) / 1000);
    if (muteEnds <= ends) return;
    await table.update(key, {
      update: 'SET #ttl = :ends',
      condition: '#asOf = :asOf',
      names: { ...NEWER.names, '#ttl': TTL_ATTRIBUTE },
      values: { ':asOf': asOf, ':ends': muteEnds },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** What a tombstone holds no more: with the index's keys gone, listings see it no longer. */
const ENDED = ['role', 'since', 'joinedAt', 'read', 'mentioned', 'notify', 'gsi1pk', 'gsi1sk'] as const;
const ENDED_FIELDS = ENDED.map((name) => `#${name}`);
const ENDED_NAMES = Object.fromEntries(ENDED.map((name) => [`#${name}`, name]));

/** Changes role and mute of a member unless the item reflects this event or a newer one, or there is no member. */
export async function updateMembership(
  table: Table,
  changed: {
    readonly user: UserId;
    readonly room: RoomId;
    readonly asOf: number;
    readonly role?: Role | undefined;
    /** Null ends the mute. */
    readonly mutedUntil?: string | null | undefined;
  },
): Promise<void> {
  const { user, room, asOf, role, mutedUntil } = changed;
  const sets = [
    '#asOf = :asOf',
    ...(role === undefined ? [] : ['#role = :role']),
    ...(typeof mutedUntil === 'string' ? ['#mutedUntil = :mutedUntil'] : []),
  ];
  try {
    await table.update(chatKeys.membership(user, room), {
      update: `SET ${sets.join(', ')}${mutedUntil === null ? ' REMOVE #mutedUntil' : ''}`,
      condition: '#state = :active AND #asOf < :asOf',
      names: {
        '#asOf': 'asOf',
        '#state': 'state',
        ...(role === undefined ? {} : { '#role': 'role' }),
        ...(mutedUntil === undefined ? {} : { '#mutedUntil': 'mutedUntil' }),
      },
      values: {
        ':asOf': asOf,
        ':active': 'active',
        ...(role === undefined ? {} : { ':role': role }),
        ...(typeof mutedUntil === 'string' ? { ':mutedUntil': mutedUntil } : {}),
      },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** All rooms that a user is a member of, strongly consistent, by room id. */
export async function listMemberships(table: Table, user: UserId): Promise<Membership[]> {
  const items = await table.queryAll(membershipsOf(user));
  return items.flatMap(activeOf);
}

/** A page of the rooms that a user is a member of, after the room `after`. */
export async function pageMemberships(
  table: Table,
  user: UserId,
  page: { readonly limit: number; readonly after?: RoomId },
): Promise<{ readonly memberships: readonly Membership[]; readonly more: boolean }> {
  // Tombstones are few and leave gaps; a page is read on until it is full.
  const found: Membership[] = [];
  let from: Readonly<Record<string, unknown>> | undefined =
    page.after === undefined ? undefined : { ...chatKeys.membership(user, page.after) };
  do {
    const { items, next } = await table.query({
      ...membershipsOf(user),
      limit: page.limit + 1,
      ...(from ? { from } : {}),
    });
    found.push(...items.flatMap(activeOf));
    from = next;
  } while (from && found.length <= page.limit);
  return { memberships: found.slice(0, page.limit), more: found.length > page.limit };
}

/** A page of a room's members by user id, after the user `after`; a moment behind (an index). */
export async function pageMembers(
  table: Table,
  room: RoomId,
  page: { readonly limit: number; readonly after?: UserId },
): Promise<{ readonly memberships: readonly Membership[]; readonly more: boolean }> {
  const { after, limit } = page;
  const { items, next } = await table.query({
    where: 'gsi1pk = :owner',
    values: { ':owner': ownerKeys.members(room).gsi1pk },
    index: BY_OWNER,
    limit,
    ...(after === undefined
      ? {}
      : { from: { ...chatKeys.membership(after, room), ...ownerKeys.member(room, after) } }),
  });
  return { memberships: items.flatMap(activeOf), more: next !== undefined };
}

function membershipsOf(user: UserId) {
  return {
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': `USER#${user}`, ':prefix': MEMBERSHIP_PREFIX },
  };
}

function activeOf(item: Item): Membership[] {
  const record = toMembershipRecord(item);
  return record.state === 'active' ? [record.membership] : [];
}
