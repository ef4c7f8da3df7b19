import type { EventSourceMappingModel } from '../assembly/model.ts';
import { BatchRunner, type BatchRunnerOptions } from './batch-runner.ts';
import type { Checkpoints } from './checkpoints.ts';
import { compileFilters } from './filter.ts';
import { changesNothing, hash, keyText } from './record.ts';
import type { SequencedRecord, StreamConsumer } from './table-stream.ts';

/** Lambda's payload limit, bytes, less room for what a record's size does not count. */
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * How long a lane rests after a batch, as a multiple of what the batch took, and milliseconds at most. Lambda polls a shard four
 * times a second, so that under load many records share a batch; a lane that went on at once would take each record for itself and
 * leave no processor time to those who write the next ones. A record that finds its lane rested waits for nothing, and one after
 * a batch of one not for long: only where records came in company more of them are expected. A full batch never waits, and
 * a batching window is rest enough.
 */
const REST_FACTOR = 2;
const REST_FACTOR_IN_COMPANY = 4;
const REST_MS = 80;

export interface StreamMappingOptions
  extends Pick<BatchRunnerOptions, 'mapping' | 'lambda' | 'shardId' | 'discard' | 'log'> {
  readonly checkpoints: Checkpoints;
  readonly faults?: StreamFaults;
}

/** What a fault plan does to the batches of a stream. */
export interface StreamFaults {
  /** How many records the next batch holds at most. */
  readonly batchSize: (functionArn: string, most: number) => number;
  readonly repeatsBatch: (functionArn: string) => boolean;
}

/** One record of the shard between being read and being done with. */
interface Entry {
  readonly sequence: number;
  done: boolean;
}

interface Lane {
  readonly queue: SequencedRecord[];
  /** Whether a batch is under way. */
  busy: boolean;
  /** The batching window, or the rest after a batch. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * An event source mapping on a stream: filters, spreads the records over lanes by their item's key, so that each item's
 * records stay in order whatever the parallelization factor, and gives each lane's records to the function in batches.
 * The checkpoint is the shard's: the last record before which all are done with.
 */
export class StreamMapping implements StreamConsumer {
  readonly #mapping: EventSourceMappingModel;
  readonly #matches: (event: unknown) => boolean;
  readonly #lanes: readonly Lane[];
  readonly #runner: BatchRunner;
  readonly #checkpoints: Checkpoints;
  readonly #faults: StreamFaults | undefined;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #entries = new Map<number, Entry>();
  #order: Entry[] = [];
  #head = 0;
  #waiting = 0;
  #delivered: number;
  #iteratorAge = 0;

  /** @throws PatternError for a filter that can't be read */
  constructor(options: StreamMappingOptions, after: number) {
    this.#mapping = options.mapping;
    this.#matches = compileFilters(options.mapping.filters);
    this.#checkpoints = options.checkpoints;
    this.#faults = options.faults;
    this.#delivered = after;
    this.#lanes = Array.from({ length: options.mapping.parallelizationFactor }, () => ({
      queue: [],
      busy: false,
      timer: undefined,
    }));
    const { mapping, lambda, shardId, discard, log } = options;
    this.#runner = new BatchRunner({
      mapping,
      lambda,
      shardId,
      discard,
      log,
      signal: this.#abort.signal,
      onDone: (records) => this.#finish(records),
      ...(options.faults && { repeats: options.faults.repeatsBatch }),
      onIteratorAge: (age) => {
        this.#iteratorAge = age;
      },
    });
  }

  get safe(): number {
    return this.#checkpoints.saved(this.#mapping.uuid);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get isPatient(): boolean {
    return this.#mapping.batchingWindowSeconds > 0;
  }

  /** Milliseconds, of the newest batch. */
  get iteratorAge(): number {
    return this.#iteratorAge;
  }

  deliver(records: readonly SequencedRecord[]): void {
    for (const sequenced of records) {
      const { sequence, record } = sequenced;
      if (sequence <= this.#delivered) continue;
      this.#delivered = sequence;
      const wanted = this.#matches(record) && !changesNothing(record);
      const entry = { sequence, done: !wanted };
      this.#order.push(entry);
      if (!wanted) continue;
      this.#entries.set(sequence, entry);
      this.#waiting += 1;
      this.#laneOf(sequenced).queue.push(sequenced);
    }
    this.#advance();
    for (const lane of this.#lanes) this.#drain(lane);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    for (const lane of this.#lanes) clearTimeout(lane.timer);
    await Promise.all(this.#running);
  }

  #laneOf({ record }: SequencedRecord): Lane {
    const index = this.#lanes.length === 1 ? 0 : hash(keyText(record.dynamodb.Keys)) % this.#lanes.length;
    const lane = this.#lanes[index];
    if (!lane) throw new RangeError(`no lane ${index}`);
    return lane;
  }

  #drain(lane: Lane): void {
    if (lane.busy || lane.queue.length === 0 || this.#abort.signal.aborted) return;
    const { batchSize, batchingWindowSeconds: window } = this.#mapping;
    if (lane.queue.length >= batchSize) this.#start(lane);
    // The window opens with the first record that waits.
    else if (window > 0) this.#wait(lane, window * 1000);
    else if (!lane.timer) this.#start(lane);
  }

  /** Has what waits in a lane started after a while, unless the lane waits already. */
  #wait(lane: Lane, milliseconds: number): void {
    lane.timer ??= setTimeout(() => {
      lane.timer = undefined;
      if (lane.queue.length > 0) this.#start(lane);
    }, milliseconds);
  }

  #start(lane: Lane): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    lane.busy = true;
    const { functionArn, batchSize } = this.#mapping;
    const most = this.#faults?.batchSize(functionArn, batchSize) ?? batchSize;
    const started = performance.now();
    const batch = takeBatch(lane.queue, most);
    const factor = batch.length > 1 ? REST_FACTOR_IN_COMPANY : REST_FACTOR;
    const running = this.#runner.run(batch).finally(() => {
      this.#running.delete(running);
      if (this.#abort.signal.aborted) return;
      lane.busy = false;
      if (!this.isPatient) this.#wait(lane, Math.min((performance.now() - started) * factor, REST_MS));
      this.#drain(lane);
    });
    this.#running.add(running);
  }

  #finish(records: readonly SequencedRecord[]): void {
    for (const { sequence } of records) {
      const entry = this.#entries.get(sequence);
      if (!entry) continue;
      entry.done = true;
      this.#entries.delete(sequence);
      this.#waiting -= 1;
    }
    this.#advance();
  }

  #advance(): void {
    const from = this.#head;
    while (this.#order[this.#head]?.done) this.#head += 1;
    const last = this.#order[this.#head - 1];
    if (this.#head === from || !last) return;
    this.#checkpoints.set(this.#mapping.uuid, last.sequence);
    if (this.#head > 1_024 || this.#head === this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
  }
}

function takeBatch(queue: SequencedRecord[], most: number): SequencedRecord[] {
  let bytes = 0;
  let count = 0;
  for (const { record } of queue) {
    bytes += record.dynamodb.SizeBytes;
    if (count === most || (count > 0 && bytes > BATCH_BYTES)) break;
    count += 1;
  }
  return queue.splice(0, count);
}
