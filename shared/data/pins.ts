/** The pinned messages of a room, by number. What is no longer pinned stays for a while, so that a late repeat can't bring it back. */
import * as z from 'zod/mini';
import type { RoomId } from '../protocol/ids.ts';
import { chatKeys, PIN_PREFIX, paddedSeq, TTL_ATTRIBUTE } from './keys.ts';
import { ignoreFailedCondition, type Table } from './table.ts';

/** Longer than the stream keeps a record (24 hours). Milliseconds. */
const TOMBSTONE_MS = 7 * 24 * 60 * 60 * 1_000;

const Pin = z.object({ seq: z.int(), pinned: z.boolean() });

/**
 * Notes that a message is pinned, or no longer. What a later event made of it stays.
 *
 * @param asOf number of the event that says so.
 * @param until until when the message is kept, epoch seconds; for ever without it.
 * @param now epoch milliseconds.
 */
export async function putPin(
  table: Table,
  room: RoomId,
  {
    seq,
    pinned,
    asOf,
    until,
  }: {
    readonly seq: number;
    readonly pinned: boolean;
    readonly asOf: number;
    readonly until?: number | undefined;
  },
  now: number,
): Promise<void> {
  const ends = pinned ? until : Math.ceil((now + TOMBSTONE_MS) / 1_000);
  const end = ends === undefined ? {} : { [TTL_ATTRIBUTE]: ends };
  await ignoreFailedCondition(
    table.put(
      { ...chatKeys.pin(room, seq), seq, pinned, asOf, ...end },
      { condition: 'attribute_not_exists(pk) OR asOf < :asOf', values: { ':asOf': asOf } },
    ),
  );
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
