/** The pinned messages of a room, by number. What is no longer pinned stays for a while, so that a late repeat can't bring it back. */
import * as z from 'zod/mini';
import type { RoomId } from '../protocol/ids.ts';
import { chatKeys, PIN_PREFIX, paddedSeq, TTL_ATTRIBUTE } from './keys.ts';
import { type Item, ignoreFailedCondition, type Table } from './table.ts';

/** Longer than the stream keeps a record (24 hours). Milliseconds. */
const TOMBSTONE_MS = 7 * 24 * 60 * 60 * 1_000;

const Pin = z.object({ seq: z.int(), pinned: z.boolean() });

export interface NewPin {
  /** Number of the message. */
  readonly seq: number;
  readonly pinned: boolean;
  /** Number of the event that says so. */
  readonly asOf: number;
  /** Until when the message is kept, epoch seconds; for ever without it. */
  readonly until?: number | undefined;
}

/** Domain → stored. */
function pinItem(room: RoomId, { seq, pinned, asOf, until }: NewPin, now: number): Item {
  const ends = pinned ? until : Math.ceil((now + TOMBSTONE_MS) / 1_000);
  return {
    ...chatKeys.pin(room, seq),
    seq,
    pinned,
    asOf,
    ...(ends === undefined ? {} : { [TTL_ATTRIBUTE]: ends }),
  };
}

/** Notes that a message is pinned, or no longer. What a later event made of it stays. @param now epoch milliseconds. */
export async function putPin(table: Table, room: RoomId, pin: NewPin, now: number): Promise<void> {
  await isWritten(
    table.put(pinItem(room, pin, now), {
      condition: 'attribute_not_exists(pk) OR asOf < :asOf',
      values: { ':asOf': pin.asOf },
    }),
  );
}

const PinRecord = z.extend(Pin, { asOf: z.int(), [TTL_ATTRIBUTE]: z.optional(z.int()) });
export type PinRecord = z.infer<typeof PinRecord>;

/** All pins of messages between two numbers, both included, and what is left of pins that were taken away. */
export async function listPinRecords(
  table: Table,
  room: RoomId,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly PinRecord[]> {
  const items = await table.queryAll({
    where: 'pk = :pk AND sk BETWEEN :first AND :last',
    values: {
      ':pk': chatKeys.pin(room, 0).pk,
      ':first': chatKeys.pin(room, from).sk,
      ':last': chatKeys.pin(room, to).sk,
    },
    expired: true,
  });
  return items.map((item) => z.parse(PinRecord, item));
}

/** Replaces a pin that is still as of the event `before`. @returns whether it was. @param now epoch milliseconds. */
export async function replacePin(
  table: Table,
  room: RoomId,
  pin: NewPin,
  before: number | undefined,
  now: number,
): Promise<boolean> {
  const condition =
    before === undefined
      ? { condition: 'attribute_not_exists(pk)' }
      : { condition: 'asOf = :before', values: { ':before': before } };
  return isWritten(table.put(pinItem(room, pin, now), condition));
}

/** Numbers of a page of a room's pinned messages, the newest messages first; those before number `before`. */
export async function pagePins(
  table: Table,
  room: RoomId,
  { limit, before }: { readonly limit: number; readonly before: number },
): Promise<{ readonly seqs: readonly number[]; readonly more: boolean }> {
  const seqs: number[] = [];
  let from: Readonly<Record<string, unknown>> | undefined;
  do {
    const { items, next } = await table.query({
      where: 'pk = :pk AND sk BETWEEN :first AND :last',
      values: {
        ':pk': chatKeys.pin(room, 0).pk,
        ':first': PIN_PREFIX,
        ':last': `${PIN_PREFIX}${paddedSeq(before - 1)}`,
      },
      descending: true,
      limit: limit + 1 - seqs.length,
      ...(from ? { from } : {}),
    });
    seqs.push(...items.map((item) => z.parse(Pin, item)).flatMap((pin) => (pin.pinned ? [pin.seq] : [])));
    from = next;
  } while (from && seqs.length <= limit);
  return { seqs: seqs.slice(0, limit), more: seqs.length > limit };
}

async function isWritten(write: Promise<void>): Promise<boolean> {
  return (await ignoreFailedCondition(write.then(() => true))) ?? false;
}
