/** A batch of an SQS queue, message by message. */
import * as z from 'zod/mini';
import type { Logger } from '../../shared/observability/log.ts';

/** What Lambda hands over of a queue: the fields that Parley reads. */
export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
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
  handle: (message: T) => Promise<void>,
): Promise<QueueAnswer> {
  const failed: string[] = [];
  await Promise.all(
    event.Records.map(async ({ messageId, body }) => {
      const message = read(schema, body);
      if (message === undefined) {
        logger.error('message not understood', new Error('not a message of this queue'), { messageId });
        return;
      }
      try {
        await handle(message);
      } catch (error) {
        failed.push(messageId);
        logger.error('message not handled', error, { messageId });
      }
    }),
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

function read<T>(schema: z.core.$ZodType<T>, body: string): T | undefined {
  try {
    return z.safeParse(schema, JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
