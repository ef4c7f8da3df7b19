import { ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../local/engine.ts';
import {
  changedSample,
  eventually,
  removeFolders,
  type SampleEngine,
  type Template,
} from './engine-helper.ts';
import { att, FILES, startStorage, told, withBuckets } from './storage-helper.ts';

afterAll(removeFolders);

/** As the CDK writes it: a custom resource with a function in Python behind it. */
function notifying(template: Template, configuration: object): void {
  const { Resources } = template;
  const code = Resources.Echo?.Properties;
  Resources.Notified = { Type: 'AWS::Lambda::Function', Properties: { ...code, Handler: 'index.notified' } };
  Resources.NotifiedPermission = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: att('Notified'),
      Principal: 's3.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
      SourceArn: att('Files'),
    },
  };
  Resources.QueuePolicy = {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Failed' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['sqs:SendMessage', 'sqs:GetQueueUrl'],
            Principal: { Service: 's3.amazonaws.com' },
            Resource: att('Failed'),
            Condition: { ArnLike: { 'aws:SourceArn': att('Files') } },
          },
        ],
      },
    },
  };
  Resources.Handler = {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { ZipFile: 'import boto3' },
      Handler: 'index.handler',
      Runtime: 'python3.13',
      Role: att('Role'),
    },
  };
  Resources.Notifications = {
    Type: 'Custom::S3BucketNotifications',
    Properties: {
      ServiceToken: att('Handler'),
      BucketName: { Ref: 'Files' },
      NotificationConfiguration: configuration,
      Managed: true,
    },
  };
}

const CONFIGURATION = {
  LambdaFunctionConfigurations: [
    {
      Events: ['s3:ObjectCreated:*'],
      Filter: {
        Key: {
          FilterRules: [
            { Name: 'prefix', Value: 'told/' },
            { Name: 'suffix', Value: '.txt' },
          ],
        },
      },
      LambdaFunctionArn: att('Notified'),
    },
  ],
  QueueConfigurations: [{ Events: ['s3:ObjectRemoved:Delete'], QueueArn: att('Failed') }],
};

async function noted(engine: SampleEngine): Promise<Record<string, { s3: unknown; eventName: string }>> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  const found = Items.filter(({ pk }) => pk?.S?.startsWith('object '));
  return Object.fromEntries(found.map(({ pk, value }) => [pk?.S, JSON.parse(value?.S ?? '')]));
}

describe('a notification of a bucket', () => {
  it('reaches functions and queues that its configuration names', async () => {
    const engine = await startStorage((template) => notifying(template, CONFIGURATION));
    const put = (Key: string) => engine.s3.send(new PutObjectCommand({ Bucket: FILES, Key, Body: 'hello' }));
    await Promise.all([put('told/a b+ü.txt'), put('told/a.png'), put('a.txt')]);
    const records = await eventually(
      () => noted(engine),
      (all) => Object.keys(all).length > 0,
    );
    expect(Object.keys(records)).toEqual(['object told/a+b%2B%C3%BC.txt ObjectCreated:Put']);
    expect(Object.values(records)[0]).toMatchObject({
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventTime: expect.stringMatching(/^\d{4}-.*Z$/),
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: FILES, arn: `arn:aws:s3:::${FILES}` },
        object: {
          size: 5,
          eTag: '5d41402abc4b2a76b9719d911017c592',
          sequencer: expect.stringMatching(/^[0-9A-F]+$/),
        },
      },
    });
    await engine.call('DeleteObject', { Bucket: FILES, Key: 'a.txt' });
    const receive = new ReceiveMessageCommand({
      QueueUrl: engine.outputs.FailedUrl,
      MaxNumberOfMessages: 10,
    });
    const bodies: string[] = [];
    await eventually(
      async () => {
        const { Messages = [] } = await engine.sqs.send(receive);
        bodies.push(...Messages.map(({ Body = '' }) => Body));
        return bodies;
      },
      (all) => all.length >= 2,
    );
    const messages = bodies.map((body) => JSON.parse(body));
    expect(messages.find(({ Event }) => Event === 's3:TestEvent')).toMatchObject({ Bucket: FILES });
    expect(messages.find(({ Records }) => Records)?.Records[0]).toMatchObject({
      eventName: 'ObjectRemoved:Delete',
      s3: { object: { key: 'a.txt' } },
    });
    await engine.close();
  });

  const refused = async (change: (template: Template) => void) => {
    const assemblyDirectory = await changedSample((template) => {
      withBuckets(template);
      notifying(template, CONFIGURATION);
      change(template);
    });
    return startEngine({ assemblyDirectory, host: '127.0.0.1', logLevel: 'error' });
  };

  it('needs the right to invoke and to send', async () => {
    await expect(refused(({ Resources }) => delete Resources.NotifiedPermission)).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('no AWS::Lambda::Permission lets s3.amazonaws.com invoke'),
    });
    await expect(refused(({ Resources }) => delete Resources.QueuePolicy)).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('no AWS::SQS::QueuePolicy lets s3.amazonaws.com send to'),
    });
  });
});

describe('a lifecycle rule', () => {
  it('takes objects and unfinished uploads away when their days are over', async () => {
    const dayMs = 1000;
    const engine = await startStorage(
      ({ Resources }) => {
        const { Properties = {} } = Resources.Files ?? {};
        Properties.LifecycleConfiguration = {
          Rules: [
            { Status: 'Enabled', Prefix: 'old/', ExpirationInDays: 1 },
            { Status: 'Enabled', TagFilters: [{ Key: 'state', Value: 'new' }], ExpirationInDays: 1 },
            { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
            { Status: 'Disabled', Prefix: 'kept', ExpirationInDays: 1 },
          ],
        };
      },
      { storageDayMs: dayMs },
    );
    const put = (Key: string, more: object = {}) =>
      engine.s3.send(new PutObjectCommand({ Bucket: FILES, Key, Body: 'x', ...more }));
    await Promise.all([put('old/1'), put('tagged', { Tagging: 'state=new' }), put('kept')]);
    await engine.s3.send(new CreateMultipartUploadCommand({ Bucket: FILES, Key: 'unfinished' }));
    const keys = async () =>
      ((await engine.s3.send(new ListObjectsV2Command({ Bucket: FILES }))).Contents ?? []).map(
        ({ Key }) => Key,
      );
    expect(await keys()).toEqual(['kept', 'old/1', 'tagged']);
    expect(await eventually(keys, (all) => all.length === 1)).toEqual(['kept']);
    const uploads = async () =>
      (await engine.s3.send(new ListMultipartUploadsCommand({ Bucket: FILES }))).Uploads ?? [];
    expect(await eventually(uploads, (all) => all.length === 0)).toEqual([]);
    await engine.close();
  });
});

describe('a bucket’s policy', () => {
  it('denies what it denies, and lets anybody in where it says so', async () => {
    const engine = await startStorage(({ Resources }) => {
      const statement = (more: object) => ({ Principal: '*', Action: 's3:GetObject', ...more });
      Resources.FilesPolicy = {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Files' },
          PolicyDocument: {
            Statement: [
              statement({ Effect: 'Allow', Resource: { 'Fn::Sub': `\${Files.Arn}/open/*` } }),
              statement({
                Effect: 'Deny',
                Resource: { 'Fn::Sub': `\${Files.Arn}/shut/*` },
                Principal: { AWS: '*' },
              }),
              {
                Effect: 'Deny',
                Principal: { AWS: '*' },
                Action: 's3:*',
                Resource: { 'Fn::Sub': `\${Files.Arn}/*` },
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      };
    });
    for (const Key of ['open/a', 'shut/a', 'a'])
      await engine.s3.send(new PutObjectCommand({ Bucket: FILES, Key, Body: 'hello' }));
    const plain = (key: string) => fetch(`${engine.storageEndpoint}/${FILES}/${key}`).then(told);
    expect(await plain('open/a')).toMatchObject({ status: 200, text: 'hello' });
    expect(await plain('a')).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(await plain('open/a?response-content-type=text/html')).toMatchObject({ status: 400 });
    expect(await engine.call('GetObject', { Bucket: FILES, Key: 'shut/a' })).toMatchObject({
      error: 'AccessDenied',
    });
    expect(await engine.call('GetObject', { Bucket: FILES, Key: 'a' })).toMatchObject({ text: 'hello' });
    await engine.close();
  });
});
