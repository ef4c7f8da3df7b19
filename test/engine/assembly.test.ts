import { afterAll, describe, expect, it } from 'vitest';
import type { AssemblyModel } from '../../local/assembly/model.ts';
import { readAssembly } from '../../local/assembly/read-assembly.ts';
import { RUN_TYPES, WITHOUT_EFFECT } from '../../local/assembly/resource-types.ts';
import { changedSample, removeFolders, SAMPLE, type Template } from './engine-helper.ts';

const place = { awsEndpoint: 'http://127.0.0.1:4000', publicHost: '127.0.0.1:3000' };

function read(directory = SAMPLE, parameters: Record<string, string> = {}): Promise<AssemblyModel> {
  return readAssembly({ directory, ...place, parameters });
}

async function readChanged(change: (template: Template) => void, parameters?: Record<string, string>) {
  return read(await changedSample(change), parameters);
}

/** Lets a function's variable say what a value resolves to. */
async function resolved(value: unknown, change: (template: Template) => void = () => {}): Promise<unknown> {
  const model = await readChanged((template) => {
    change(template);
    const environment = template.Resources.Echo?.Properties.Environment as { Variables: object };
    environment.Variables = { VALUE: value };
  });
  return model.functions.find(({ logicalId }) => logicalId === 'Echo')?.environment.VALUE;
}

/** A placeholder of `Fn::Sub`. */
const name = (placeholder: string) => `\${${placeholder}}`;

afterAll(removeFolders);

describe('a synthesized stack', () => {
  it('gives its resources names and addresses that are the same each time', async () => {
    const [first, second] = await Promise.all([read(), read()]);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ stackName: 'Sample', region: 'us-east-1', account: '000000000000' });
    expect(first.tables.map(({ name }) => name)).toEqual(['Sample-Items', 'Sample-Done']);
    expect(first.queues[0]?.url).toBe('http://127.0.0.1:4000/000000000000/Sample-Failed');
  });

  it('has the input of CreateTable, the stream and the TTL attribute of each table', async () => {
    const [items] = (await read()).tables;
    expect(items).toMatchObject({
      arn: 'arn:aws:dynamodb:us-east-1:000000000000:table/Sample-Items',
      streamViewType: 'NEW_AND_OLD_IMAGES',
      ttlAttribute: 'expiresAt',
      createTable: {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [{ IndexName: 'byOwner', Projection: { ProjectionType: 'ALL' } }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      },
    });
  });

  it('reads a table that the newer construct declares as a global table', async () => {
    const model = await readChanged(({ Resources }) => {
      const table = Resources.Done;
      if (!table) return;
      table.Type = 'AWS::DynamoDB::GlobalTable';
      table.Properties.Replicas = [{ Region: { Ref: 'AWS::Region' } }];
      table.Properties.StreamSpecification = { StreamViewType: 'KEYS_ONLY' };
    });
    expect(model.tables[1]?.createTable.StreamSpecification?.StreamViewType).toBe('KEYS_ONLY');
  });

  it('finds the code of each function in the assets', async () => {
    const model = await read();
    const front = model.functions.find(({ logicalId }) => logicalId === 'Front');
    expect(front).toMatchObject({
      codeDirectory: `${SAMPLE}/asset.handlers`,
      handler: 'index.front',
      timeoutSeconds: 10,
      memoryMegabytes: 256,
      environment: { TABLE: 'Sample-Items', ECHO: 'Sample-Echo' },
    });
  });

  it('gathers the statements of each role from wherever they are attached', async () => {
    const model = await readChanged(({ Resources }) => {
      const role = Resources.Role;
      if (role) {
        role.Properties.Policies = [
          {
            PolicyName: 'inline',
            PolicyDocument: { Statement: { Effect: 'Deny', NotAction: 's3:*', Resource: '*' } },
          },
        ];
      }
      Resources.Shared = {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          Roles: [{ Ref: 'Role' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Action: 'sns:Publish',
                Resource: '*',
                Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } },
              },
            ],
          },
        },
      };
    });
    const [role] = model.roles;
    expect(role?.statements).toHaveLength(7);
    expect(role?.statements.at(-1)).toMatchObject({ effect: 'Deny', actions: [], notActions: ['s3:*'] });
    expect(role?.statements.at(-2)?.conditions).toEqual({
      StringEquals: { 'aws:RequestedRegion': 'us-east-1' },
    });
    expect(role?.managedPolicies).toEqual([
      'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    ]);
  });

  it('joins an API from its routes, integrations, responses and stage', async () => {
    const model = await read();
    expect(model.webSocketApis).toMatchObject([
      {
        stageName: 'ws',
        throttle: { rateLimit: 1000, burstLimit: 500 },
        routes: [{ routeKey: 'echo', routeResponse: true, integrationTimeoutMs: 29_000 }],
      },
    ]);
    expect(model.httpApis).toMatchObject([
      {
        stageName: '$default',
        routes: [{ routeKey: 'ANY /api/{proxy+}', integrationTimeoutMs: 30_000 }],
        cors: { allowOrigins: ['http://localhost:5173'], maxAgeSeconds: 600 },
      },
    ]);
  });

  it('sends no body back on a route without a response', async () => {
    const model = await readChanged(({ Resources }) => {
      delete Resources.WsRouteResponse;
    });
    expect(model.webSocketApis[0]?.routes[0]?.routeResponse).toBe(false);
  });

  it('puts the address of this machine where the stack names an API', async () => {
    const { outputs } = await read();
    expect(outputs.WebSocketUrl).toBe('ws://127.0.0.1:3000/ws');
    expect(outputs.HttpUrl).toBe('http://127.0.0.1:3000');
  });

  it('reads what an event source mapping says, and Lambda’s defaults where it says nothing', async () => {
    const [stream, queue] = (await read()).eventSourceMappings;
    expect(stream).toMatchObject({
      source: { kind: 'stream', tableName: 'Sample-Items' },
      batchSize: 10,
      parallelizationFactor: 4,
      maximumRetryAttempts: 1,
      maximumRecordAgeSeconds: -1,
      bisectBatchOnFunctionError: true,
      reportBatchItemFailures: true,
      failureDestinationArn: 'arn:aws:sqs:us-east-1:000000000000:Sample-Failed',
      filters: [{ dynamodb: { Keys: { sk: { S: [{ prefix: 'E#' }] } } } }],
    });
    expect(queue).toMatchObject({ source: { kind: 'queue' }, batchSize: 5, batchingWindowSeconds: 0 });
  });

  it('makes custom resources after what they depend on', async () => {
    const model = await readChanged(({ Resources }) => {
      const first = {
        Type: 'Custom::First',
        Properties: { ServiceToken: { 'Fn::GetAtt': ['Maker', 'Arn'] } },
      };
      Resources.AAA = { ...first, Type: 'Custom::Last', DependsOn: ['Token', 'ZZZ'] };
      Resources.ZZZ = first;
    });
    const order = model.customResources.map(({ logicalId }) => logicalId);
    expect(order.indexOf('AAA')).toBeGreaterThan(order.indexOf('ZZZ'));
    expect(order.indexOf('AAA')).toBeGreaterThan(order.indexOf('Token'));
  });
});

describe('intrinsic functions', () => {
  it.each([
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Ref of a resource', { Ref: 'Items' }, 'Sample-Items'],
    [
      'Fn::GetAtt as a list',
      { 'Fn::GetAtt': ['Echo', 'Arn'] },
      'arn:aws:lambda:us-east-1:000000000000:function:Sample-Echo',
    ],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Work.QueueName' }, 'Sample-Work'],
    [
      'Fn::Sub with names',
      { 'Fn::Sub': `${name('AWS::StackName')}/${name('Items')}/${name('Work.QueueName')}/${name('!kept')}` },
      `Sample/Sample-Items/Sample-Work/${name('kept')}`,
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': [`${name('a')}-${name('Items')}`, { a: { Ref: 'Done' } }] },
      'Sample-Done-Sample-Items',
    ],
    ['Fn::Join', { 'Fn::Join': ['/', ['a', { Ref: 'Items' }, 1]] }, 'a/Sample-Items/1'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Items' }] }] }, 'Items'],
    ['Fn::Base64', { 'Fn::Base64': 'hello' }, 'aGVsbG8='],
  ])('%s', async (_name, value, expected) => {
    expect(await resolved(value)).toBe(expected);
  });

  const conditions = (template: Template) => {
    template.Parameters = { ...template.Parameters, Stage: { Type: 'String', Default: 'dev' } };
    template.Conditions = {
      IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
      IsNot: { 'Fn::Not': [{ Condition: 'IsDev' }] },
      Both: {
        'Fn::And': [{ Condition: 'IsDev' }, { 'Fn::Or': [{ Condition: 'IsNot' }, { Condition: 'IsDev' }] }],
      },
    };
  };

  it('decides Fn::If by conditions on conditions', async () => {
    expect(await resolved({ 'Fn::If': ['Both', 'yes', 'no'] }, conditions)).toBe('yes');
    expect(await resolved({ 'Fn::If': ['IsNot', 'yes', 'no'] }, conditions)).toBe('no');
  });

  it('leaves out what AWS::NoValue stands for', async () => {
    expect(
      await resolved({ 'Fn::If': ['IsNot', 'yes', { Ref: 'AWS::NoValue' }] }, conditions),
    ).toBeUndefined();
  });

  it('leaves out a resource whose condition does not hold', async () => {
    const change = (template: Template) => {
      conditions(template);
      if (template.Resources.Done) template.Resources.Done.Condition = 'IsDev';
    };
    expect((await readChanged(change)).tables).toHaveLength(2);
    expect((await readChanged(change, { Stage: 'prod' })).tables).toHaveLength(1);
  });

  it('names what can’t be resolved', async () => {
    await expect(resolved({ 'Fn::ImportValue': 'x' })).rejects.toThrow(/Fn::ImportValue/);
    await expect(resolved({ Ref: 'Nobody' })).rejects.toThrow(/Ref Nobody; the template has no such/);
    await expect(resolved({ 'Fn::GetAtt': ['Items', 'Colour'] })).rejects.toThrow(
      /Items\.Colour \(Sample\/Items\/Resource\)/,
    );
    const early = readChanged(({ Resources }) => {
      Object.assign(Resources.Work?.Properties ?? {}, { QueueName: { 'Fn::GetAtt': ['Token', 'Value'] } });
    });
    await expect(early).rejects.toThrow(/Token\.Value among the \w+; .* known only after it ran/);
    await expect(resolved({ 'Fn::Split': [',', { 'Fn::GetAtt': ['Token', 'Value'] }] })).rejects.toThrow(
      /Fn::Split; .* known only after it ran/,
    );
  });
});

describe('what the engine can’t run', () => {
  it('is refused with type, logical id and construct path', async () => {
    const reading = readChanged(({ Resources }) => {
      Resources.Bucket = { Type: 'AWS::Redshift::Cluster', Properties: {} };
      Resources.Stream = {
        Type: 'AWS::Kinesis::Stream',
        Properties: {},
        Metadata: { 'aws:cdk:path': 'Sample/My/Stream' },
      };
    });
    await expect(reading).rejects.toMatchObject({
      code: 'resource_unsupported',
      message: expect.stringMatching(
        /AWS::Redshift::Cluster Bucket .*AWS::Kinesis::Stream Stream \(Sample\/My\/Stream\)/,
      ),
    });
  });

  it.each([
    ['Reader', { Layers: ['arn:x'] }, /Layers/],
    ['Reader', { Runtime: 'python3.13' }, /Runtime: "python3\.13" is none of Node\.js/],
    ['Reader', { Code: { ZipFile: 'x' } }, /Code: the engine runs code from assets only/],
    ['ReaderMapping', { TumblingWindowInSeconds: 30 }, /TumblingWindowInSeconds/],
    ['ReaderMapping', { StartingPosition: 'AT_TIMESTAMP' }, /AT_TIMESTAMP is neither/],
    ['ReaderMapping', { EventSourceArn: 'arn:aws:kinesis:x' }, /no stream or queue of this stack/],
    ['ReaderMapping', { FilterCriteria: { Filters: [{ Pattern: '{' }] } }, /FilterCriteria: \{ is not JSON/],
    ['HttpRoute', { AuthorizationType: 'JWT' }, /JWT; the engine runs no authorizers/],
    ['HttpIntegration', { PayloadFormatVersion: '1.0' }, /version 2\.0 only/],
    ['WsIntegration', { IntegrationType: 'MOCK' }, /Lambda proxies only/],
    ['Items', { TableName: 'ab' }, /at least 3 characters/],
    ['Token', { ServiceToken: 'arn:aws:sns:x' }, /no function of this stack/],
  ])('%s with %o is refused by name', async (logicalId, properties, reason) => {
    const reading = readChanged(({ Resources }) => {
      Object.assign(Resources[logicalId]?.Properties ?? {}, properties);
    });
    await expect(reading).rejects.toThrow(reason);
    await expect(reading).rejects.toThrow(logicalId);
  });

  it('is a subscription to a topic, unless it sends mail', async () => {
    const subscribed = (protocol: string) =>
      readChanged(({ Resources }) => {
        Resources.Topic = { Type: 'AWS::SNS::Topic', Properties: {} };
        const properties = { TopicArn: { Ref: 'Topic' }, Protocol: protocol, Endpoint: 'ops@example.com' };
        Resources.Mail = { Type: 'AWS::SNS::Subscription', Properties: properties };
      });
    await expect(subscribed('email')).resolves.toMatchObject({ stackName: 'Sample' });
    await expect(subscribed('lambda')).rejects.toThrow(
      /AWS::SNS::Subscription Mail .*; Endpoint: the stack does not declare ops@example.com/,
    );
  });

  it('is told from what has no effect here, each with a reason', () => {
    for (const [type, reason] of Object.entries(WITHOUT_EFFECT)) {
      expect(RUN_TYPES.has(type), type).toBe(false);
      expect(reason.length, type).toBeGreaterThan(5);
    }
  });

  it('a folder that is no cloud assembly is one clear line', async () => {
    await expect(read('/nowhere')).rejects.toMatchObject({
      code: 'assembly_unreadable',
      message: expect.stringMatching(/^unable to read the cloud assembly; \/nowhere\/manifest\.json: /),
    });
  });
});
