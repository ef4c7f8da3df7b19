import type { EventSourceMappingModel } from '../assembly/model.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { QueueMessage, QueueService } from '../services/queues.ts';
import { compileFilters } from './filter.ts';
import { batchResult } from './invocation.ts';

/** Messages that one receive gives at most. */
const RECEIVE_LIMIT = 10;
/** For messages whose visibility time-out or delay is over: nothing tells of those. */
const SAFETY_POLL_MS = 1_000;
/** Batches in a function's hands at once. Lambda begins with five pollers: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const DEFAULT_CONCURRENCY = 5;

export interface QueueMappingOptions {
  readonly mapping: EventSourceMappingModel;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly region: string;
  readonly queues: QueueService;
  readonly lambda: LambdaService;
  readonly log: (text: string) => void;
}

/**
 * An event source mapping on a queue: what the function is done with is deleted, the rest becomes visible again when its
 * time-out is over, and the queue's redrive policy puts an end to it.
 */
export class QueueMapping {
  readonly #options: QueueMappingOptions;
  readonly #matches: (event: unknown) => boolean;
  readonly #running = new Set<Promise<void>>();
  readonly #most: number;
  #gathering = false;
  #again = false;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws PatternError for a filter that can't be read */
  constructor(options: QueueMappingOptions) {
    this.#options = options;
    this.#matches = compileFilters(options.mapping.filters);
    this.#most = options.mapping.maximumConcurrency ?? DEFAULT_CONCURRENCY;
  }

  start(): void {
    const { queues, queueUrl } = this.#options;
    queues.onMessages(queueUrl, () => this.#wake());
    this.#poll = setInterval(() => this.#wake(), SAFETY_POLL_MS);
    this.#poll.unref();
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    await Promise.all(this.#running);
  }

  #wake(): void {
    if (this.#closed) return;
    if (this.#gathering) {
      this.#again = true;
      return;
    }
    this.#gathering = true;
    this.#again = false;
    this.#gather()
      .catch((error: unknown) =>
        this.#options.log(`unable to poll ${this.#options.queueUrl}; ${String(error)}`),
      )
      .finally(() => {
        this.#gathering = false;
        if (this.#again) this.#wake();
      });
  }

  async #gather(): Promise<void> {
    while (!this.#closed && this.#running.size < this.#most) {
      const messages = await this.#receive();
      if (messages.length === 0) return;
      const running = this.#process(messages)
        .catch((error: unknown) => this.#options.log(`unable to process messages; ${String(error)}`))
        .finally(() => {
          this.#running.delete(running);
          this.#wake();
        });
      this.#running.add(running);
    }
  }

  /** As many as a batch holds, within the batching window. */
  async #receive(): Promise<QueueMessage[]> {
    const { mapping, queues, queueUrl } = this.#options;
    const messages: QueueMessage[] = [];
    const deadline = Date.now() + mapping.batchingWindowSeconds * 1000;
    while (messages.length < mapping.batchSize && !this.#closed) {
      const wait = messages.length === 0 ? 0 : Math.ceil((deadline - Date.now()) / 1000);
      const { Messages: received = [] } = await queues.call<{ Messages?: QueueMessage[] }>(
        'ReceiveMessage',
        queueUrl,
        {
          MaxNumberOfMessages: Math.min(RECEIVE_LIMIT, mapping.batchSize - messages.length),
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
          WaitTimeSeconds: Math.max(0, Math.min(wait, 20)),
        },
      );
      messages.push(...received);
      if (received.length === 0 && Date.now() >= deadline) break;
      if (messages.length === 0) break;
    }
    return messages;
  }

  async #process(messages: readonly QueueMessage[]): Promise<void> {
    const { mapping, lambda, log } = this.#options;
    const records = messages.map((message) => ({ message, record: this.#recordOf(message) }));
    const wanted = records.filter(({ record }) => this.#passes(record));
    // What the filters exclude is deleted unseen.
    await this.#delete(records.filter((entry) => !wanted.includes(entry)).map(({ message }) => message));
    if (wanted.length === 0) return;
    const event = { Records: wanted.map(({ record }) => record) };
    const outcome = await lambda.invoke(mapping.functionArn, event, 'RequestResponse');
    const identifiers = new Set(wanted.map(({ message }) => message.MessageId));
    const result = batchResult(outcome, mapping.reportBatchItemFailures, identifiers);
    if (result.kind === 'failed') {
      log(`${mapping.functionArn} failed on ${wanted.length} messages; ${result.error}`);
      return;
    }
    const failed = result.kind === 'partial' ? result.failed : new Set<string>();
    await this.#delete(
      wanted.map(({ message }) => message).filter(({ MessageId }) => !failed.has(MessageId)),
    );
  }

  async #delete(messages: readonly QueueMessage[]): Promise<void> {
    const { queues, queueUrl } = this.#options;
    for (let first = 0; first < messages.length; first += RECEIVE_LIMIT) {
      const entries = messages
        .slice(first, first + RECEIVE_LIMIT)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await queues.call('DeleteMessageBatch', queueUrl, { Entries: entries });
    }
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
  #recordOf(message: QueueMessage) {
    const { queueArn, region } = this.#options;
    return {
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes ?? {},
      messageAttributes: lowerNames(message.MessageAttributes ?? {}),
      md5OfBody: message.MD5OfBody,
      ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: region,
    };
  }

  /** A pattern on the body looks into it where it is JSON, else at it. */
  #passes(record: { readonly body: string }): boolean {
    if (this.#matches(record)) return true;
    try {
      const body: unknown = JSON.parse(record.body);
      return typeof body === 'object' && this.#matches({ ...record, body });
    } catch {
      return false;
    }
  }
}

/** Lambda writes `stringValue` where SQS writes `StringValue`. */
function lowerNames(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const lower = (value: unknown) =>
    Object.fromEntries(
      Object.entries(Object(value)).map(([name, inner]) => [
        name.charAt(0).toLowerCase() + name.slice(1),
        inner,
      ]),
    );
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      { stringListValues: [], binaryListValues: [], ...lower(value) },
    ]),
  );
}
