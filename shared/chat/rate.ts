/**
 * Rate buckets: one item of a table each, spent from by one conditional write.
 *
 * A bucket is the generic cell rate algorithm (GCRA; ITU-T I.371, as "virtual scheduling"). The item holds `tat`, the theoretical
 * arrival time of the next use. With `interval` milliseconds between uses on average and `burst` at once, a use at `now` conforms
 * if `tat <= now + (burst - 1) * interval`, and then `tat = max(tat, now) + interval`. DynamoDB has no `max`, so the write is one
 * of two, each under its own condition: after a pause (`tat <= now`) or within a burst (`tat > now`). Which one, a warm handler
 * knows from the last item it saw; a wrong guess costs a second call, never a wrong decision.
 *
 * The same write counts what spam is known by (charge.ts), so that neither costs a call of its own.
 */
import { type connectionKeys, TTL_ATTRIBUTE } from '../data/keys.ts';
import { ConditionFailed, type Item, type Table, type Update } from '../data/table.ts';
import { ParleyError } from '../protocol/errors.ts';
import { type Charge, countCharges, refuseCharges } from './charge.ts';

export interface RateLimit {
  /** Uses a minute on average. */
  readonly perMinute: number;
  /** Uses at once after a pause. */
  readonly burst: number;
}

/** A use of a bucket. */
export interface Use {
  /** The bucket's item, in Connections: what it holds is of no use after an hour. */
  readonly key: ReturnType<(typeof connectionKeys)['connection' | 'userRate' | 'addressRate']>;
  /** What cannot be done where the bucket is empty: `unable to <operation>; <reason>`. */
  readonly operation: string;
  readonly reason: string;
  /** What else the item has to be; `:now` is known to it. */
  readonly condition?: string;
  /** Until when the item is kept, epoch seconds; as long as it was to be without. */
  readonly expiresAt?: number;
  readonly charges?: readonly Charge[];
  /** Throws where the item, or that there is none, refuses the use for another reason than the limit. */
  check?(item: Item | undefined): void;
}

export interface RateBuckets {
  /**
   * Spends one use.
   *
   * @param now epoch milliseconds.
   * @returns the item after it.
   * @throws {ParleyError} `rate_limited` with `retryAfterMs`; what `check` throws; `unavailable` where the bucket moved too often to
   *   be read.
   */
  spend(table: Table, now: number, use: Use): Promise<Item>;
  /** The item as this environment saw it last: for guesses, never for a decision. */
  recall(partition: string): Item | undefined;
}

/** Buckets that a warm handler remembers; the one that was not used for longest goes first. */
const MAX_REMEMBERED = 10_000;
/** A bucket is read wrongly once when guessed, and once more when another use passes between; more is a storm. */
const ATTEMPTS = 4;

export function createRateBuckets({ perMinute, burst }: RateLimit): RateBuckets {
  // Whole microseconds, so that the stored decimal stays short however often it is added.
  const interval = Math.max(1, Math.round(60_000_000 / perMinute)) / 1_000;
  const tolerance = (burst - 1) * interval;
  const remembered = new Map<string, Item>();

  function remember(partition: string, item: Item | undefined): void {
    remembered.delete(partition);
    if (!item) return;
    remembered.set(partition, item);
    if (remembered.size <= MAX_REMEMBERED) return;
    const oldest = remembered.keys().next();
    if (!oldest.done) remembered.delete(oldest.value);
  }

  function refuseOverLimit(
    item: Item | undefined,
    now: number,
    { operation, reason, charges = [] }: Use,
  ): void {
    const wait = tatOf(item) - tolerance - now;
    if (wait > 0) {
      throw new ParleyError('rate_limited', operation, reason, { retryAfterMs: Math.ceil(wait) });
    }
    refuseCharges(charges, item, now);
  }

  function updateOf(now: number, paused: boolean, use: Use): Update {
    const { key, condition, expiresAt, charges = [] } = use;
    const count = countCharges(charges, remembered.get(key.pk), now);
    const kept = expiresAt === undefined ? '' : `, ${TTL_ATTRIBUTE} = :expiresAt`;
    const conditions = [
      condition,
      paused ? '(attribute_not_exists(tat) OR tat <= :now)' : 'tat > :now AND tat <= :latest',
      ...count.conditions,
    ];
    return {
      update: [`SET tat = ${paused ? ':next' : 'tat + :interval'}${kept}`, ...count.clauses].join(' '),
      condition: conditions.filter((one) => one !== undefined).join(' AND '),
      // DynamoDB takes no empty list of names.
      ...(count.names.size === 0 ? {} : { names: Object.fromEntries(count.names) }),
      values: {
        ':now': now,
        ...(paused ? { ':next': now + interval } : { ':interval': interval, ':latest': now + tolerance }),
        ...(expiresAt === undefined ? {} : { ':expiresAt': expiresAt }),
        ...Object.fromEntries(count.values),
      },
      returns: 'ALL_NEW',
    };
  }

  return {
    async spend(table, now, use) {
      const { pk } = use.key;
      const memory = remembered.get(pk);
      // A flood is refused from memory: what is stored is at least as late, and counts at least as much.
      if (memory) refuseOverLimit(memory, now, use);
      let paused = tatOf(memory) <= now;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        try {
          const item = await table.update(use.key, updateOf(now, paused, use));
          if (!item) throw new Error('the table gave back no item after an update');
          remember(pk, item);
          return item;
        } catch (error) {
          if (!(error instanceof ConditionFailed)) throw error;
          const { item } = error;
          remember(pk, item);
          use.check?.(item);
          refuseOverLimit(item, now, use);
          paused = tatOf(item) <= now;
        }
      }
      throw new ParleyError('unavailable', use.operation, 'too much came at the same moment; send it again');
    },

    recall: (partition) => remembered.get(partition),
  };
}

function tatOf(item: Item | undefined): number {
  return typeof item?.tat === 'number' ? item.tat : 0;
}
