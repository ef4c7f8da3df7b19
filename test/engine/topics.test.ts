import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changedSample,
  eventually,
  removeFolders,
  type SampleEngine,
  startSample,
  type Template,
} from './engine-helper.ts';

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:Sample-News';

/** Lets SNS send to a queue, as CDK's `SqsSubscription` does. */
function letSend({ Resources }: Template, queue: string): void {
  Resources[`${queue}Policy`] = {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: queue }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Principal: { Service: 'sns.amazonaws.com' },
            Resource: arnOf(queue),
            Condition: { ArnEquals: { 'aws:SourceArn': { Ref: 'News' } } },
          },
        ],
      },
    },
  };
}

function subscribe({ Resources }: Template, name: string, properties: object): void {
  Resources[name] = {
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: 'News' }, ...properties },
  };
}

/** A topic that a function, a queue and a small queue hear, as the CDK declares them. */
function addTopic(template: Template): void {
  const { Resources } = template;
  Resources.News = { Type: 'AWS::SNS::Topic', Properties: {} };
  Object.assign(Resources.Worker?.Properties ?? {}, { Handler: 'index.noteEvent' });
  delete Resources.WorkerMapping;
  Resources.NewsPermission = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: arnOf('Worker'),
      Principal: 'sns.amazonaws.com',
      SourceArn: { Ref: 'News' },
    },
  };
  subscribe(template, 'ToWorker', {
    Protocol: 'lambda',
    Endpoint: arnOf('Worker'),
    FilterPolicy: { kind: ['created', { prefix: 'up' }], size: [{ numeric: ['>', 10, '<=', 20] }] },
  });
  subscribe(template, 'ToWork', {
    Protocol: 'sqs',
    Endpoint: arnOf('Work'),
    FilterPolicy: { room: { id: [{ 'anything-but': 'secret' }] } },
    FilterPolicyScope: 'MessageBody',
  });
  Resources.Small = { Type: 'AWS::SQS::Queue', Properties: { MaximumMessageSize: 1024 } };
  subscribe(template, 'ToSmall', {
    Protocol: 'sqs',
    Endpoint: arnOf('Small'),
    RawMessageDelivery: true,
    FilterPolicy: { raw: [{ exists: true }] },
    RedrivePolicy: { deadLetterTargetArn: arnOf('Failed') },
  });
  for (const queue of ['Work', 'Small', 'Failed']) letSend(template, queue);
}

let engine: SampleEngine;
let sns: SNSClient;

beforeAll(async () => {
  engine = await startSample({ assemblyDirectory: await changedSample(addTopic) });
  const credentials = { accessKeyId: 'user', secretAccessKey: 'any' };
  sns = new SNSClient({ endpoint: engine.awsEndpoint, region: 'us-east-1', credentials });
});

afterAll(async () => {
  sns?.destroy();
  await engine?.close();
  await removeFolders();
});

const text = (value: string) => ({ DataType: 'String', StringValue: value });
const number = (value: number) => ({ DataType: 'Number', StringValue: String(value) });

async function received(queue: string) {
  const QueueUrl = engine.model.queues.find(({ logicalId }) => logicalId === queue)?.url;
  const { Messages = [] } = await engine.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
  );
  return Messages;
}

async function noted(): Promise<{ Records: { Sns: { Message: string } }[] }[]> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  return Items.filter(({ pk }) => pk?.S?.startsWith('event')).map(({ value }) => JSON.parse(value?.S ?? ''));
}

describe('a message that is published', () => {
  it('is given to a function in the form of AWS, and only what its filter policy lets through', async () => {
    const publish = (Message: string, kind: string, size: number) =>
      sns.send(
        new PublishCommand({
          TopicArn: TOPIC_ARN,
          Subject: 'news',
          Message,
          MessageAttributes: { kind: text(kind), size: number(size) },
        }),
      );
    await publish('too small', 'created', 10);
    await publish('another kind', 'deleted', 15);
    const { MessageId } = await publish('this one', 'updated', 15);
    const events = await eventually(noted, (list) => list.length > 0);
    expect(events).toEqual([
      {
        Records: [
          {
            EventSource: 'aws:sns',
            EventVersion: '1.0',
            EventSubscriptionArn: expect.stringMatching(new RegExp(`^${TOPIC_ARN}:[0-9a-f-]{36}$`)),
            Sns: {
              Type: 'Notification',
              MessageId,
              TopicArn: TOPIC_ARN,
              Subject: 'news',
              Message: 'this one',
              Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
              SignatureVersion: '1',
              Signature: 'EXAMPLE',
              SigningCertUrl: 'EXAMPLE',
              UnsubscribeUrl: 'EXAMPLE',
              MessageAttributes: {
                kind: { Type: 'String', Value: 'updated' },
                size: { Type: 'Number', Value: '15' },
              },
            },
          },
        ],
      },
    ]);
  });

  it('lies in a queue in its envelope, where the policy on its body lets it through', async () => {
    for (const id of ['secret', 'general']) {
      await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Message: JSON.stringify({ room: { id } }) }));
    }
    await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Message: 'no JSON' }));
    const [message, ...others] = await received('Work');
    expect(others).toEqual([]);
    expect(JSON.parse(message?.Body ?? '')).toEqual({
      Type: 'Notification',
      MessageId: expect.any(String),
      TopicArn: TOPIC_ARN,
      Message: '{"room":{"id":"general"}}',
      Timestamp: expect.any(String),
      SignatureVersion: '1',
      Signature: 'EXAMPLE',
      SigningCertURL: 'EXAMPLE',
      UnsubscribeURL: 'EXAMPLE',
    });
  });

  it('lies in a queue raw, with its attributes, where that is declared', async () => {
    const MessageAttributes = {
      raw: text('yes'),
      bytes: { DataType: 'Binary', BinaryValue: Buffer.from('ab') },
    };
    await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Message: 'bare', MessageAttributes }));
    expect(await received('Small')).toMatchObject([
      { Body: 'bare', MessageAttributes: { raw: text('yes'), bytes: { DataType: 'Binary' } } },
    ]);
  });

  it('goes to the dead-letter queue of a subscription whose queue does not take it', async () => {
    const Message = 'x'.repeat(2000);
    await sns.send(
      new PublishCommand({ TopicArn: TOPIC_ARN, Message, MessageAttributes: { raw: text('yes') } }),
    );
    expect(await received('Failed')).toMatchObject([{ Body: Message }]);
    expect(engine.logs.some(({ text: line }) => line.startsWith('unable to deliver to'))).toBe(true);
  });

  it('says something else to each protocol, where its structure is JSON', async () => {
    const Message = JSON.stringify({ default: '{"room":{"id":"a"}}', sqs: '{"room":{"id":"b"}}' });
    await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Message, MessageStructure: 'json' }));
    const [message] = await received('Work');
    expect(JSON.parse(message?.Body ?? '').Message).toBe('{"room":{"id":"b"}}');
  });

  it('of a batch fails by itself', async () => {
    const PublishBatchRequestEntries = [
      { Id: 'good', Message: '{"room":{"id":"batch"}}' },
      { Id: 'bad', Message: 'x', MessageAttributes: { size: { DataType: 'Number', StringValue: 'many' } } },
    ];
    const output = await sns.send(
      new PublishBatchCommand({ TopicArn: TOPIC_ARN, PublishBatchRequestEntries }),
    );
    expect(output.Successful).toEqual([{ Id: 'good', MessageId: expect.any(String) }]);
    expect(output.Failed).toMatchObject([{ Id: 'bad', Code: 'InvalidParameter', SenderFault: true }]);
    expect(await received('Work')).toHaveLength(1);
  });

  it.each([
    [{ TopicArn: `${TOPIC_ARN}x`, Message: 'a' }, 'NotFoundException'],
    [{ TopicArn: TOPIC_ARN, Message: 'x'.repeat(262_145) }, 'InvalidParameterException'],
    [{ TopicArn: TOPIC_ARN, Message: 'a', Subject: 's'.repeat(101) }, 'InvalidParameterException'],
    [{ TopicArn: TOPIC_ARN, Message: '{"sqs":"a"}', MessageStructure: 'json' }, 'InvalidParameterException'],
  ])('is refused as by AWS', async (input, name) => {
    await expect(sns.send(new PublishCommand(input))).rejects.toMatchObject({ name });
  });
});

describe('a function that publishes', () => {
  /** What the sample's function is answered, with its role and the topic's policy as changed. */
  async function published(change: (template: Template) => void): Promise<unknown> {
    const own = await startSample({
      assemblyDirectory: await changedSample((template) => {
        addTopic(template);
        change(template);
      }),
    });
    try {
      return await own.post('publish', { topicArn: TOPIC_ARN, text: '{"room":{"id":"f"}}' });
    } finally {
      await own.close();
    }
  }

  const policyOf = ({ Resources }: Template) => {
    const document = Resources.RolePolicy?.Properties.PolicyDocument as { Statement: object[] };
    return document.Statement;
  };
  const grant = { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: 'News' } };
  const addPolicy = ({ Resources }: Template, statement: object) => {
    Resources.NewsPolicy = {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: { Topics: [{ Ref: 'News' }], PolicyDocument: { Statement: [{ ...grant, ...statement }] } },
    };
  };

  it('needs the right to, from its role or from the topic', async () => {
    expect(await published(() => {})).toMatchObject({
      error: 'AuthorizationErrorException',
      message: expect.stringContaining('is not authorized to perform: sns:Publish on resource: arn:aws:sns'),
    });
    expect(await published((template) => policyOf(template).push(grant))).toMatchObject({
      id: expect.any(String),
    });
    expect(
      await published((template) => addPolicy(template, { Principal: { AWS: arnOf('Role') } })),
    ).toMatchObject({ id: expect.any(String) });
  });

  it('is refused what the topic denies, whatever its role allows', async () => {
    const answer = await published((template) => {
      policyOf(template).push(grant);
      addPolicy(template, { Effect: 'Deny', Principal: '*' });
    });
    expect(answer).toMatchObject({ error: 'AuthorizationErrorException' });
  });
});

describe('a stack with a subscription', () => {
  it.each([
    ['without the permission to invoke', 'NewsPermission', /lets sns\.amazonaws\.com invoke .*Sample-Worker/],
    [
      'without the permission to send',
      'WorkPolicy',
      /QueuePolicy lets sns\.amazonaws\.com send to .*Sample-Work/,
    ],
    ['without that to the dead-letter queue', 'FailedPolicy', /send to .*Sample-Failed/],
  ])('%s does not start', async (_, resource, reason) => {
    const assemblyDirectory = await changedSample((template) => {
      addTopic(template);
      delete template.Resources[resource];
    });
    const starting = startSample({ assemblyDirectory });
    await expect(starting).rejects.toMatchObject({ code: 'access_denied' });
    await expect(starting).rejects.toThrow(reason);
  });

  it.each([
    ['over another protocol', 'ToWork', { Protocol: 'https' }, /Protocol.*not over "https"/],
    [
      'to what the stack does not declare',
      'ToWork',
      { Endpoint: 'arn:aws:sqs:x' },
      /Endpoint.*does not declare/,
    ],
    [
      'with a filter policy that can’t be read',
      'ToWork',
      { FilterPolicy: { a: [{ soundex: 'b' }] } },
      /FilterPolicy/,
    ],
    ['of a FIFO topic', 'News', { FifoTopic: true }, /FifoTopic/],
  ])('%s is refused by name', async (_, resource, properties, reason) => {
    const assemblyDirectory = await changedSample((template) => {
      addTopic(template);
      Object.assign(template.Resources[resource]?.Properties ?? {}, properties);
    });
    await expect(startSample({ assemblyDirectory })).rejects.toThrow(reason);
  });
});
