/** The event items of a room's log, `E#<seq>`: what was committed, as it was committed. */
import * as z from 'zod/mini';
import { RoomEvent } from '../protocol/events.ts';
import { MAX_SEQ, type RoomId } from '../protocol/ids.ts';
import { BY_OWNER, chatKeys, EVENT_PREFIX, ownerKeys, paddedSeq, TTL_ATTRIBUTE } from './keys.ts';
import { MessageState, type StoredMessage } from './message-state.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

/** What an author brings; number, time, `n` and author are the service's (P7). */
export type EventBody = Body<RoomEvent>;
type Body<E> = E extends RoomEvent ? Omit<E, 'seq' | 'at' | 'n' | 'user' | 'id'> : never;

/** An event of the log, and how many messages the room had with it. */
export interface Committed {
  readonly event: RoomEvent;
  readonly n: number;
  /** Of a message: what later events made of it, as far as they are applied. */
  readonly state?: MessageState | undefined;
  /** Until when it is kept, epoch seconds; for ever without it. */
  readonly expiresAt?: number | undefined;
  /** Of an edit: until when the message is kept that has this text, epoch seconds. */
  readonly textUntil?: number | undefined;
  /** Whether it was brought under a shorter retention than it was sent under: its words in the search have the end of that. */
  readonly shortened?: boolean | undefined;
}

const Beside = z.object({
  n: z.int(),
  state: z.optional(MessageState),
  [TTL_ATTRIBUTE]: z.optional(z.int()),
  textUntil: z.optional(z.int()),
  shortened: z.optional(z.boolean()),
});

/** Stored → domain, from an event item or any object with an event's fields. */
export function toCommitted(stored: unknown): Committed {
  return { event: z.parse(RoomEvent, stored), ...z.parse(Beside, stored) };
}

/** Domain → stored. Replies are listed by their thread. */
export function eventItem(room: RoomId, { event, n, expiresAt, textUntil }: Committed): Item {
  const thread = event.type === 'message.created' ? event.thread : undefined;
  const listed = thread === undefined ? {} : ownerKeys.reply(room, thread, event.seq);
  return {
    ...chatKeys.event(room, event.seq),
    ...listed,
    ...event,
    n,
    ...(expiresAt === undefined ? {} : { [TTL_ATTRIBUTE]: expiresAt }),
    ...(textUntil === undefined ? {} : { textUntil }),
  };
}

export function isMessage(committed: Committed): committed is StoredMessage {
  return committed.event.type === 'message.created';
}

/**
 * Stores a committed event where it is not stored yet. What is there already is the same event, perhaps changed by later ones,
 * so it stays.
 */
export async function putEvent(table: Table, room: RoomId, committed: Committed): Promise<void> {
  try {
    await table.put(eventItem(room, committed), { condition: 'attribute_not_exists(pk)' });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

export async function getEvent(
  table: Table,
  room: RoomId,
  seq: number,
  options: { readonly expired?: boolean } = {},
): Promise<Committed | undefined> {
  const item = await table.get(chatKeys.event(room, seq), options);
  return item && toCommitted(item);
}

/** The events that are stored among these, by room. */
export async function batchGetEvents(
  table: Table,
  places: readonly { readonly room: RoomId; readonly seq: number }[],
): Promise<ReadonlyMap<RoomId, Committed>> {
  const keys = places.map(({ room, seq }) => chatKeys.event(room, seq));
  const items = new Map((await table.batchGet(keys)).map((item) => [item.pk, item]));
  return new Map(
    places.flatMap(({ room }, index) => {
      const item = items.get(keys[index]?.pk ?? '');
      return item ? [[room, toCommitted(item)] as const] : [];
    }),
  );
}

/** The events of one room that are stored among these numbers, in no order. */
export async function batchGetEventsOf(
  table: Table,
  room: RoomId,
  seqs: readonly number[],
): Promise<readonly Committed[]> {
  return (await table.batchGet(seqs.map((seq) => chatKeys.event(room, seq)))).map(toCommitted);
}

/** Numbers of a stretch of the log, both ends included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

function stretchQuery(room: RoomId, { from, to }: Stretch) {
  return {
    where: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: {
      ':pk': chatKeys.event(room, from).pk,
      ':from': `${EVENT_PREFIX}${paddedSeq(from)}`,
      ':to': `${EVENT_PREFIX}${paddedSeq(Math.min(to, MAX_SEQ))}`,
    },
  };
}

/**
 * Up to `limit` stored events of a stretch, in the order asked for; a number may be missing. `end`: no more after these.
 *
 * @param options.expired whether those are wanted, too, whose time is over and that are there still.
 */
export async function queryEvents(
  table: Table,
  room: RoomId,
  stretch: Stretch,
  options: { readonly limit: number; readonly descending?: boolean; readonly expired?: boolean },
): Promise<{ readonly events: readonly Committed[]; readonly end: boolean }> {
  if (stretch.from > stretch.to) return { events: [], end: true };
  const page = await table.query({ ...stretchQuery(room, stretch), ...options });
  return { events: page.items.map(toCommitted), end: page.next === undefined };
}

/** All stored events of a stretch, ascending; a number may be missing. @param options as of `queryEvents`. */
export async function queryAllEvents(
  table: Table,
  room: RoomId,
  stretch: Stretch,
  options: { readonly expired?: boolean } = {},
): Promise<Committed[]> {
  if (stretch.from > stretch.to) return [];
  return (await table.queryAll({ ...stretchQuery(room, stretch), ...options })).map(toCommitted);
}

/** Numbers of the events of a stretch that are stored. */
export async function listStoredSeqs(table: Table, room: RoomId, stretch: Stretch): Promise<Set<number>> {
  const items = await table.queryAll({ ...stretchQuery(room, stretch), keysOnly: true });
  return new Set(items.map(({ sk }) => Number(sk.slice(EVENT_PREFIX.length))));
}

/** Numbers of a thread's replies, the newest first, those before number `before`; a moment behind (an index). */
export async function pageReplies(
  table: Table,
  room: RoomId,
  { root, before, limit }: { readonly root: number; readonly before: number; readonly limit: number },
): Promise<readonly number[]> {
  const replies = await queryReplies(table, room, { root, after: 0, before, limit });
  return replies.map(({ event }) => event.seq);
}

/** A thread's replies between two numbers, the newest first; a moment behind (an index). */
export async function queryReplies(
  table: Table,
  room: RoomId,
  range: { readonly root: number; readonly after: number; readonly before: number; readonly limit: number },
): Promise<readonly Committed[]> {
  const { root, after, before, limit } = range;
  if (before - after < 2) return [];
  const { gsi1pk, gsi1sk } = ownerKeys.reply(room, root, after + 1);
  const { items } = await table.query({
    where: 'gsi1pk = :thread AND gsi1sk BETWEEN :first AND :last',
    values: { ':thread': gsi1pk, ':first': gsi1sk, ':last': paddedSeq(Math.min(before, MAX_SEQ) - 1) },
    index: BY_OWNER,
    descending: true,
    limit,
  });
  return items.map(toCommitted);
}

/** A page of the messages that threads of a room began with, the newest reply first, those before number `before`; a moment behind. */
export async function pageThreads(
  table: Table,
  room: RoomId,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<{ readonly roots: readonly StoredMessage[]; readonly more: boolean }> {
  const { items, next } = await table.query({
    where: 'gsi1pk = :threads AND gsi1sk < :before',
    values: { ':threads': ownerKeys.threads(room).gsi1pk, ':before': paddedSeq(before) },
    index: BY_OWNER,
    descending: true,
    limit,
  });
  return { roots: items.map(toCommitted).filter(isMessage), more: next !== undefined };
}
