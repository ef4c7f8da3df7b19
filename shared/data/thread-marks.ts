/** How far users have read threads: a mark for each, which moves forward only. */
import * as z from 'zod/mini';
import type { RoomId, UserId } from '../protocol/ids.ts';
import { chatKeys } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

const Stored = z.object({ sk: z.string(), seq: z.int() });

interface Place {
  readonly user: UserId;
  readonly room: RoomId;
  /** Number of the message that the thread began with. */
  readonly root: number;
}

/** Moves a mark to a number, in one write. @returns where it is now. */
export async function moveThreadMark(
  table: Table,
  { user, room, root, seq }: Place & { readonly seq: number },
): Promise<number> {
  try {
    await table.update(chatKeys.threadMark(user, room, root), {
      update: 'SET #seq = :seq',
      condition: 'attribute_not_exists(pk) OR #seq < :seq',
      names: { '#seq': 'seq' },
      values: { ':seq': seq },
    });
    return seq;
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.item) throw error;
    return z.parse(Stored, error.item).seq;
  }
}

/** The marks that there are for these places, by the sort key of each; strongly consistent. */
export async function batchGetThreadMarks(
  table: Table,
  places: readonly Place[],
): Promise<(place: Place) => number | undefined> {
  const keyOf = ({ user, room, root }: Place) => chatKeys.threadMark(user, room, root);
  const items = await table.batchGet(places.map(keyOf));
  const marks = new Map(items.map((item) => [`${item.pk} ${item.sk}`, z.parse(Stored, item).seq]));
  return (place) => marks.get(`${keyOf(place).pk} ${keyOf(place).sk}`);
}
