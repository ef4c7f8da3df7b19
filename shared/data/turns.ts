/** The turn items: when a member last spoke in a room with slow mode. Not part of the membership, which a rejoining makes anew. */
import * as z from 'zod/mini';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { AppendKey } from './heads.ts';
import { chatKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

/** Longer than the longest slow mode, an hour, so that a turn counts also after slow mode was made longer. Milliseconds. */
const TURN_LIFE_MS = 2 * 60 * 60 * 1000;

const Stored = z.object({ at: z.number() });

/**
 * Takes a member's turn for one message, by one conditional write: of two messages at once only one gets it. The message that has
 * it already, which is sent again, gets it anew.
 *
 * @param turn.at epoch milliseconds.
 * @param turn.gapMs between this member's last turn and this one, at least.
 * @returns 0 where the turn is taken, else the milliseconds until there is one to take.
 */
export async function takeTurn(
  table: Table,
  turn: {
    readonly room: RoomId;
    readonly user: UserId;
    readonly key: AppendKey;
    readonly at: number;
    readonly gapMs: number;
  },
): Promise<number> {
  const { room, user, key, at, gapMs } = turn;
  try {
    await table.put(
      { ...chatKeys.turn(room, user), at, key, [TTL_ATTRIBUTE]: Math.ceil((at + TURN_LIFE_MS) / 1000) },
      {
        condition: 'attribute_not_exists(pk) OR #at <= :latest OR #key = :key',
        names: { '#at': 'at', '#key': 'key' },
        values: { ':latest': at - gapMs, ':key': key },
      },
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.item ? z.parse(Stored, error.item).at + gapMs - at : gapMs;
  }
}
