import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSourceMappingModel } from '../assembly/model.ts';
import { withText } from '../lambda/event-text.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { DiscardedBatch, FailureCondition } from './failure.ts';
import { backoff, batchResult } from './invocation.ts';
import type { SequencedRecord } from './table-stream.ts';

export interface BatchRunnerOptions {
  readonly mapping: EventSourceMappingModel;
  readonly lambda: LambdaService;
  readonly shardId: () => string;
  /** These records need no more attention. */
  readonly onDone: (records: readonly SequencedRecord[]) => void;
  /** Sends word of records that are given up. */
  readonly discard: (batch: DiscardedBatch) => Promise<void>;
  /** Milliseconds between the creation of a batch's last record and the function being given it. */
  readonly onIteratorAge?: (age: number) => void;
  /** Whether a batch that is done with comes again: a fault plan's word. */
  readonly repeats?: (functionArn: string) => boolean;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/** A stream keeps its records for a day, whatever a mapping says. */
const RETENTION_SECONDS = 86_400;

/** Takes one batch of a stream through its function until each record is done with, in order. */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  readonly #streamArn: string;

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
    this.#streamArn = options.mapping.source.kind === 'stream' ? options.mapping.source.streamArn : '';
  }

  /** Resolves when all is done with, or the engine ends. */
  async run(batch: readonly SequencedRecord[], attemptsBefore = 0): Promise<void> {
    const { mapping, signal } = this.#options;
    let records = batch;
    let attempts = attemptsBefore;
    let tries = 0;
    while (records.length > 0 && !signal.aborted) {
      records = await this.#dropAged(records, attempts);
      if (records.length === 0) return;
      const result = await this.#invoke(records);
      // Also when the engine ends: what a function has done is not to be done again at the next start.
      if (result.kind === 'done') {
        if (this.#options.repeats?.(mapping.functionArn) && !signal.aborted) continue;
        this.#options.onDone(records);
        return;
      }
      if (signal.aborted) return;
      tries += 1;
      if (result.kind === 'partial') {
        // All before the first failure is done with; all from there on comes again, as the order must hold.
        const first = records.findIndex(({ record }) => result.failed.has(record.dynamodb.SequenceNumber));
        this.#options.onDone(records.slice(0, first));
        records = records.slice(first);
      } else {
        this.#options.log(`${mapping.functionArn} failed on ${records.length} records; ${result.error}`);
      }
      if (mapping.bisectBatchOnFunctionError && records.length > 1) {
        // A split does not count as an attempt.
        await this.#pause(tries);
        const middle = Math.ceil(records.length / 2);
        await this.run(records.slice(0, middle), attempts);
        records = records.slice(middle);
        continue;
      }
      if (result.kind !== 'failed' || !result.throttled) attempts += 1;
      if (mapping.maximumRetryAttempts >= 0 && attempts > mapping.maximumRetryAttempts) {
        await this.#discard(records, 'RetryAttemptsExhausted', attempts);
        return;
      }
      await this.#pause(tries);
    }
  }

  async #invoke(records: readonly SequencedRecord[]) {
    const { mapping, lambda, onIteratorAge } = this.#options;
    const event = withText(
      { Records: records.map(({ record }) => record) },
      () => `{"Records":[${records.map(({ record }) => record.text).join()}]}`,
    );
    const newest = records.at(-1)?.record.dynamodb.ApproximateCreationDateTime ?? 0;
    onIteratorAge?.(Math.max(0, Date.now() - newest * 1000));
    const outcome = await lambda.invoke(mapping.functionArn, event, 'RequestResponse');
    const identifiers = new Set(records.map(({ record }) => record.dynamodb.SequenceNumber));
    return batchResult(outcome, mapping.reportBatchItemFailures, identifiers);
  }

  async #dropAged(records: readonly SequencedRecord[], attempts: number) {
    const { maximumRecordAgeSeconds: most } = this.#options.mapping;
    const age = most < 0 ? RETENTION_SECONDS : Math.min(most, RETENTION_SECONDS);
    const oldest = Date.now() / 1000 - age;
    const isFresh = ({ record }: SequencedRecord) => record.dynamodb.ApproximateCreationDateTime >= oldest;
    const first = records.findIndex(isFresh);
    if (first === 0) return records;
    const aged = first < 0 ? records : records.slice(0, first);
    await this.#discard(aged, 'RecordAgeExceeded', attempts);
    return records.slice(aged.length);
  }

  async #discard(records: readonly SequencedRecord[], condition: FailureCondition, attempts: number) {
    const { mapping, shardId, discard, onDone, log, signal } = this.#options;
    log(`${records.length} records for ${mapping.functionArn} are given up: ${condition}`);
    const batch: DiscardedBatch = {
      functionArn: mapping.functionArn,
      condition,
      attempts,
      functionFailed: attempts > 0,
      shardId: shardId(),
      streamArn: this.#streamArn,
      records: records.map(({ record }) => record),
    };
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await discard(batch);
        break;
      } catch (error) {
        log(`unable to send word of records that are given up; ${String(error)}`);
        if (attempt >= DESTINATION_ATTEMPTS) break;
        await this.#pause(attempt);
      }
    }
    onDone(records);
  }

  async #pause(attempt: number): Promise<void> {
    await sleep(backoff(attempt), undefined, { signal: this.#options.signal }).catch(() => {});
  }
}

/** Then the records are dropped without word, as by Lambda. */
const DESTINATION_ATTEMPTS = 5;
