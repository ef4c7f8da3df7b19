import type { TableModel } from '../assembly/model.ts';
import type { DatabaseClient } from '../dynamodb/client.ts';
import { type DatabaseRecord, keyText, recordConverter, type StreamRecord } from './record.ts';

/** `immediate`: as soon as a write is known. `aws`: four times a second, as Lambda polls a shard. */
export type StreamPolling = 'immediate' | 'aws';

export interface SequencedRecord {
  /** The database's own number, one more for each record of the table. */
  readonly sequence: number;
  readonly record: StreamRecord;
}

export interface StreamConsumer {
  /** Takes the next records, in order; those up to `after` are known to it. */
  deliver(records: readonly SequencedRecord[]): void;
  /** Records up to this one are not needed any more, also after a crash. */
  readonly safe: number;
  /** Reading pauses while this many records wait. */
  readonly waiting: number;
}

/** Lambda polls a shard four times a second: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const AWS_POLL_MS = 250;
/** For writes that did not come through the endpoint. */
const SAFETY_POLL_MS = 1_000;
/** Least pause between two reads under load: many writes share a read, one alone waits for none. */
const GAP_MS = 2;
/** Records that `GetRecords` gives at most. */
const READ_LIMIT = 1_000;
const WAITING_LIMIT = 10_000;
const RETRY_MS = 200;
/** Records are dropped from the database when so many are done with, or none came for a while. */
const TRIM_AFTER = 500;

interface RecordsOutput {
  readonly Records: readonly DatabaseRecord[];
  readonly NextShardIterator?: string;
}

export interface TableStreamOptions {
  readonly client: DatabaseClient;
  readonly table: TableModel;
  readonly databaseStreamArn: string;
  readonly region: string;
  readonly polling: StreamPolling;
  /** Drops records up to a number; absent where the database is not ours. */
  readonly trim?: (upTo: number) => void;
  readonly log: (text: string) => void;
}

/** The stream of one table: read once for all its consumers, as a shard on AWS is read by each of two at most. */
export class TableStream {
  readonly #options: TableStreamOptions;
  readonly #convert: (record: DatabaseRecord, byTimeToLive: boolean) => StreamRecord;
  readonly #consumers: StreamConsumer[] = [];
  readonly #expired = new Map<string, number>();
  #shardId = '';
  #iterator: string | undefined;
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

  get shardId(): string {
    return this.#shardId;
  }

  /** Number of the newest record, 0 if there is none. Only before `start`. */
  async newest(): Promise<number> {
    // Read through, as the database compares numbers as texts where it describes a shard.
    let newest = 0;
    let iterator: string | undefined = await this.#iteratorAt(0);
    while (iterator !== undefined) {
      const output: RecordsOutput = await this.#getRecords(iterator);
      if (output.Records.length === 0) break;
      newest = Number(output.Records.at(-1)?.dynamodb.SequenceNumber);
      iterator = output.NextShardIterator;
    }
    return newest;
  }

  /** Begins to read after the record of this number, 0 for all. */
  async start(consumers: readonly StreamConsumer[], after: number): Promise<void> {
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
    const wait = this.#lastRead + GAP_MS - performance.now();
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
        this.#iterator = undefined;
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
    this.#iterator ??= await this.#iteratorAt(this.#position);
    const output = await this.#getRecords(this.#iterator);
    this.#iterator = output.NextShardIterator;
    const records: SequencedRecord[] = [];
    for (const record of output.Records) {
      const sequence = Number(record.dynamodb.SequenceNumber);
      if (sequence <= this.#position) continue;
      this.#position = sequence;
      const byTimeToLive =
        record.eventName === 'REMOVE' &&
        this.#expired.size > 0 &&
        this.#takeExpiry(keyText(record.dynamodb.Keys));
      records.push({ sequence, record: this.#convert(record, byTimeToLive) });
    }
    if (records.length > 0) for (const consumer of this.#consumers) consumer.deliver(records);
    this.#trim(TRIM_AFTER);
    return output.Records.length >= READ_LIMIT;
  }

  #takeExpiry(key: string): boolean {
    const count = this.#expired.get(key) ?? 0;
    if (count > 1) this.#expired.set(key, count - 1);
    else this.#expired.delete(key);
    return count > 0;
  }

  #trim(least: number): void {
    const { trim } = this.#options;
    // Without consumers nobody will ever ask for the records.
    const safe = Math.min(...this.#consumers.map((consumer) => consumer.safe));
    const upTo = Number.isFinite(safe) ? safe : Number.MAX_SAFE_INTEGER;
    if (!trim || upTo - this.#trimmed < least) return;
    try {
      trim(upTo);
      if (Number.isFinite(safe)) this.#trimmed = upTo;
    } catch (error) {
      // Busy: the next one takes them.
      this.#options.log(`unable to trim the stream of ${this.#options.table.name}; ${String(error)}`);
    }
  }

  #getRecords(iterator: string): Promise<RecordsOutput> {
    return this.#options.client.call('GetRecords', { ShardIterator: iterator, Limit: READ_LIMIT });
  }

  async #iteratorAt(position: number): Promise<string> {
    if (this.#shardId === '') {
      const { StreamDescription: stream } = await this.#options.client.call<{
        StreamDescription: { Shards: { ShardId: string }[] };
      }>('DescribeStream', { StreamArn: this.#options.databaseStreamArn });
      this.#shardId = stream.Shards[0]?.ShardId ?? '';
    }
    const { ShardIterator } = await this.#options.client.call<{ ShardIterator: string }>('GetShardIterator', {
      StreamArn: this.#options.databaseStreamArn,
      ShardId: this.#shardId,
      ...(position === 0
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: String(position) }),
    });
    return ShardIterator;
  }
}
