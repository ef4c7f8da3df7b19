import { buildApp } from 'fauxqs';
import type { QueueModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type NeededPermission,
  parseBody,
  type ServiceFault,
  targetOperation,
} from './call.ts';
import { KeptQueues, sentAgain } from './kept-queues.ts';
import { type KeptMessage, QueueJournal } from './queue-journal.ts';

export interface QueueMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, unknown>>;
  readonly MD5OfMessageAttributes?: string;
}

/** Queues of `fauxqs` know one account only. */
const ACCOUNT = '000000000000';
/** Operations after which a queue may have something to hand out. */
const FILLS = new Set([
  'ChangeMessageVisibility',
  'ChangeMessageVisibilityBatch',
  'SendMessage',
  'SendMessageBatch',
  'StartMessageMoveTask',
]);

/** Until a message whose time has come is given out. */
const VISIBLE_AFTER_MS = 10;

/** For how many seconds what was sent can't be seen yet. */
function delaysOf(input: Record<string, unknown>): number[] {
  const entries = Array.isArray(input.Entries) ? input.Entries : [input];
  return entries.map((entry) => Number(entry?.DelaySeconds ?? entry?.VisibilityTimeout ?? 0) || 0);
}

/** SQS, by `fauxqs` within this process: no port of its own. */
export class QueueService implements AwsService {
  readonly name = 'sqs';
  readonly #app = buildApp({ logger: false });
  readonly #region: string;
  /** Our address of a queue to the one under which `fauxqs` keeps it, and back. */
  readonly #inner = new Map<string, string>();
  readonly #outer = new Map<string, string>();
  readonly #arns = new Map<string, string>();
  readonly #listeners = new Map<string, () => void>();
  #kept: KeptQueues | undefined;

  constructor(region: string) {
    this.#region = region;
  }

  /**
   * @param file - where to keep their messages, and where those lie that were left; without it they are gone with the engine
   * @throws EngineError `queue_failed` where an attribute is refused, `database_foreign` for a file that is none of ours
   */
  async create(queues: readonly QueueModel[], file?: string): Promise<void> {
    await this.#app.ready();
    // A queue must exist before another names it for its dead letters.
    const ordered = [...queues].sort(
      (a, b) => Number('RedrivePolicy' in a.attributes) - Number('RedrivePolicy' in b.attributes),
    );
    for (const queue of ordered) {
      const response = await this.#inject('CreateQueue', {
        QueueName: queue.name,
        Attributes: queue.attributes,
      });
      const { QueueUrl: inner, message } = JSON.parse(response.body.toString());
      if (response.status !== 200) {
        throw new EngineError(
          'queue_failed',
          `unable to make the queue ${queue.logicalId} (${queue.constructPath}); ${message}`,
        );
      }
      this.#inner.set(queue.url, inner);
      this.#outer.set(inner, queue.url);
      this.#arns.set(queue.url, queue.arn);
    }
    if (file !== undefined) await this.#keep(queues, file);
  }

  async #keep(queues: readonly QueueModel[], file: string): Promise<void> {
    const journal = await QueueJournal.open(file, async (left) => {
      const sent: KeptMessage[] = [];
      for (const message of left) {
        const again = sentAgain(message, queues, Date.now());
        if (!again) continue;
        const { MessageId } = await this.call<{ MessageId: string }>('SendMessage', again.url, again.input);
        sent.push({ ...message, id: MessageId });
      }
      return sent;
    });
    this.#kept = new KeptQueues(journal, queues);
  }

  /** Calls back when messages may have become visible in a queue. */
  onMessages(queueUrl: string, listener: () => void): void {
    this.#listeners.set(queueUrl, listener);
  }

  /** A call of the engine's own. */
  async call<Output>(operation: string, queueUrl: string, input: Record<string, unknown>): Promise<Output> {
    const response = await this.#run(operation, { ...input, QueueUrl: queueUrl });
    const output = JSON.parse(response.body.toString() || '{}');
    if (response.status !== 200) {
      throw new EngineError('queue_failed', `unable to call ${operation} on ${queueUrl}; ${output.message}`);
    }
    return output;
  }

  urlOf(queueArn: string): string | undefined {
    return [...this.#arns].find(([, arn]) => arn === queueArn)?.[0];
  }

  operationOf(request: AwsRequest): string | undefined {
    return targetOperation(request);
  }

  permissionsOf(operation: string, request: AwsRequest): readonly NeededPermission[] {
    const { QueueUrl: url, QueueName: name } = parseBody(request);
    const arn =
      this.#arns.get(String(url)) ?? `arn:aws:sqs:${this.#region}:${ACCOUNT}:${String(name ?? '*')}`;
    // The batch operations need the right of the single one.
    return [{ action: `sqs:${operation.replace(/Batch$/, '')}`, resource: arn }];
  }

  handle(operation: string, request: AwsRequest): Promise<AwsResponse> {
    return this.#run(operation, parseBody(request));
  }

  errorResponse({ status, code, message }: ServiceFault): AwsResponse {
    return {
      status: code === 'AccessDeniedException' ? 403 : status,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amzn-query-error': `${code === 'AccessDeniedException' ? 'AccessDenied' : code};Sender`,
      },
      body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }),
    };
  }

  async close(): Promise<void> {
    await this.#app.close();
    await this.#kept?.close();
  }

  async #run(operation: string, input: Record<string, unknown>): Promise<AwsResponse> {
    const url = String(input.QueueUrl ?? '');
    const response = await this.#inject(operation, { ...input, QueueUrl: this.#inner.get(url) ?? url });
    if (response.status === 200) {
      await this.#kept?.note(operation, url, input, JSON.parse(response.body.toString() || '{}'));
      if (FILLS.has(operation)) this.#announce(url, delaysOf(input));
    }
    if (operation !== 'GetQueueUrl' && operation !== 'ListQueues') return response;
    let body = response.body.toString();
    for (const [inner, outer] of this.#outer) body = body.replaceAll(`"${inner}"`, `"${outer}"`);
    return { ...response, body };
  }

  /** Lambda's pollers wait at a queue: they have a message as soon as it can be seen, also one that was held back. */
  #announce(url: string, delays: readonly number[]): void {
    for (const seconds of new Set(delays)) {
      if (seconds <= 0) this.#listeners.get(url)?.();
      else setTimeout(() => this.#listeners.get(url)?.(), seconds * 1_000 + VISIBLE_AFTER_MS).unref();
    }
  }

  async #inject(operation: string, payload: Record<string, unknown>): Promise<AwsResponse> {
    const response = await this.#app.inject({
      method: 'POST',
      url: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
        authorization: `AWS4-HMAC-SHA256 Credential=engine/20260101/${this.#region}/sqs/aws4_request`,
      },
      payload: JSON.stringify(payload),
    });
    const headers: Record<string, string> = { 'content-type': 'application/x-amz-json-1.0' };
    const queryError = response.headers['x-amzn-query-error'];
    if (typeof queryError === 'string') headers['x-amzn-query-error'] = queryError;
    return { status: response.statusCode, headers, body: response.payload };
  }
}
