/** The claims `ID#<user>#<client id>`: which number an `id` got, for as long as it must not make a second event (P3). */
import * as z from 'zod/mini';
import type { RoomId } from '../protocol/ids.ts';
import type { AppendKey } from './heads.ts';
import { chatKeys, TTL_ATTRIBUTE } from './keys.ts';
import type { Item, Table } from './table.ts';

/** P3: within 24 hours of the event. Milliseconds. */
export const CLAIM_LIFE_MS = 24 * 60 * 60 * 1000;

const Claim = z.object({ seq: z.int() });

/** The number that an id got, if it got one and the claim still holds. */
export async function getClaim(table: Table, room: RoomId, key: AppendKey): Promise<number | undefined> {
  const item = await table.get(chatKeys.claim(room, key));
  return item && z.parse(Claim, item).seq;
}

/** Until when an id that an event used up at `at` must not make another, epoch seconds. */
export function claimEnds(at: string): number {
  return Math.ceil((Date.parse(at) + CLAIM_LIFE_MS) / 1000);
}

/** @param at time of the event, from which the claim's life counts. */
export function claimItem(room: RoomId, key: AppendKey, { seq, at }: { seq: number; at: string }): Item {
  return {
    ...chatKeys.claim(room, key),
    seq,
    [TTL_ATTRIBUTE]: claimEnds(at),
  };
}
