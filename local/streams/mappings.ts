import type { AssemblyModel, EventSourceMappingModel } from '../assembly/model.ts';
import type { DatabaseClient } from '../dynamodb/client.ts';
import type { StreamStore } from '../dynamodb/stream-store.ts';
import type { ReadyTable } from '../dynamodb/tables.ts';
import { EngineError } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { QueueService } from '../services/queues.ts';
import type { Checkpoints } from './checkpoints.ts';
import { type DiscardedBatch, failureMessage } from './failure.ts';
import { PatternError } from './filter.ts';
import { QueueMapping } from './queue-mapping.ts';
import { type StreamFaults, StreamMapping } from './stream-mapping.ts';
import { shardSource, storedSource } from './stream-source.ts';
import { type StreamPolling, TableStream } from './table-stream.ts';

export interface MappingsOptions {
  readonly model: AssemblyModel;
  readonly client: DatabaseClient;
  readonly tables: readonly ReadyTable[];
  readonly store?: StreamStore;
  readonly checkpoints: Checkpoints;
  readonly queues: QueueService;
  readonly lambda: LambdaService;
  readonly polling: StreamPolling;
  readonly faults?: StreamFaults;
  readonly log: (text: string) => void;
}

/** The event source mappings of a stack, and the streams they read. */
export class Mappings {
  readonly #options: MappingsOptions;
  readonly #streams = new Map<string, TableStream>();
  readonly #streamMappings = new Map<string, StreamMapping>();
  readonly #queueMappings: QueueMapping[] = [];

  private constructor(options: MappingsOptions) {
    this.#options = options;
  }

  /** Finds the streams and notes where each reader that is new begins; before anything writes, as LATEST means from here on. */
  static async prepare(options: MappingsOptions): Promise<Mappings> {
    const mappings = new Mappings(options);
    const { client, store, model, polling, log } = options;
    for (const { model: table, databaseStreamArn } of options.tables) {
      if (databaseStreamArn === undefined) continue;
      const source = store ? storedSource(table, store) : await shardSource(client, databaseStreamArn);
      mappings.#streams.set(
        table.name,
        new TableStream({ source, table, region: model.region, polling, log }),
      );
    }
    await mappings.#position();
    return mappings;
  }

  stream(tableName: string): TableStream | undefined {
    return this.#streams.get(tableName);
  }

  async #position(): Promise<void> {
    const { model, checkpoints } = this.#options;
    for (const mapping of model.eventSourceMappings) {
      if (mapping.source.kind !== 'stream' || checkpoints.get(mapping.uuid) !== undefined) continue;
      const stream = this.#streams.get(mapping.source.tableName);
      const isLatest = mapping.startingPosition === 'LATEST';
      checkpoints.set(mapping.uuid, isLatest && stream ? await stream.source.newest() : 0);
    }
  }

  /** Begins to read. */
  start(): void {
    for (const [tableName, stream] of this.#streams) {
      const consumers = this.#enabled()
        .filter(({ source }) => source.kind === 'stream' && source.tableName === tableName)
        .map((mapping) => this.#streamMapping(mapping, stream));
      const after = Math.min(...consumers.map(({ from }) => from));
      stream.start(
        consumers.map(({ consumer }) => consumer),
        consumers.length === 0 ? 0 : after,
      );
    }
    for (const mapping of this.#enabled()) {
      if (mapping.source.kind === 'queue') this.#startQueue(mapping, mapping.source.queueArn);
    }
  }

  /** Milliseconds by which each mapping's newest batch was behind, by logical id. */
  iteratorAges(): Record<string, number> {
    return Object.fromEntries([...this.#streamMappings].map(([id, mapping]) => [id, mapping.iteratorAge]));
  }

  /** Takes nothing new; resolves when what functions have in hand is done with. */
  async close(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.close()));
    await Promise.all([...this.#streamMappings.values(), ...this.#queueMappings].map((m) => m.close()));
  }

  #enabled(): readonly EventSourceMappingModel[] {
    return this.#options.model.eventSourceMappings.filter(({ enabled }) => enabled);
  }

  #streamMapping(mapping: EventSourceMappingModel, stream: TableStream) {
    const { checkpoints, lambda, log, faults } = this.#options;
    const from = checkpoints.get(mapping.uuid) ?? 0;
    const consumer = readable(
      mapping,
      () =>
        new StreamMapping(
          {
            mapping,
            lambda,
            checkpoints,
            log,
            ...(faults && { faults }),
            shardId: () => stream.source.shardId,
            discard: (batch) => this.#discard(mapping, batch),
          },
          from,
        ),
    );
    this.#streamMappings.set(mapping.logicalId, consumer);
    return { consumer, from };
  }

  #startQueue(mapping: EventSourceMappingModel, queueArn: string): void {
    const { queues, lambda, log, model } = this.#options;
    const queueUrl = queues.urlOf(queueArn);
    if (queueUrl === undefined) throw new RangeError(`no queue ${queueArn}`);
    const { region } = model;
    const options = { mapping, queueArn, queueUrl, region, queues, lambda, log };
    const consumer = readable(mapping, () => new QueueMapping(options));
    this.#queueMappings.push(consumer);
    consumer.start();
  }

  async #discard(mapping: EventSourceMappingModel, batch: DiscardedBatch): Promise<void> {
    const { queues } = this.#options;
    const queueUrl = mapping.failureDestinationArn && queues.urlOf(mapping.failureDestinationArn);
    if (queueUrl) await queues.call('SendMessage', queueUrl, { MessageBody: failureMessage(batch) });
  }
}

function readable<Mapping>(mapping: EventSourceMappingModel, make: () => Mapping): Mapping {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const where = `${mapping.logicalId} (${mapping.constructPath})`;
    throw new EngineError('property_unsupported', `unable to run ${where}; FilterCriteria: ${error.message}`);
  }
}
