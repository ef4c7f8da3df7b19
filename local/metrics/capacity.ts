/** An estimate of the capacity that DynamoDB would meter, from the sizes of calls: the database itself tells none. */
import type { AwsCall } from '../services/call.ts';

export interface CapacityUnits {
  readonly writeUnits: number;
  readonly readUnits: number;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html */
const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;
/** An eventually consistent read costs half; which one a call is stays unread, so each counts as a whole. */
const WRITES = /^(?:Put|Update|Delete|BatchWrite|TransactWrite)Item/;
const READS = /^(?:Get|BatchGet|TransactGet)Item|^Query$|^Scan$/;
/** Each item of a transaction is read or written twice. */
const TRANSACTIONS = /^Transact/;

/**
 * Counts one write unit for each KiB of a writing request and one read unit for each 4 KiB of a reading answer, at least one a
 * call. Keys, expressions and JSON make it too high for a large call; a write to an item larger than the request, and
 * the copies in indexes, make it too low.
 */
export class CapacityMeter {
  #writeUnits = 0;
  #readUnits = 0;

  count({ service, operation }: AwsCall, status: number, requestBytes: number, responseBytes: number): void {
    if (service !== 'dynamodb') return;
    const { writeUnits, readUnits } = unitsOf(operation, status, requestBytes, responseBytes);
    this.#writeUnits += writeUnits;
    this.#readUnits += readUnits;
  }

  get units(): CapacityUnits {
    return { writeUnits: this.#writeUnits, readUnits: this.#readUnits };
  }
}

/** Of one call. A write whose condition fails is metered as one that succeeds. */
export function unitsOf(
  operation: string,
  status: number,
  requestBytes: number,
  responseBytes: number,
): CapacityUnits {
  const factor = TRANSACTIONS.test(operation) ? 2 : 1;
  const isWrite = status < 500 && WRITES.test(operation);
  const isRead = status < 400 && READS.test(operation);
  return {
    writeUnits: isWrite ? factor * units(requestBytes, WRITE_UNIT_BYTES) : 0,
    readUnits: isRead ? factor * units(responseBytes, READ_UNIT_BYTES) : 0,
  };
}

const units = (bytes: number, unit: number): number => Math.max(1, Math.ceil(bytes / unit));
