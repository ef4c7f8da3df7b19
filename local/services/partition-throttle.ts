import { Bucket } from '../bucket.ts';
import type { CapacityUnits } from '../metrics/capacity.ts';
import type { NeededPermission, ServiceFault } from './call.ts';

export interface PartitionLimits {
  /** Units a second. */
  readonly write: number | undefined;
  readonly read: number | undefined;
}

type Kind = keyof PartitionLimits;

interface Partition {
  readonly key: string;
  readonly tableArn: string;
}

/** Beyond so many keys those that were not used lately are forgotten: they would be full again. */
const REMEMBERED = 10_000;
const WRITES = /^dynamodb:(?:Put|Update|Delete|BatchWrite|ConditionCheck)Item$/;
const TEXT =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so ' +
  'please try again shortly. If exceptions persist, check if you have a hot key: ' +
  'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html';

/**
 * What one partition gives in a second, taken for each partition key by itself: a partition may hold several, but one key
 * never has more. Units are estimated (see `unitsOf`), and charged when the answer is there, as a read is as large as
 * its answer.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-key-range-limit-exceeded-mitigation.html
 */
export class PartitionThrottle {
  readonly #limits: PartitionLimits;
  readonly #now: () => number;
  readonly #buckets: Readonly<Record<Kind, Map<string, Bucket>>> = { write: new Map(), read: new Map() };

  /** @param now milliseconds of a clock that does not go back */
  constructor(limits: PartitionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** What a call is answered that names a key without units left: a table on demand answers so. */
  check(operation: string, permissions: readonly NeededPermission[]): ServiceFault | undefined {
    const now = this.#now();
    for (const permission of permissions) {
      const kind: Kind = WRITES.test(permission.action) ? 'write' : 'read';
      for (const { key, tableArn } of partitionsOf(permission)) {
        const bucket = this.#bucket(kind, key, now);
        if (!bucket || bucket.level(now) > 0) continue;
        return operation.startsWith('Transact') ? CANCELED : hotKey(kind, tableArn);
      }
    }
    return undefined;
  }

  charge(permissions: readonly NeededPermission[], { writeUnits, readUnits }: CapacityUnits): void {
    const partitions = permissions.flatMap(partitionsOf);
    if (partitions.length === 0) return;
    const now = this.#now();
    for (const { key } of partitions) {
      if (writeUnits > 0) this.#bucket('write', key, now)?.charge(writeUnits / partitions.length, now);
      if (readUnits > 0) this.#bucket('read', key, now)?.charge(readUnits / partitions.length, now);
    }
  }

  #bucket(kind: Kind, key: string, now: number): Bucket | undefined {
    const limit = this.#limits[kind];
    if (limit === undefined) return undefined;
    const buckets = this.#buckets[kind];
    const known = buckets.get(key);
    if (known) return known;
    if (buckets.size >= REMEMBERED) {
      for (const [other, bucket] of buckets) if (bucket.level(now) >= limit) buckets.delete(other);
    }
    const bucket = new Bucket(limit, limit, now);
    buckets.set(key, bucket);
    return bucket;
  }
}

function partitionsOf({ resource, context }: NeededPermission): Partition[] {
  const keys = context?.()['dynamodb:LeadingKeys'] ?? [];
  return keys.map((key) => ({ key: `${resource} ${key}`, tableArn: resource }));
}

function hotKey(kind: Kind, tableArn: string): ServiceFault {
  const what = tableArn.includes('/index/') ? 'Index' : 'Table';
  const reason = `${what}${kind === 'write' ? 'Write' : 'Read'}KeyRangeThroughputExceeded`;
  const details = { throttlingReasons: [{ reason, resource: tableArn }] };
  return { status: 400, code: 'ThrottlingException', message: TEXT, details };
}

const CANCELED: ServiceFault = {
  status: 400,
  code: 'TransactionCanceledException',
  message: 'Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError]',
  details: { CancellationReasons: [{ Code: 'ThrottlingError', Message: TEXT }] },
};
