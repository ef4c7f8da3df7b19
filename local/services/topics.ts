import { randomUUID } from 'node:crypto';
import type { TopicModel } from '../assembly/model.ts';
import { createDelivery, type Deliver, type DeliveryOptions } from '../topics/deliver.ts';
import { MESSAGE_BYTES, type PublishInput, readPublish } from '../topics/publish-input.ts';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type NeededPermission,
  ServiceError,
  type ServiceFault,
} from './call.ts';

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
const BATCH_ENTRIES = 10;
const OPERATIONS = new Set(['Publish', 'PublishBatch']);

type Message = Omit<PublishInput, 'bytes'>;

/** SNS, as far as functions publish and subscriptions of the stack hear it. */
export class TopicService implements AwsService {
  readonly name = 'sns';
  /** The deliveries of each topic, by its ARN. */
  readonly #topics: ReadonlyMap<string, readonly Deliver[]>;

  /** @throws PatternError for a filter policy that can't be read */
  constructor(topics: readonly TopicModel[], options: DeliveryOptions) {
    this.#topics = new Map(
      topics.map(({ arn, subscriptions }) => [arn, subscriptions.map((one) => createDelivery(one, options))]),
    );
  }

  operationOf(request: AwsRequest): string | undefined {
    const action = formOf(request).get('Action') ?? '';
    return OPERATIONS.has(action) ? action : undefined;
  }

  permissionsOf(_operation: string, request: AwsRequest): readonly NeededPermission[] {
    return [{ action: 'sns:Publish', resource: topicOf(formOf(request)) }];
  }

  async handle(operation: string, request: AwsRequest): Promise<AwsResponse> {
    const form = formOf(request);
    const topicArn = topicOf(form);
    const publish = (input: PublishInput) => this.publish(topicArn, input);
    const result =
      operation === 'Publish' ? messageId(publish(readPublish(form))) : publishBatch(form, publish);
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        `<${operation}Response xmlns="${NAMESPACE}"><${operation}Result>${result}</${operation}Result>` +
        `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${operation}Response>`,
    };
  }

  errorResponse({ status, code, message }: ServiceFault): AwsResponse {
    const denied = code === 'AccessDeniedException';
    const text = message.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
    return {
      status: denied ? 403 : status,
      headers: { 'content-type': 'text/xml' },
      body:
        `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
        `<Code>${denied ? 'AuthorizationError' : code}</Code><Message>${text}</Message></Error>` +
        `<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
    };
  }

  /**
   * Answers at once with the message's id; the deliveries follow.
   *
   * @throws ServiceError `NotFound`
   */
  publish(topicArn: string, { attributes, textFor, subject }: Message): string {
    const deliveries = this.#topics.get(topicArn);
    if (!deliveries) throw new ServiceError('NotFound', 'Topic does not exist', 404);
    const notification = {
      messageId: randomUUID(),
      topicArn,
      textFor,
      timestamp: new Date().toISOString(),
      attributes,
      ...(subject !== undefined && { subject }),
    };
    for (const deliver of deliveries) void deliver(notification);
    return notification.messageId;
  }
}

function formOf(request: AwsRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString('utf8'));
}

function topicOf(form: URLSearchParams): string {
  return form.get('TopicArn') ?? form.get('TargetArn') ?? '';
}

const messageId = (id: string): string => `<MessageId>${id}</MessageId>`;

/** Each entry fails or succeeds by itself: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
function publishBatch(form: URLSearchParams, publish: (input: PublishInput) => string): string {
  const entries: { prefix: string; id: string }[] = [];
  for (let index = 1; ; index++) {
    const prefix = `PublishBatchRequestEntries.member.${index}.`;
    const id = form.get(`${prefix}Id`);
    if (id === null) break;
    entries.push({ prefix, id });
  }
  if (entries.length === 0) throw new ServiceError('EmptyBatchRequest', 'The batch request is empty.');
  if (entries.length > BATCH_ENTRIES) {
    throw new ServiceError(
      'TooManyEntriesInBatchRequest',
      `More than ${BATCH_ENTRIES} entries in the request.`,
    );
  }
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    throw new ServiceError('BatchEntryIdsNotDistinct', 'Two or more entries have the same Id.');
  }
  const successful: string[] = [];
  const failed: string[] = [];
  const inputs: { id: string; input: PublishInput }[] = [];
  for (const { prefix, id } of entries) {
    try {
      inputs.push({ id, input: readPublish(form, prefix) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const { code, message } = error;
      failed.push(
        `<member><Id>${id}</Id><Code>${code}</Code><Message>${message}</Message><SenderFault>true</SenderFault></member>`,
      );
    }
  }
  if (inputs.reduce((sum, { input }) => sum + input.bytes, 0) > MESSAGE_BYTES) {
    throw new ServiceError('BatchRequestTooLong', 'The length of all the messages put together is too long.');
  }
  for (const { id, input } of inputs)
    successful.push(`<member><Id>${id}</Id>${messageId(publish(input))}</member>`);
  return `<Failed>${failed.join('')}</Failed><Successful>${successful.join('')}</Successful>`;
}
