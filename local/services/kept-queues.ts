/** Which calls of SQS change what a journal of messages holds, and how its messages are sent again. */
import type { QueueModel } from '../assembly/model.ts';
import type { KeptMessage, QueueJournal } from './queue-journal.ts';

type Fields = Readonly<Record<string, unknown>>;

/** SQS's own where a queue says nothing: four days, in seconds. */
const DEFAULT_RETENTION_SECONDS = 345_600;

export class KeptQueues {
  readonly #journal: QueueJournal;
  readonly #queues: ReadonlyMap<string, QueueModel>;
  /** What was handed out, by the handle that deletes it. */
  readonly #handles = new Map<string, string>();

  constructor(journal: QueueJournal, queues: readonly QueueModel[]) {
    this.#journal = journal;
    this.#queues = new Map(queues.map((queue) => [queue.url, queue]));
  }

  /** Keeps what a call that succeeded did. @param url of the queue. */
  async note(operation: string, url: string, input: Fields, output: Fields): Promise<void> {
    const queue = this.#queues.get(url);
    if (!queue) return;
    switch (operation) {
      case 'SendMessage':
        return this.#journal.sent([this.#message(queue, input, output)]);
      case 'SendMessageBatch': {
        const sent = new Map(listOf(output.Successful).map((one) => [one.Id, one]));
        const entries = listOf(input.Entries).filter(({ Id }) => sent.has(Id));
        return this.#journal.sent(
          entries.map((entry) => this.#message(queue, entry, sent.get(entry.Id) ?? {})),
        );
      }
      case 'ReceiveMessage':
        for (const { ReceiptHandle, MessageId } of listOf(output.Messages)) {
          this.#handles.set(String(ReceiptHandle), String(MessageId));
        }
        return;
      case 'DeleteMessage':
        return this.#gone([input]);
      case 'DeleteMessageBatch': {
        const done = new Set(listOf(output.Successful).map(({ Id }) => Id));
        return this.#gone(listOf(input.Entries).filter(({ Id }) => done.has(Id)));
      }
      case 'PurgeQueue':
        return this.#journal.emptied(queue.name);
    }
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #gone(entries: readonly Fields[]): Promise<void> {
    const ids = entries.flatMap(({ ReceiptHandle }) => this.#handles.get(String(ReceiptHandle)) ?? []);
    for (const [handle, id] of this.#handles) if (ids.includes(id)) this.#handles.delete(handle);
    return this.#journal.gone(ids);
  }

  #message({ name, attributes }: QueueModel, input: Fields, output: Fields): KeptMessage {
    const sentAt = Date.now();
    const seconds = Number(input.DelaySeconds ?? attributes.DelaySeconds ?? 0);
    return {
      id: String(output.MessageId),
      queue: name,
      body: String(input.MessageBody),
      ...(input.MessageAttributes !== undefined && { attributes: input.MessageAttributes }),
      sentAt,
      visibleAt: sentAt + seconds * 1000,
    };
  }
}

/** How a message is sent again; undefined where its queue is gone, or would not have kept it so long. */
export function sentAgain(
  { queue, body, attributes, sentAt, visibleAt }: KeptMessage,
  queues: readonly QueueModel[],
  now: number,
): { readonly url: string; readonly input: Record<string, unknown> } | undefined {
  const model = queues.find(({ name }) => name === queue);
  const seconds = Number(model?.attributes.MessageRetentionPeriod ?? DEFAULT_RETENTION_SECONDS);
  if (!model || now > sentAt + seconds * 1000) return undefined;
  const input = {
    MessageBody: body,
    ...(attributes !== undefined && { MessageAttributes: attributes }),
    DelaySeconds: Math.max(0, Math.ceil((visibleAt - now) / 1000)),
  };
  return { url: model.url, input };
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value : [];
}
