/** The ban items: who may not come back to a room, as far as the event `asOf` says. A ban that was lifted leaves a tombstone. */
import * as z from 'zod/mini';
import { type RoomId, Time, UserId } from '../protocol/ids.ts';
import type { Ban } from '../protocol/rest.ts';
import { BAN_PREFIX, chatKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

/** What the item says, where there is one. */
export interface BanRecord {
  /** Who banned, and when, ISO 8601. */
  readonly by: UserId;
  readonly at: string;
  /** Number of the event that this reflects. */
  readonly asOf: number;
  readonly lifted: boolean;
}

/** A tombstone must outlive every repeat of an older event: the stream keeps records for 24 hours, a failure queue for days. Ms. */
const TOMBSTONE_LIFE_MS = 7 * 24 * 60 * 60 * 1000;

const Stored = z.object({
  sk: z.string(),
  by: UserId,
  at: Time,
  asOf: z.int(),
  lifted: z.optional(z.boolean()),
});

/** Stored → domain. */
function toBanRecord(item: unknown): BanRecord & { readonly user: UserId } {
  const { sk, by, at, asOf, lifted = false } = z.parse(Stored, item);
  return { user: z.parse(UserId, sk.slice(BAN_PREFIX.length)), by, at, asOf, lifted };
}

export async function getBan(table: Table, room: RoomId, user: UserId): Promise<BanRecord | undefined> {
  const item = await table.get(chatKeys.ban(room, user));
  return item && toBanRecord(item);
}

/** Stores a ban unless the item reflects this event or a newer one. */
export async function putBan(
  table: Table,
  ban: Omit<BanRecord, 'lifted'> & { readonly room: RoomId; readonly user: UserId },
): Promise<void> {
  const { room, user, by, at, asOf } = ban;
  try {
    await table.put(
      { ...chatKeys.ban(room, user), by, at, asOf },
      {
        condition: 'attribute_not_exists(pk) OR #asOf < :asOf',
        names: { '#asOf': 'asOf' },
        values: { ':asOf': asOf },
      },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** Lifts a ban, where there is one, unless the item reflects this event or a newer one. */
export async function liftBan(
  table: Table,
  lifted: { readonly room: RoomId; readonly user: UserId; readonly asOf: number },
  now: number,
): Promise<void> {
  const { room, user, asOf } = lifted;
  try {
    await table.update(chatKeys.ban(room, user), {
      update: 'SET #lifted = :true, #asOf = :asOf, #ttl = :ends',
      condition: 'attribute_exists(pk) AND #asOf < :asOf',
      names: { '#lifted': 'lifted', '#asOf': 'asOf', '#ttl': TTL_ATTRIBUTE },
      values: { ':true': true, ':asOf': asOf, ':ends': Math.ceil((now + TOMBSTONE_LIFE_MS) / 1000) },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** A page of a room's bans by user id, after the user `after`. */
export async function pageBans(
  table: Table,
  room: RoomId,
  page: { readonly limit: number; readonly after?: UserId },
): Promise<{ readonly bans: readonly Ban[]; readonly more: boolean }> {
  const found: Ban[] = [];
  let from: Readonly<Record<string, unknown>> | undefined = page.after && {
    ...chatKeys.ban(room, page.after),
  };
  // Lifted ones are few and leave gaps; a page is read on until it is full.
  do {
    const { items, next } = await table.query({
      where: 'pk = :pk AND begins_with(sk, :prefix)',
      values: { ':pk': chatKeys.room(room).pk, ':prefix': BAN_PREFIX },
      limit: page.limit + 1,
      ...(from ? { from } : {}),
    });
    const records = items.map(toBanRecord).filter(({ lifted }) => !lifted);
    found.push(...records.map(({ user, by, at }) => ({ user, by, at })));
    from = next;
  } while (from && found.length <= page.limit);
  return { bans: found.slice(0, page.limit), more: found.length > page.limit };
}
