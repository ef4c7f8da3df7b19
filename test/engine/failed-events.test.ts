import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
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

/** What the queue of failures holds after an event that fails. */
async function failuresOf(change: (template: Template) => void, count: number) {
  const engine = await startSample({ assemblyDirectory: await changedSample(change) });
  const lambda = new LambdaClient({
    endpoint: engine.awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  try {
    const Payload = JSON.stringify({ fail: true });
    await lambda.send(new InvokeCommand({ FunctionName: 'Sample-Echo', InvocationType: 'Event', Payload }));
    const QueueUrl = engine.model.queues.find(({ logicalId }) => logicalId === 'Failed')?.url;
    const found: unknown[] = [];
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
    await eventually(
      async () => {
        const { Messages = [] } = await engine.sqs.send(receive);
        found.push(...Messages.map(({ Body }) => JSON.parse(Body ?? '')));
        return found.length;
      },
      (n) => n >= count,
    );
    return { found, invocations: engine.metrics().functions['Sample-Echo']?.invocations };
  } finally {
    lambda.destroy();
    await engine.close();
  }
}

describe('an asynchronous event that fails for good', () => {
  it('is tried as often as its function says, then told to the failure destination', async () => {
    const { found, invocations } = await failuresOf(keepFailures, 1);
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

  it('goes to the dead-letter queue as it was', async () => {
    const { found } = await failuresOf((template) => {
      keepFailures(template);
      const { EchoEvents, Echo } = template.Resources;
      if (EchoEvents) delete EchoEvents.Properties.DestinationConfig;
      Object.assign(Echo?.Properties ?? {}, { DeadLetterConfig: { TargetArn: FAILED_ARN } });
    }, 1);
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

  it('may not be told of where it succeeds: refused by name', async () => {
    const assemblyDirectory = await changedSample((template) => {
      keepFailures(template);
      const { EchoEvents } = template.Resources;
      Object.assign(EchoEvents?.Properties ?? {}, {
        DestinationConfig: { OnSuccess: { Destination: FAILED_ARN } },
      });
    });
    await expect(startSample({ assemblyDirectory })).rejects.toThrow(/EchoEvents .*OnSuccess/);
  });
});
