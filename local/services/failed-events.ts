import type { FunctionModel } from '../assembly/model.ts';
import { reasonOf } from '../errors.ts';
import type { FailureRecord } from '../lambda/asynchronous.ts';
import type { QueueService } from './queues.ts';

/**
 * Keeps asynchronous events that failed for good, where their function wants that: a record of the failure goes to the
 * destination, the event as it was to the dead-letter queue.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 *
 * @param tell hears of what could not be kept
 */
export function keepFailedEvents(queues: QueueService, tell: (text: string) => void) {
  const send = async (queueArn: string, body: unknown, attributes: Record<string, string> = {}) => {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, { DataType: 'String', StringValue: value }]),
    );
    await queues.call('SendMessage', queues.urlOf(queueArn) ?? queueArn, {
      MessageBody: JSON.stringify(body),
      MessageAttributes,
    });
  };
  return (model: FunctionModel, record: FailureRecord): void => {
    const { failureDestinationArn, deadLetterArn } = model.asynchronous ?? {};
    const sent = [
      ...(failureDestinationArn ? [send(failureDestinationArn, record)] : []),
      ...(deadLetterArn
        ? [send(deadLetterArn, record.requestPayload, { RequestID: record.requestContext.requestId })]
        : []),
    ];
    Promise.all(sent).catch((error: unknown) =>
      tell(`unable to keep a failed event of ${model.name}; ${reasonOf(error)}`),
    );
  };
}
