import { request } from 'node:http';
import { connect } from 'node:net';
import {
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, removeFolders, type SampleEngine, startSample } from './engine-helper.ts';

let engine: SampleEngine;
let client: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};

beforeAll(async () => {
  engine = await startSample({ expirySweepMs: 100 });
  client = {
    endpoint: engine.awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
});
afterAll(async () => {
  await engine?.close();
  await removeFolders();
});

interface Noted {
  readonly pk: string;
  readonly value: { readonly record: Record<string, unknown> & { dynamodb: Record<string, unknown> } };
}

/** What the sample's readers noted. */
async function noted(): Promise<Noted[]> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  return Items.map(({ pk, value }) => ({ pk: pk?.S ?? '', value: JSON.parse(value?.S ?? 'null') }));
}

const keyOf = ({ value }: Noted) => (value.record?.dynamodb.Keys as { pk?: { S: string } })?.pk?.S;

describe('DynamoDB', () => {
  it('serves functions and the user alike', async () => {
    await engine.post('put', { pk: { S: 'a' }, sk: { S: '1' }, text: { S: 'grüße' } });
    const Key = { pk: { S: 'a' }, sk: { S: '1' } };
    const { Item } = await engine.dynamodb.send(new GetItemCommand({ TableName: 'Sample-Items', Key }));
    expect(Item?.text).toEqual({ S: 'grüße' });
  });

  it('answers with the error of the database, unchanged', async () => {
    const putting = engine.dynamodb.send(
      new PutItemCommand({
        TableName: 'Sample-Items',
        Item: { pk: { S: 'a' }, sk: { S: '1' } },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    await expect(putting).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { text: { S: 'grüße' } },
    });
  });

  it('takes large items and answers of many pages', async () => {
    const text = 'x'.repeat(100_000);
    const items = Array.from({ length: 15 }, (_, index) => ({
      pk: { S: 'large' },
      sk: { S: `${index + 10}` },
      text: { S: text },
    }));
    await Promise.all(
      items.map((Item) => engine.dynamodb.send(new PutItemCommand({ TableName: 'Sample-Items', Item }))),
    );
    const query = {
      TableName: 'Sample-Items',
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': { S: 'large' } },
    };
    const first = await engine.dynamodb.send(new QueryCommand(query));
    expect(first.Items?.length).toBeLessThan(15);
    const rest = await engine.dynamodb.send(
      new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey }),
    );
    expect((first.Items?.length ?? 0) + (rest.Items?.length ?? 0)).toBe(15);
  });

  it('gives consumed capacity where it is asked for', async () => {
    const Key = { pk: { S: 'a' }, sk: { S: '1' } };
    const asked = await engine.dynamodb.send(
      new GetItemCommand({ TableName: 'Sample-Items', Key, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(asked.ConsumedCapacity).toMatchObject({ CapacityUnits: 0.5 });
    const plain = await engine.dynamodb.send(new GetItemCommand({ TableName: 'Sample-Items', Key }));
    expect(plain.ConsumedCapacity).toBeUndefined();
  });

  it('counts the calls of each function', async () => {
    const { calls } = await engine.metrics();
    expect(calls['Sample-Front']?.['dynamodb:PutItem']?.calls).toBeGreaterThanOrEqual(1);
    expect(calls['Sample-Maker']?.['dynamodb:PutItem']).toMatchObject({ calls: 1, errors: 0 });
    expect(calls.user?.['dynamodb:PutItem']?.errors).toBe(1);
  });

  it('stands requests cut at any byte, and several at once', async () => {
    const body = JSON.stringify({ TableName: 'Sample-Items', Key: { pk: { S: 'a' }, sk: { S: '1' } } });
    const text =
      `POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n` +
      `Authorization: AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n` +
      `X-Amz-Date: 20260101T000000Z\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { hostname, port } = new URL(engine.awsEndpoint);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (data) => {
      received += data;
    });
    const answers = () => received.split('HTTP/1.1 200 OK').length - 1;
    for (let cut = 1; cut < text.length; cut += 37) {
      socket.write(text.slice(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 1));
      socket.write(text.slice(cut));
    }
    const sent = Math.ceil((text.length - 1) / 37);
    socket.write(text + text);
    expect(await eventually(answers, (count) => count === sent + 2)).toBe(sent + 2);
    socket.destroy();
  });

  it('serves a client that sends its body in chunks', async () => {
    const { hostname, port } = new URL(engine.awsEndpoint);
    const outgoing = request({
      hostname,
      port,
      method: 'POST',
      headers: {
        'transfer-encoding': 'chunked',
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        authorization:
          'AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
    });
    outgoing.write('{');
    outgoing.end('}');
    const text = await new Promise<string>((resolve) =>
      outgoing.on('response', (response) => {
        let all = '';
        response.on('data', (data) => {
          all += data;
        });
        response.on('end', () => resolve(all));
      }),
    );
    expect(JSON.parse(text).TableNames).toEqual(['Sample-Done', 'Sample-Items']);
  });

  it('refuses what is no call of a service that it has', async () => {
    const unsigned = await fetch(engine.awsEndpoint, { method: 'POST', body: '{}' });
    expect([unsigned.status, (await unsigned.json()).__type]).toEqual([403, 'MissingAuthenticationToken']);
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/redshift/aws4_request',
    };
    const foreign = await fetch(engine.awsEndpoint, { method: 'POST', headers, body: '{}' });
    expect([foreign.status, (await foreign.json()).message]).toEqual([
      501,
      'The engine has no service redshift',
    ]);
  });
});

describe('a stream', () => {
  it('gives a function records in the form of AWS', async () => {
    const Item = { pk: { S: 'shape' }, sk: { S: 'E#1' }, text: { S: 'hi' } };
    await engine.dynamodb.send(new PutItemCommand({ TableName: 'Sample-Items', Item }));
    const [found] = await eventually(
      async () => (await noted()).filter((n) => keyOf(n) === 'shape'),
      (all) => all.length > 0,
    );
    expect(found?.value.record).toEqual({
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys: { pk: { S: 'shape' }, sk: { S: 'E#1' } },
        NewImage: Item,
        SequenceNumber: expect.stringMatching(/^\d{21}$/),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
      eventSourceARN: engine.model.tables[0]?.streamArn,
    });
  });

  it('carries what a transaction wrote', async () => {
    const put = (sk: string) => ({
      Put: { TableName: 'Sample-Items', Item: { pk: { S: 'both' }, sk: { S: sk } } },
    });
    await engine.dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [put('E#1'), put('E#2')] }));
    const found = await eventually(
      async () => (await noted()).filter((n) => keyOf(n) === 'both'),
      (all) => all.length > 1,
    );
    expect(found).toHaveLength(2);
  });

  it('names DynamoDB as the one that deleted an expired item', async () => {
    const Item = {
      pk: { S: 'expiring' },
      sk: { S: 'E#1' },
      expiresAt: { N: String(Math.floor(Date.now() / 1000) - 5) },
    };
    await engine.dynamodb.send(new PutItemCommand({ TableName: 'Sample-Items', Item }));
    const removed = await eventually(
      async () =>
        (await noted()).find((n) => keyOf(n) === 'expiring' && n.value.record.eventName === 'REMOVE'),
      (record) => record !== undefined,
    );
    expect(removed?.value.record.userIdentity).toEqual({
      type: 'Service',
      principalId: 'dynamodb.amazonaws.com',
    });
    expect(removed?.value.record.dynamodb.OldImage).toEqual(Item);
  });

  it('tells the failure queue where the records lie that a function could not take', async () => {
    const Item = { pk: { S: 'poisoned' }, sk: { S: 'E#1' }, fail: { S: 'throw' } };
    await engine.dynamodb.send(new PutItemCommand({ TableName: 'Sample-Items', Item }));
    const QueueUrl = engine.outputs.FailedUrl;
    const [message] = await eventually(
      async () => (await engine.sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [],
      (messages) => messages.length > 0,
    );
    expect(JSON.parse(message?.Body ?? '{}')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      DDBStreamBatchInfo: { batchSize: 1, streamArn: engine.model.tables[0]?.streamArn },
    });
  });
});

describe('SQS', () => {
  it('gives a function its messages and takes those back that it reports', async () => {
    const kept = (await engine.post('send', { text: 'hello' })) as { id: string };
    const [found] = await eventually(
      async () => (await noted()).filter(({ pk }) => pk === `queue ${kept.id}`),
      (all) => all.length > 0,
    );
    expect(found?.value).toMatchObject({
      messageId: kept.id,
      body: 'hello',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:Sample-Work',
      awsRegion: 'us-east-1',
      attributes: { SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    });
    const failing = (await engine.post('send', { text: 'please fail' })) as { id: string };
    const QueueUrl = engine.outputs.FailedUrl;
    const dead = await eventually(
      async () => (await engine.sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0],
      (message) => message?.Body === 'please fail',
    );
    expect(dead?.MessageId).toBe(failing.id);
  });

  it('knows its queues by the addresses of this machine', async () => {
    const { QueueUrl } = await engine.sqs.send(new GetQueueUrlCommand({ QueueName: 'Sample-Work' }));
    expect(QueueUrl).toBe(engine.outputs.WorkUrl);
    const { Attributes } = await engine.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn', 'VisibilityTimeout'] }),
    );
    expect(Attributes).toEqual({
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:Sample-Work',
      VisibilityTimeout: '1',
    });
  });
});

describe('Secrets Manager', () => {
  it('generates what the template asks for', async () => {
    const { value } = (await engine.post('secret')) as { value: string };
    expect(JSON.parse(value)).toEqual({
      user: 'admin',
      password: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
    });
  });

  it('moves the stages as a new version comes', async () => {
    const secrets = new SecretsManagerClient(client);
    const SecretId = engine.outputs.SecretArn;
    const before = await secrets.send(new GetSecretValueCommand({ SecretId }));
    const put = await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'second' }));
    expect(put.VersionStages).toEqual(['AWSCURRENT']);
    const now = await secrets.send(new GetSecretValueCommand({ SecretId }));
    expect(now).toMatchObject({ SecretString: 'second', VersionId: put.VersionId, Name: 'Sample-Secret' });
    const previous = await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' }));
    expect(previous).toMatchObject({ SecretString: before.SecretString, VersionId: before.VersionId });
    await secrets.send(new PutSecretValueCommand({ SecretId: 'Sample-Secret', SecretString: 'third' }));
    const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId }));
    expect(Object.values(VersionIdsToStages ?? {}).sort()).toEqual([['AWSCURRENT'], ['AWSPREVIOUS']]);
    expect(VersionIdsToStages?.[put.VersionId ?? '']).toEqual(['AWSPREVIOUS']);
  });

  it('knows no other secret', async () => {
    const getting = new SecretsManagerClient(client).send(new GetSecretValueCommand({ SecretId: 'other' }));
    await expect(getting).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('writes no secret into its log', async () => {
    const { value } = (await engine.post('secret')) as { value: string };
    expect(engine.logs.length).toBeGreaterThan(0);
    expect(JSON.stringify(engine.logs)).not.toContain(value);
  });
});

describe('the Invoke API', () => {
  it('gives a function’s answer, or its error', async () => {
    expect(await engine.post('invoke', { a: 1 })).toEqual({ payload: { echoed: { a: 1 } } });
    expect(await engine.post('invoke', { fail: true })).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'TypeError', errorMessage: 'asked to fail' },
    });
  });

  it('accepts an event and answers at once', async () => {
    const lambda = new LambdaClient(client);
    const invocations = async () => (await engine.metrics()).functions['Sample-Echo']?.invocations ?? 0;
    const before = await invocations();
    const output = await lambda.send(
      new InvokeCommand({ FunctionName: 'Sample-Echo', InvocationType: 'Event', Payload: '{}' }),
    );
    expect(output.StatusCode).toBe(202);
    const after = await eventually(invocations, (n) => n > before);
    expect(after).toBe(before + 1);
  });

  it('knows no other function, and no other operation', async () => {
    const lambda = new LambdaClient(client);
    await expect(lambda.send(new InvokeCommand({ FunctionName: 'nobody' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/lambda/aws4_request',
    };
    const response = await fetch(`${engine.awsEndpoint}/2015-03-31/functions`, { headers });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ Message: 'The engine has no such operation of lambda' });
  });
});
