/** The room items: what a room is called and who may find it, as far as the event `asOf` says. */
import * as z from 'zod/mini';
import { RoomId, RoomKind, Time } from '../protocol/ids.ts';
import type { Room } from '../protocol/rest.ts';
import { BY_OWNER, chatKeys, ownerKeys } from './keys.ts';
import { ConditionFailed, type Item, ignoreFailedCondition, type Table } from './table.ts';

export interface RoomRecord {
  readonly room: RoomId;
  readonly name: string;
  readonly kind: RoomKind;
  readonly topic?: string;
  readonly slowModeSeconds: number;
  /** Days that messages are kept; null: the room has no rule of its own any more. */
  readonly retentionDays?: number | null;
  readonly createdAt: string;
  /** Number of the event that this reflects. */
  readonly asOf: number;
  /** What older messages have yet to be brought under. */
  readonly trims?: readonly Trim[];
}

const Trim = z.object({
  /** Number of the event that made the retention shorter. */
  seq: z.int(),
  days: z.int(),
});
export type Trim = Readonly<z.infer<typeof Trim>>;

/** What an owner or admin can change. */
type SettingsField = 'name' | 'kind' | 'topic' | 'slowModeSeconds' | 'retentionDays';

const Stored = z.object({
  room: RoomId,
  name: z.string(),
  kind: RoomKind,
  topic: z.optional(z.string()),
  slowModeSeconds: z.int(),
  retentionDays: z.optional(z.nullable(z.int())),
  createdAt: Time,
  asOf: z.int(),
  trims: z.optional(z.array(Trim)),
});

/** Characters of a name that public rooms are sorted by: far under the 1,024 bytes of an index's sort key. */
const SORTED_CHARACTERS = 100;

/** Stored → domain. */
function toRoomRecord(item: unknown): RoomRecord {
  const { topic, retentionDays, trims, ...rest } = z.parse(Stored, item);
  return {
    ...rest,
    ...(topic === undefined ? {} : { topic }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
    ...(trims === undefined ? {} : { trims }),
  };
}

/** Domain → stored: only public rooms are in the index of what anyone can find. */
function roomItem(record: RoomRecord): Item {
  const { room, kind, name } = record;
  return {
    ...chatKeys.room(room),
    ...(kind === 'public' ? ownerKeys.publicRoom(sortedName(name), room) : {}),
    ...record,
  };
}

/** Domain → wire. */
export function toRoom({ asOf: _, trims: __, retentionDays, ...room }: RoomRecord): Room {
  return { ...room, ...(typeof retentionDays === 'number' ? { retentionDays } : {}) };
}

/** A name as public rooms are sorted and found by: neither case nor the form of its characters matters. */
export function sortedName(name: string): string {
  return [...name.normalize('NFKC').toLowerCase()].slice(0, SORTED_CHARACTERS).join('');
}

export async function getRoomRecord(table: Table, room: RoomId): Promise<RoomRecord | undefined> {
  const item = await table.get(chatKeys.room(room));
  return item && !isDeleted(item) ? toRoomRecord(item) : undefined;
}

/** A deleted room leaves a tombstone, so that no late repeat of an older event brings it back; for ever, as its head. */
export async function endRoom(
  table: Table,
  { room, asOf }: Pick<RoomRecord, 'room' | 'asOf'>,
): Promise<void> {
  await table.put({ ...chatKeys.room(room), state: DELETED, asOf });
}

const DELETED = 'deleted';

function isDeleted(item: Item): boolean {
  return item.state === DELETED;
}

/** Stores a room unless the item reflects this event or a newer one. */
export async function putRoom(table: Table, record: RoomRecord): Promise<void> {
  try {
    await table.put(roomItem(record), {
      condition: 'attribute_not_exists(pk) OR #asOf < :asOf',
      names: { '#asOf': 'asOf' },
      values: { ':asOf': record.asOf },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** Changes what is given unless the item reflects this event or a newer one. */
export async function updateRoom(
  table: Table,
  changed: Pick<RoomRecord, 'room' | 'asOf'> & Partial<Pick<RoomRecord, SettingsField>>,
): Promise<void> {
  const record = await getRoomRecord(table, changed.room);
  if (!record || record.asOf >= changed.asOf) return;
  const item = roomItem({ ...record, ...changed, ...trimsAfter(record, changed) });
  try {
    await table.put(item, {
      condition: '#asOf = :before',
      names: { '#asOf': 'asOf' },
      values: { ':before': record.asOf },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Another run of the same change, or a newer change, was here meanwhile.
    await updateRoom(table, changed);
  }
}

/** What a change adds to what older messages have yet to be brought under: a retention that is shorter than the one before. */
function trimsAfter(
  { retentionDays: before, trims = [] }: RoomRecord,
  { asOf: seq, retentionDays: days }: Pick<RoomRecord, 'asOf' | 'retentionDays'>,
): Pick<RoomRecord, 'trims'> {
  if (typeof days !== 'number' || (typeof before === 'number' && before <= days)) return {};
  return { trims: [...trims, { seq, days }] };
}

/** Notes that older messages were brought under all of these; where there are more meanwhile, all stay and are gone over again. */
export async function finishTrims(table: Table, room: RoomId, trims: readonly Trim[]): Promise<void> {
  await ignoreFailedCondition(
    table.update(chatKeys.room(room), {
      update: 'REMOVE #trims',
      condition: '#trims = :trims',
      names: { '#trims': 'trims' },
      values: { ':trims': trims },
    }),
  );
}

/** The rooms that exist among these. */
export async function batchGetRooms(
  table: Table,
  rooms: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, RoomRecord>> {
  const items = await table.batchGet(rooms.map(chatKeys.room));
  const records = items.filter((item) => !isDeleted(item)).map(toRoomRecord);
  return new Map(records.map((record) => [record.room, record]));
}

/** A page of the public rooms whose name begins with `prefix`, by name; a moment behind (an index). */
export async function pagePublicRooms(
  table: Table,
  page: {
    readonly limit: number;
    readonly prefix: string;
    readonly after?: { readonly room: RoomId; readonly name: string };
  },
): Promise<{ readonly records: readonly RoomRecord[]; readonly more: boolean }> {
  const { after, limit } = page;
  const prefix = sortedName(page.prefix);
  const { items, next } = await table.query({
    where: prefix ? 'gsi1pk = :rooms AND begins_with(gsi1sk, :prefix)' : 'gsi1pk = :rooms',
    values: { ':rooms': ownerKeys.publicRooms().gsi1pk, ...(prefix ? { ':prefix': prefix } : {}) },
    index: BY_OWNER,
    limit,
    ...(after === undefined
      ? {}
      : {
          from: { ...chatKeys.room(after.room), ...ownerKeys.publicRoom(sortedName(after.name), after.room) },
        }),
  });
  return { records: items.map(toRoomRecord), more: next !== undefined };
}
