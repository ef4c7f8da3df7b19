/**
 * The head of a room, the one item that commits every event (docs/data-model.md, "The append"). Besides what is listed there it
 * holds, for the stretch of the log that is not settled yet, which changes of rights are in it: `changes`, in order, and in `moves` whom
 * each is about (strings, so that a condition can look for one). What each append has to know of the room's settings is in it too.
 */
import * as z from 'zod/mini';
import { type ClientId, Role, RoomId, RoomKind, Time, UserId } from '../protocol/ids.ts';
import { type Committed, type EventBody, toCommitted } from './events.ts';
import { chatKeys } from './keys.ts';
import { type Taken, takenOf } from './room-rate.ts';
import type { Item, Table } from './table.ts';

/** `<user>#<id>`: what an event is committed under, once (P3). User ids hold no `#`. */
export type AppendKey = `${string}#${string}`;

export function appendKey(user: UserId, id: ClientId): AppendKey {
  return `${user}#${id}`;
}

const isKey = (value: unknown): value is AppendKey => typeof value === 'string' && value.includes('#');
const Key = z.custom<AppendKey>(isKey);
/** Looked at as a whole: there may be a thousand, and each message reads its head's. */
const Keys = z.custom<readonly AppendKey[]>((value) => Array.isArray(value) && value.every(isKey));

/**
 * Keys as one text, in which `contains` finds the text of one of them: no key holds a space. A list of as many makes each write of its item
 * dearer wherever its elements are taken apart.
 */
export function keysText(keys: readonly AppendKey[]): string {
  return ` ${keys.join(' ')} `;
}

/** A change of someone's rights that is committed but perhaps not in the membership's item yet. */
const Change = z.object({
  /** Under which the change was committed: its place in `pending` gives its number. */
  key: Key,
  type: z.enum([
    'room.created',
    'room.updated',
    'room.deleted',
    'member.joined',
    'member.left',
    'member.removed',
    'member.unbanned',
    'member.updated',
  ]),
  member: UserId,
  banned: z.optional(z.boolean()),
  role: z.optional(Role),
  mutedUntil: z.optional(z.nullable(Time)),
});
export type Change = z.infer<typeof Change>;

/** What an append has to know of the room, as the newest event about it says. */
const Marks = z.object({
  kind: z.optional(RoomKind),
  /** Seconds between two messages of one member; absent: none. */
  slow: z.optional(z.int()),
  /** Days that messages are kept; null or absent: the room has no rule of its own. */
  retention: z.optional(z.nullable(z.int())),
  deleted: z.optional(z.boolean()),
  /** The two of a direct room, in order. */
  pair: z.optional(z.tuple([UserId, UserId])),
});
/** The two of a direct room, in order. */
export type Pair = readonly [UserId, UserId];
export interface Marks {
  readonly kind?: RoomKind;
  readonly slow?: number;
  readonly retention?: number | null;
  readonly deleted?: boolean;
  readonly pair?: Pair;
}

const StoredHead = z.object({
  pk: z.string(),
  seq: z.int(),
  n: z.int(),
  settled: z.int(),
  before: z.int(),
  guard: z.int(),
  pending: Keys,
  changes: z.array(Change),
  owners: z.array(UserId),
  message: z.optional(z.int()),
  called: z.optional(z.int()),
  calledBy: z.optional(UserId),
  last: z.record(z.string(), z.unknown()),
  ...Marks.shape,
});

/** A committed change with its number. */
export interface NumberedChange extends Change {
  readonly seq: number;
}

/** The head as it stood at one moment. */
export interface Head extends Marks {
  readonly room: RoomId;
  /** Number of the newest event. */
  readonly seq: number;
  /** Messages so far. */
  readonly n: number;
  /** Every event up to this number is stored, claimed, and has had its effect. */
  readonly settled: number;
  /** What `settled` was before it last moved. The item holds the keys of the events `before + 1 … settled`, too, as `recent`. */
  readonly before: number;
  /** Raised by each withdrawal of rights and each change of settings. */
  readonly guard: number;
  /** Keys of the events `settled + 1 … seq`, in order. */
  readonly pending: readonly AppendKey[];
  /** The changes of rights among them, in order. */
  readonly changes: readonly NumberedChange[];
  readonly owners: readonly UserId[];
  /** Number of the newest message. */
  readonly message?: number;
  /** Number and author of the newest message that mentions the whole room. */
  readonly called?: { readonly seq: number; readonly by: UserId };
  /** What the room took in seconds that were counted lately. */
  readonly taken: Taken;
  /** The newest event. */
  readonly last: Committed;
}

const ROOM_PARTITION_PREFIX = chatKeys.room('' as RoomId).pk;

/** Stored → domain: also the image of a head in a stream record. */
export function toHead(item: unknown): Head {
  const { pk, last, changes, message, called, calledBy, ...stored } = z.parse(StoredHead, item);
  const { kind, slow, retention, deleted, pair, ...head } = stored;
  return {
    ...head,
    ...(kind === undefined ? {} : { kind }),
    ...(slow === undefined ? {} : { slow }),
    ...(retention === undefined ? {} : { retention }),
    ...(deleted === undefined ? {} : { deleted }),
    ...(pair === undefined ? {} : { pair }),
    room: z.parse(RoomId, pk.slice(ROOM_PARTITION_PREFIX.length)),
    taken: takenOf(item as object),
    ...(message === undefined ? {} : { message }),
    ...(called === undefined || calledBy === undefined ? {} : { called: { seq: called, by: calledBy } }),
    changes: changes.map((change) => ({
      ...change,
      seq: head.settled + 1 + head.pending.indexOf(change.key),
    })),
    last: toCommitted({ ...last, seq: head.seq, n: head.n }),
  };
}

export async function getHead(table: Table, room: RoomId): Promise<Head | undefined> {
  const item = await table.get(chatKeys.head(room));
  return item && toHead(item);
}

/** The heads of those among these rooms that exist and are not deleted. */
export async function batchGetHeads(
  table: Table,
  rooms: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, Head>> {
  const items = await table.batchGet(rooms.map(chatKeys.head));
  const heads = items.map(toHead).filter((head) => !head.deleted);
  return new Map(heads.map((head) => [head.room, head]));
}

/** The number under which a key is committed and not settled yet. */
export function pendingSeq(head: Head, key: AppendKey): number | undefined {
  const index = head.pending.indexOf(key);
  return index === -1 ? undefined : head.settled + 1 + index;
}

/** What an event changes in someone's rights; `undefined` for messages and what happens to them. */
export function changeOf(body: EventBody, user: UserId, key: AppendKey): Change | undefined {
  switch (body.type) {
    case 'room.created':
      // The two of a direct room have no more rights than each other.
      return { key, type: body.type, member: user, ...(body.kind === 'direct' ? { role: 'member' } : {}) };
    case 'room.updated':
    case 'room.deleted':
      return { key, type: body.type, member: user };
    case 'member.left':
    case 'member.unbanned':
      return { key, type: body.type, member: body.member };
    case 'member.removed':
      return { key, type: body.type, member: body.member, banned: body.banned };
    case 'member.joined':
    case 'member.updated':
      return {
        key,
        type: body.type,
        member: body.member,
        ...(body.role === undefined ? {} : { role: body.role }),
        ...(body.mutedUntil === undefined ? {} : { mutedUntil: body.mutedUntil }),
      };
    default:
      return undefined;
  }
}

/** In `moves` for a change that is about the whole room: no user is called that. */
export const WHOLE_ROOM = '*';

/** Whom a change is about, as `moves` holds it. */
export function moveOf(change: Change): string {
  return change.type === 'room.updated' || change.type === 'room.deleted' ? WHOLE_ROOM : change.member;
}

/**
 * Whether a change takes rights away or alters what they depend on, so that `guard` has to rise. Who joins takes nothing from anyone:
 * many may join at once without disturbing each other or those who write. One more owner changes what the others may do.
 */
export function raisesGuard(change: Change): boolean {
  return change.type !== 'member.joined' || change.role === 'owner';
}

/** What an event makes the head hold of the room's settings. */
export function marksOf(body: EventBody): Omit<Marks, 'pair'> {
  if (body.type === 'room.deleted') return { deleted: true };
  if (body.type !== 'room.created' && body.type !== 'room.updated') return {};
  const { kind, slowModeSeconds: slow } = body;
  const retention = body.type === 'room.updated' ? body.retentionDays : undefined;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(slow === undefined ? {} : { slow }),
    ...(retention === undefined ? {} : { retention }),
  };
}

/** Who owns the room after a change. */
export function ownersAfter(owners: readonly UserId[], change: Omit<Change, 'key'>): readonly UserId[] {
  const others = owners.filter((owner) => owner !== change.member);
  switch (change.type) {
    case 'room.created':
      return change.role === 'member' ? [] : [change.member];
    case 'member.joined':
      return change.role === 'owner' ? [...others, change.member] : owners;
    case 'member.left':
    case 'member.removed':
      return others;
    case 'member.updated':
      if (change.role === undefined) return owners;
      return change.role === 'owner' ? [...others, change.member] : others;
    default:
      return owners;
  }
}

/**
 * An event as `last` holds it, with how long it is kept: without its number and `n`, which the head's own `seq` and `n` are. The author
 * of an append cannot know them before the write.
 */
export function lastOf(
  body: EventBody,
  by: { user: UserId; at: string; id?: ClientId },
  kept: Pick<Committed, 'expiresAt' | 'textUntil'> = {},
): object {
  return { ...body, user: by.user, at: by.at, ...(by.id === undefined ? {} : { id: by.id }), ...kept };
}

/** The head of a new room: its first event is committed by putting it. */
export function firstHeadItem(
  room: RoomId,
  first: {
    readonly body: EventBody;
    readonly user: UserId;
    readonly at: string;
    readonly key: AppendKey;
    readonly pair?: Pair;
  },
): Item {
  const change = changeOf(first.body, first.user, first.key);
  return {
    ...chatKeys.head(room),
    op: APPENDED,
    seq: 1,
    n: 0,
    settled: 0,
    before: 0,
    recent: keysText([]),
    guard: 1,
    pending: [first.key],
    changes: change ? [change] : [],
    moves: change ? [moveOf(change)] : [],
    owners: change ? ownersAfter([], change) : [],
    last: lastOf(first.body, first),
    ...marksOf(first.body),
    ...(first.pair ? { pair: first.pair } : {}),
  };
}

/** Value of `op` on a write that committed an event: what the readers of the stream filter on. */
export const APPENDED = 'append';
/** Value of `op` on a write that only moved `settled`. */
export const SETTLED = 'settle';
