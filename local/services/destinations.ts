import type { FunctionModel } from '../assembly/model.ts';
import { reasonOf } from '../errors.ts';
import type { InvocationRecord } from '../lambda/asynchronous.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { MessageAttributes } from '../topics/notification.ts';
import type { QueueService } from './queues.ts';
import type { TopicService } from './topics.ts';

export interface DestinationOptions {
  readonly queues: QueueService;
  /** Both looked up when something is sent: they need the functions before they exist. */
  readonly topics: () => TopicService;
  readonly lambda: () => LambdaService;
  /** Hears of what could not be sent. */
  readonly tell: (text: string) => void;
}

/** Of an error's text in a dead letter. */
const ERROR_MESSAGE_BYTES = 1024;
/** HTTP status in a dead letter: of an event that was always throttled, and of a function that failed. */
const THROTTLED = '429';
const RAN = '200';

/**
 * Passes asynchronous events on when they are done with, as their function wants: a record of how it went to a destination, the
 * event as it was to the dead letters.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
export function createDestinations(options: DestinationOptions) {
  const { queues, topics, lambda, tell } = options;

  async function send(arn: string, body: unknown, attributes: MessageAttributes = {}): Promise<void> {
    const text = JSON.stringify(body);
    switch (arn.split(':')[2]) {
      case 'lambda':
        await lambda().invoke(arn, body, 'Event');
        break;
      case 'sns':
        topics().publish(arn, { textFor: () => text, attributes });
        break;
      default:
        await queues.call('SendMessage', queues.urlOf(arn) ?? arn, {
          MessageBody: text,
          MessageAttributes: attributes,
        });
    }
  }

  return (model: FunctionModel, record: InvocationRecord): void => {
    const { successDestinationArn, failureDestinationArn, deadLetterArn } = model.asynchronous ?? {};
    const succeeded = record.requestContext.condition === 'Success';
    const destination = succeeded ? successDestinationArn : failureDestinationArn;
    const sent = [
      ...(destination ? [send(destination, record)] : []),
      ...(deadLetterArn && !succeeded
        ? [send(deadLetterArn, record.requestPayload, deadLetterAttributes(record))]
        : []),
    ];
    Promise.all(sent).catch((error: unknown) =>
      tell(`unable to pass on an event of ${model.name}; ${reasonOf(error)}`),
    );
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq */
function deadLetterAttributes({
  requestContext,
  responseContext,
  responsePayload,
}: InvocationRecord): MessageAttributes {
  const { errorMessage = 'Rate Exceeded.' } = Object(responsePayload);
  const message = Buffer.from(String(errorMessage)).subarray(0, ERROR_MESSAGE_BYTES).toString('utf8');
  return {
    RequestID: { DataType: 'String', StringValue: requestContext.requestId },
    ErrorCode: { DataType: 'Number', StringValue: responseContext ? RAN : THROTTLED },
    ...(message !== '' && { ErrorMessage: { DataType: 'String', StringValue: message } }),
  };
}
