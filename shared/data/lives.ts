/** How long what belongs to a message is kept: its own item, the texts of its edits, its pin. */
import type { RoomId } from '../protocol/ids.ts';
import { chatKeys, type Key, TTL_ATTRIBUTE } from './keys.ts';
import { ignoreFailedCondition, type Table } from './table.ts';

/** When a message ends, and what ends with it. */
export interface Ends {
  readonly seq: number;
  /** Epoch seconds. */
  readonly until: number;
  /** Numbers of its edits. */
  readonly edits: readonly number[];
  readonly pinned: boolean;
}

/** Lets an event, and what belongs to it where it is a message, end sooner. What ends sooner already stays as it is. */
export async function shortenLives(
  table: Table,
  room: RoomId,
  { seq, until, edits, pinned }: Ends,
): Promise<void> {
  // The message last: it says what is left to do for who begins anew.
  await Promise.all([
    ...edits.map((edit) => shorten(table, chatKeys.event(room, edit), 'textUntil', until)),
    ...(pinned ? [shorten(table, chatKeys.pin(room, seq), TTL_ATTRIBUTE, until)] : []),
  ]);
  await shorten(table, chatKeys.event(room, seq), TTL_ATTRIBUTE, until, ', shortened = :true');
}

async function shorten(table: Table, key: Key, attribute: string, until: number, also = ''): Promise<void> {
  await ignoreFailedCondition(
    table.update(key, {
      update: `SET #end = :until${also}`,
      condition: 'attribute_exists(pk) AND (attribute_not_exists(#end) OR #end > :until)',
      names: { '#end': attribute },
      values: { ':until': until, ...(also === '' ? {} : { ':true': true }) },
    }),
  );
}
