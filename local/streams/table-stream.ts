import type { TableModel } from '../assembly/model.ts';
import { type DatabaseRecord, keyText, type ReadRecord, recordConverter } from './record.ts';
import type { StreamSource } from './stream-source.ts';

/** `immediate`: as soon as a write is known. `aws`: four times a second, as Lambda polls a shard. */
export type StreamPolling = 'immediate' | 'aws';

export interface SequencedRecord {
  /** The database's own number, one more for each record of the table. */
  readonly sequence: number;
  readonly record: ReadRecord;
}

export interface StreamConsumer {
  /** Takes the next records, in order; those up to `after` are known to it. */
  deliver(records: readonly SequencedRecord[]): void;
  /** Records up to this one are not needed any more, also after a crash. */
  readonly safe: number;
  /** Reading pauses while this many records wait. */
  readonly waiting: number;
  /** Whether its records wait for others in any case: a batching window. */
  readonly isPatient: boolean;
}

/** Lambda polls a shard four times a second: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const AWS_POLL_MS = 250;
/** For writes that did not come through the endpoint. */
const SAFETY_POLL_MS = 1_000;
/** Least pause between two reads under load: many writes share a read, one alone waits for none. */
const GAP_MS = 1;
/** Pause before a read that no consumer is in a hurry for: Lambda polls a shard a fifth as often. */
const PATIENT_MS = 50;
/** Records that `GetRecords` gives at most. */
const READ_LIMIT = 1_000;
const WAITING_LIMIT = 10_000;
const RETRY_MS = 200;
/** Records are dropped from the database when so many are done with, or none came for a while. */
const TRIM_AFTER = 500;

export interface TableStreamOptions {
  readonly source: StreamSource;
  readonly table: TableModel;
  readonly region: string;
  readonly polling: StreamPolling;
  readonly log: (text: string) => void;
}

/** The stream of one table: read once for all its consumers, as a shard on AWS is read by each of two at most. */
export class TableStream {
  readonly #options: TableStreamOptions;
  readonly #convert: (record: DatabaseRecord, byTimeToLive: boolean) => ReadRecord;
  readonly #consumers: StreamConsumer[] = [];
  readonly #expired = new Map<string, number>();
  #position = 0;
  #trimmed = 0;
  #reading: Promise<void> | undefined;
  #again = false;
  #lastRead = 0;
  #timer: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TableStreamOptions) {
    this.#options = options;
    this.#convert = recordConverter(options.table, options.region);
  }

  get source(): StreamSource {
    return this.#options.source;
  }

  /** Begins to read after the record of this number, 0 for all. */
  start(consumers: readonly StreamConsumer[], after: number): void {
    this.#consumers.push(...consumers);
    this.#position = after;
    const period = this.#options.polling === 'aws' ? AWS_POLL_MS : SAFETY_POLL_MS;
    this.#poll = setInterval(() => this.#onPoll(), period);
    this.#poll.unref();
    this.#read();
  }

  /** Something was written to the table. */
  nudge(): void {
    if (this.#options.polling === 'immediate') this.#schedule();
  }

  /** The engine deletes this item because its time is over: its record will say so. */
  expectExpiry(keys: Readonly<Record<string, unknown>>): void {
    const key = keyText(keys);
    this.#expired.set(key, (this.#expired.get(key) ?? 0) + 1);
  }

  /** The item was not deleted after all. */
  forgetExpiry(keys: Readonly<Record<string, unknown>>): void {
    this.#takeExpiry(keyText(keys));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    await this.#reading;
  }

  #onPoll(): void {
    this.#schedule();
    this.#trim(1);
  }

  #schedule(): void {
    if (this.#closed || this.#timer) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const isPatient = this.#consumers.every((consumer) => consumer.isPatient);
    const wait = isPatient ? PATIENT_MS : this.#lastRead + GAP_MS - performance.now();
    if (wait <= 0) this.#read();
    else this.#wait(wait);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#read();
    }, ms);
  }

  #read(): void {
    if (this.#consumers.length === 0 || this.#closed || this.#reading) return;
    if (this.#consumers.some(({ waiting }) => waiting > WAITING_LIMIT)) return;
    this.#again = false;
    this.#reading = this.#readOnce()
      .catch((error: Error) => {
        if (this.#closed) return false;
        this.#options.log(`unable to read the stream of ${this.#options.table.name}; ${error.message}`);
        this.#wait(RETRY_MS);
        return false;
      })
      .then((more) => {
        this.#reading = undefined;
        this.#lastRead = performance.now();
        if (more || this.#again) this.#schedule();
      });
  }

  /** @returns whether there may be more at once */
  async #readOnce(): Promise<boolean> {
    const read = this.#options.source.read(this.#position, READ_LIMIT);
    // Without a turn of the event loop where the records are at hand: it is the way of every message.
    const found = read instanceof Promise ? await read : read;
    const records: SequencedRecord[] = [];
    for (const record of found) {
      const sequence = Number(record.sequenceNumber);
      if (sequence <= this.#position) continue;
      this.#position = sequence;
      const byTimeToLive =
        record.eventName === 'REMOVE' &&
        this.#expired.size > 0 &&
        this.#takeExpiry(keyText(record.keys.item));
      records.push({ sequence, record: this.#convert(record, byTimeToLive) });
    }
    if (records.length > 0) for (const consumer of this.#consumers) consumer.deliver(records);
    this.#trim(TRIM_AFTER);
    return found.length >= READ_LIMIT;
  }

  #takeExpiry(key: string): boolean {
    const count = this.#expired.get(key) ?? 0;
    if (count > 1) this.#expired.set(key, count - 1);
    else this.#expired.delete(key);
    return count > 0;
  }

  #trim(least: number): void {
    const { source, table, log } = this.#options;
    // Without consumers nobody will ever ask for the records.
    const safe = Math.min(...this.#consumers.map((consumer) => consumer.safe));
    const upTo = Number.isFinite(safe) ? safe : Number.MAX_SAFE_INTEGER;
    if (!source.trim || upTo - this.#trimmed < least) return;
    try {
      source.trim(upTo);
      if (Number.isFinite(safe)) this.#trimmed = upTo;
    } catch (error) {
      // Busy: the next one takes them.
      log(`unable to trim the stream of ${table.name}; ${String(error)}`);
    }
  }
}
