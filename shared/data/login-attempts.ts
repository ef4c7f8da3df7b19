/** What was tried lately to log in under a name: `LANE` items count failures, `SOURCE` items say from where it was the right one. */
import * as z from 'zod/mini';
import { chatKeys, TTL_ATTRIBUTE } from './keys.ts';
import { ConditionFailed, type Table } from './table.ts';

/** A name and one of the ways to it, both as hashes. */
export interface LanePlace {
  readonly name: string;
  readonly lane: string;
}

const StoredLane = z.object({
  failures: z.int(),
  /** Epoch milliseconds. */
  notBefore: z.optional(z.number()),
  /** Epoch seconds. */
  expiresAt: z.int(),
});
/** The failures of one lane, as they stand. */
export type Lane = z.infer<typeof StoredLane>;

const NAMES = { '#expires': TTL_ATTRIBUTE } as const;

/**
 * Counts one more failure where there were fewer than `below`. A sum is exact whoever else adds to it.
 *
 * @param expiresAt epoch seconds; `now` epoch seconds.
 * @returns undefined where it was counted, else the lane as it stands.
 */
export async function addFailure(
  chat: Table,
  { name, lane }: LanePlace,
  count: { readonly below: number; readonly expiresAt: number; readonly now: number },
): Promise<Lane | undefined> {
  try {
    await chat.update(chatKeys.loginLane(name, lane), {
      update: 'ADD failures :one SET #expires = :expires',
      condition: 'attribute_not_exists(pk) OR (failures < :below AND #expires > :now)',
      names: NAMES,
      values: { ':one': 1, ':below': count.below, ':expires': count.expiresAt, ':now': count.now },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return z.parse(StoredLane, error.item);
  }
}

/**
 * Puts the next state of a lane in the place of the one that was seen: of all who saw the same, one can.
 *
 * @returns undefined where that was this one, else the lane as it stands; with no failures where it is gone.
 */
export async function replaceLane(
  chat: Table,
  { name, lane }: LanePlace,
  seen: Lane,
  next: Lane,
): Promise<Lane | undefined> {
  try {
    await chat.put(
      { ...chatKeys.loginLane(name, lane), ...next },
      {
        condition: 'failures = :failures AND #expires = :expires',
        names: NAMES,
        values: { ':failures': seen.failures, ':expires': seen.expiresAt },
      },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.item ? z.parse(StoredLane, error.item) : { failures: 0, expiresAt: 0 };
  }
}

/** Takes back one failure that was none. */
export async function takeFailureBack(chat: Table, { name, lane }: LanePlace): Promise<void> {
  try {
    await chat.update(chatKeys.loginLane(name, lane), {
      update: 'SET failures = failures - :one',
      condition: 'failures > :none',
      values: { ':one': 1, ':none': 0 },
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

export async function forgetLane(chat: Table, { name, lane }: LanePlace): Promise<void> {
  await chat.delete(chatKeys.loginLane(name, lane));
}

export async function isKnownSource(chat: Table, name: string, source: string): Promise<boolean> {
  return (await chat.get(chatKeys.knownSource(name, source))) !== undefined;
}

/** @param expiresAt epoch seconds. */
export async function putKnownSource(
  chat: Table,
  name: string,
  source: string,
  expiresAt: number,
): Promise<void> {
  await chat.put({ ...chatKeys.knownSource(name, source), [TTL_ATTRIBUTE]: expiresAt });
}

/** Forgets all that was tried under a name. */
export async function forgetAttempts(chat: Table, name: string): Promise<void> {
  const { pk } = chatKeys.loginLane(name, '');
  const items = await chat.queryAll({ where: 'pk = :pk', values: { ':pk': pk } });
  await Promise.all(items.map(({ pk, sk }) => chat.delete({ pk, sk })));
}
