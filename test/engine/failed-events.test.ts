import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it } from 'vitest';
import { changedSample, eventually, removeFolders, startSample, type Template } from './engine-helper.ts';

afterAll(removeFolders);

const FAILED_ARN = { 'Fn::GetAtt': ['Failed', 'Arn'] };

function keepFailures({ Resources }: Template): void {
  Resources.EchoEvents = {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Echo' },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: FAILED_ARN } },
    },
  };
}

/** Lets the function's role do one thing more. */
function allow({ Resources }: Template, Action: string, Resource: unknown): void {
  const document = Resources.RolePolicy?.Properties.PolicyDocument as { Statement: object[] };
  document.Statement.push({ Effect: 'Allow', Action, Resource });
}

/** What the queue of failures holds after an event of these contents, and how often the function ran. */
async function failuresOf(change: (template: Template) => void, event: object = { fail: true }) {
  const engine = await startSample({ assemblyDirectory: await changedSample(change) });
  const lambda = new LambdaClient({
    endpoint: engine.awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  try {
    const Payload = JSON.stringify(event);
    await lambda.send(new InvokeCommand({ FunctionName: 'Sample-Echo', InvocationType: 'Event', Payload }));
    const QueueUrl = engine.model.queues.find(({ logicalId }) => logicalId === 'Failed')?.url;
    const messages: Message[] = [];
    const receive = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    });
    await eventually(
      async () => {
        const { Messages = [] } = await engine.sqs.send(receive);
        messages.push(...Messages);
        return messages.length;
      },
      (n) => n >= 1,
    );
    const found: unknown[] = messages.map(({ Body }) => JSON.parse(Body ?? ''));
    return { found, messages, invocations: engine.metrics().functions['Sample-Echo']?.invocations };
  } finally {
    lambda.destroy();
    await engine.close();
  }
}

describe('an asynchronous event that fails for good', () => {
  it('is tried as often as its function says, then told to the failure destination', async () => {
    const { found, invocations } = await failuresOf(keepFailures);
    expect(invocations).toBe(1);
    expect(found).toEqual([
      expect.objectContaining({
        version: '1.0',
        requestContext: expect.objectContaining({ condition: 'RetriesExhausted', approximateInvokeCount: 1 }),
        requestPayload: { fail: true },
        responsePayload: expect.objectContaining({ errorType: 'TypeError' }),
      }),
    ]);
  });

  function deadLetters(template: Template, TargetArn: unknown = FAILED_ARN): void {
    keepFailures(template);
    const { EchoEvents, Echo } = template.Resources;
    if (EchoEvents) delete EchoEvents.Properties.DestinationConfig;
    Object.assign(Echo?.Properties ?? {}, { DeadLetterConfig: { TargetArn } });
  }

  it('goes to the dead-letter queue as it was, with the request and the error beside it', async () => {
    const { found, messages } = await failuresOf(deadLetters);
    expect(found).toEqual([{ fail: true }]);
    expect(messages[0]?.MessageAttributes).toEqual({
      RequestID: { DataType: 'String', StringValue: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: 'asked to fail' },
    });
  });

  it('goes to a topic of dead letters, and on from there', async () => {
    const { found } = await failuresOf((template) => {
      const { Resources } = template;
      deadLetters(template, { Ref: 'Lost' });
      Resources.Lost = { Type: 'AWS::SNS::Topic', Properties: {} };
      allow(template, 'sns:Publish', { Ref: 'Lost' });
      const subscription = {
        TopicArn: { Ref: 'Lost' },
        Protocol: 'sqs',
        Endpoint: FAILED_ARN,
        RawMessageDelivery: true,
      };
      Resources.LostToFailed = { Type: 'AWS::SNS::Subscription', Properties: subscription };
      const statement = {
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Principal: { Service: 'sns.amazonaws.com' },
        Resource: FAILED_ARN,
      };
      Resources.FailedPolicy = {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { Queues: [{ Ref: 'Failed' }], PolicyDocument: { Statement: [statement] } },
      };
    });
    expect(found).toEqual([{ fail: true }]);
  });

  it('is kept only where the role may send: else the stack does not start', async () => {
    const assemblyDirectory = await changedSample((template) => {
      keepFailures(template);
      const document = template.Resources.RolePolicy?.Properties.PolicyDocument as {
        Statement: { Action: string | string[] }[];
      };
      for (const statement of document.Statement) {
        statement.Action = [statement.Action].flat().filter((action) => action !== 'sqs:SendMessage');
      }
      delete template.Resources.ReaderMapping;
    });
    await expect(startSample({ assemblyDirectory })).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('is denied sqs:SendMessage'),
    });
  });
});

describe('an asynchronous event that succeeds', () => {
  const record = (requestPayload: object) => ({
    version: '1.0',
    timestamp: expect.stringMatching(/Z$/),
    requestContext: {
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Sample-Echo:$LATEST',
      condition: 'Success',
      approximateInvokeCount: 1,
    },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST' },
    responsePayload: { echoed: requestPayload },
  });
  const onSuccess = (template: Template, Destination: unknown) => {
    keepFailures(template);
    const { EchoEvents } = template.Resources;
    Object.assign(EchoEvents?.Properties ?? {}, { DestinationConfig: { OnSuccess: { Destination } } });
  };

  it('is told to the success destination, a queue', async () => {
    const { found } = await failuresOf((template) => onSuccess(template, FAILED_ARN), { a: 1 });
    expect(found).toEqual([record({ a: 1 })]);
  });

  it('is told to the success destination, a function, whose failures go on as its own', async () => {
    const { found } = await failuresOf(
      (template) => {
        const workerArn = { 'Fn::GetAtt': ['Worker', 'Arn'] };
        onSuccess(template, workerArn);
        // It takes a record for the messages of a queue, and fails.
        template.Resources.WorkerEvents = {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: {
            FunctionName: { Ref: 'Worker' },
            MaximumRetryAttempts: 0,
            DestinationConfig: { OnFailure: { Destination: FAILED_ARN } },
          },
        };
      },
      { b: 2 },
    );
    expect(found).toMatchObject([
      { requestContext: { condition: 'RetriesExhausted' }, requestPayload: record({ b: 2 }) },
    ]);
  });

  it('may be told only where the role allows it, and to what the stack declares', async () => {
    const untold = failuresOf((template) => {
      template.Resources.Told = { Type: 'AWS::SNS::Topic', Properties: {} };
      onSuccess(template, { Ref: 'Told' });
    });
    await expect(untold).rejects.toThrow(/is denied sns:Publish on .*Sample-Told/);
    await expect(
      failuresOf((template) => onSuccess(template, 'arn:aws:events:us-east-1:000000000000:event-bus/x')),
    ).rejects.toThrow(/unable to use the destination .*event-bus/);
  });
});
