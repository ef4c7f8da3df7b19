/** A batch of an SQS queue, message by message. */
import * as z from 'zod/mini';
import type { Queue } from '../../shared/aws/queue.ts';
import type { Logger } from '../../shared/observability/log.ts';

/** What Lambda hands over of a queue: the fields that Parley reads. */
export interface QueueEvent {
  readonly Records: readonly QueueRecord[];
}

export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Names this reception of the message. */
  readonly receiptHandle?: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** What a queue's handler answers: these messages come again. */
export interface QueueAnswer {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/**
 * Handles each message of a batch beside the others; one that fails comes again alone. One that is no message of ours never heals:
 * it is logged and gone.
 */
export async function handleMessages<T>(
  event: QueueEvent,
  schema: z.core.$ZodType<T>,
  logger: Logger,
  handle: (message: T, record: QueueRecord) => Promise<void>,
): Promise<QueueAnswer> {
  const failed: string[] = [];
  await Promise.all(
    event.Records.map(async (record) => {
      const { messageId, body } = record;
      const message = read(schema, body);
      if (message === undefined) {
        logger.error('message not understood', new Error('not a message of this queue'), { messageId });
        return;
      }
      try {
        await handle(message, record);
      } catch (error) {
        failed.push(messageId);
        logger.error('message not handled', error, { messageId });
      }
    }),
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

/**
 * Does what a message asks for; where that fails, has it come again after a pause that grows with each failure, instead of after
 * the queue's own time-out.
 *
 * @param pauses seconds, after the first failure, the second and so on; the last one for all that follow.
 */
export async function holdBack(
  queue: Queue,
  { receiptHandle = '', attributes }: QueueRecord,
  pauses: readonly number[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const failures = Number(attributes?.ApproximateReceiveCount ?? 1);
    const pause = pauses[Math.min(failures, pauses.length) - 1] ?? 0;
    await queue.hold(receiptHandle, pause);
    throw error;
  }
}

function read<T>(schema: z.core.$ZodType<T>, body: string): T | undefined {
  try {
    return z.safeParse(schema, JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
