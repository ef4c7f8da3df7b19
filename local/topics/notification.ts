/** A published message, and the forms in which it travels on. */

/** An attribute as `Publish` takes it. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** Base64. */
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

export interface Notification {
  readonly messageId: string;
  readonly topicArn: string;
  /** Text for each protocol, or the same for all. */
  readonly textFor: (protocol: string) => string;
  readonly subject?: string;
  readonly timestamp: string;
  readonly attributes: MessageAttributes;
}

/** The engine has no certificate to sign with; what stands here says so to whoever would check it. */
const UNSIGNED = 'EXAMPLE';

/** `{"Type", "Value"}`, as SNS writes attributes. */
function written(attributes: MessageAttributes) {
  const entries = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: StringValue ?? BinaryValue ?? '' },
  ]);
  return Object.fromEntries(entries);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export function lambdaEvent(notification: Notification, subscriptionArn: string) {
  const { messageId, topicArn, subject, timestamp, attributes, textFor } = notification;
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscriptionArn,
        Sns: {
          Type: 'Notification',
          MessageId: messageId,
          TopicArn: topicArn,
          Subject: subject ?? null,
          Message: textFor('lambda'),
          Timestamp: timestamp,
          SignatureVersion: '1',
          Signature: UNSIGNED,
          SigningCertUrl: UNSIGNED,
          UnsubscribeUrl: UNSIGNED,
          MessageAttributes: written(attributes),
        },
      },
    ],
  };
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
export function queueMessage(notification: Notification) {
  const { messageId, topicArn, subject, timestamp, attributes, textFor } = notification;
  return {
    MessageBody: JSON.stringify({
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: topicArn,
      ...(subject !== undefined && { Subject: subject }),
      Message: textFor('sqs'),
      Timestamp: timestamp,
      SignatureVersion: '1',
      Signature: UNSIGNED,
      SigningCertURL: UNSIGNED,
      UnsubscribeURL: UNSIGNED,
      ...(Object.keys(attributes).length > 0 && { MessageAttributes: written(attributes) }),
    }),
  };
}

/** The message alone, its attributes as attributes of SQS: https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html */
export function rawQueueMessage({ attributes, textFor }: Notification) {
  return { MessageBody: textFor('sqs'), MessageAttributes: attributes };
}
