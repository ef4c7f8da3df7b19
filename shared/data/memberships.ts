/**
 * The membership items: who belongs to which room, as far as the event `asOf` says. The end of a membership leaves a tombstone, so that
 * a late repeat of an older event can't bring it back.
 */
import * as z from 'zod/mini';
import { Role, RoomId, Seq, Time, UserId } from '../protocol/ids.ts';
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
  readonly mentions: number;
  /** Number of the event that this reflects. */
  readonly asOf: number;
}

/** What the item says, where there is one: a membership, or that it ended with the event `asOf`. */
export type MembershipRecord =
  | { readonly state: 'active'; readonly asOf: number; readonly membership: Membership }
  | { readonly state: 'left'; readonly asOf: number };

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
  mentions: z.int(),
  asOf: z.int(),
});
const Stored = z.discriminatedUnion('state', [
  StoredActive,
  z.object({ state: z.literal('left'), asOf: z.int() }),
]);

/** Stored → domain. */
export function toMembershipRecord(item: unknown): MembershipRecord {
  const stored = z.parse(Stored, item);
  if (stored.state === 'left') return stored;
  const { state, mutedUntil, ...rest } = stored;
  const membership = { ...rest, ...(mutedUntil === undefined ? {} : { mutedUntil }) };
  return { state, asOf: stored.asOf, membership };
}

/** Domain → stored. */
function membershipItem(membership: Membership): Item {
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

const NEWER = {
  condition: 'attribute_not_exists(pk) OR #asOf < :asOf',
  names: { '#asOf': 'asOf' },
} as const;

/** Puts an item unless the one there reflects this event or a newer one. @returns what holds now. */
async function putNewer(table: Table, item: Item, asOf: number): Promise<MembershipRecord> {
  try {
    await table.put(item, { ...NEWER, values: { ':asOf': asOf } });
    return toMembershipRecord(item);
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.item) throw error;
    return toMembershipRecord(error.item);
  }
}

/** Stores a new membership unless the item reflects this event or a newer one. @returns what holds now. */
export function putMembership(table: Table, membership: Membership): Promise<MembershipRecord> {
  return putNewer(table, membershipItem(membership), membership.asOf);
}

/** Ends a membership unless the item reflects this event or a newer one. @returns what holds now. */
export function endMembership(
  table: Table,
  ended: { readonly user: UserId; readonly room: RoomId; readonly asOf: number },
  now: number,
): Promise<MembershipRecord> {
  const { user, room, asOf } = ended;
  const item = {
    ...chatKeys.membership(user, room),
    state: 'left',
    asOf,
    [TTL_ATTRIBUTE]: Math.ceil((now + TOMBSTONE_LIFE_MS) / 1000),
  };
  return putNewer(table, item, asOf);
}

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
