import { afterAll, describe, expect, it } from 'vitest';
import { Authorizer, checkMappings, type Denial } from '../../local/access/authorizer.ts';
import { checkInvokeRights } from '../../local/access/invoke-rights.ts';
import { likeArn } from '../../local/access/patterns.ts';
import { RolePolicy } from '../../local/access/policy.ts';
import type { PolicyStatement, RoleModel } from '../../local/assembly/model.ts';
import { readAssembly } from '../../local/assembly/read-assembly.ts';
import { leadingKeysOf, multiTablePermissions } from '../../local/services/dynamodb-permissions.ts';
import { changedSample, removeFolders, SAMPLE, type Template } from './engine-helper.ts';

afterAll(removeFolders);

function role(statements: readonly Partial<PolicyStatement>[], managedPolicies: string[] = []): RoleModel {
  const whole = {
    effect: 'Allow' as const,
    actions: [],
    notActions: [],
    resources: [],
    notResources: [],
    conditions: {},
  };
  return {
    logicalId: 'Role',
    constructPath: 'Sample/Role',
    arn: 'arn:aws:iam::000000000000:role/Role',
    name: 'Role',
    statements: statements.map((statement) => ({ ...whole, ...statement })),
    managedPolicies,
  };
}

const table = 'arn:aws:dynamodb:us-east-1:000000000000:table/Items';

function decide(
  statements: readonly Partial<PolicyStatement>[],
  action = 'dynamodb:GetItem',
  context: Record<string, string[]> = {},
  resource = table,
) {
  return new RolePolicy(role(statements)).decide(action, resource, () => context);
}

describe('a role’s statements', () => {
  it.each([
    ['nothing', [], 'implicit'],
    ['the action on the resource', [{ actions: ['dynamodb:GetItem'], resources: [table] }], 'allow'],
    ['the action in another case', [{ actions: ['DynamoDB:getitem'], resources: [table] }], 'allow'],
    ['no action at all', [{ actions: [], resources: ['*'] }], 'implicit'],
    ['another action', [{ actions: ['dynamodb:PutItem'], resources: [table] }], 'implicit'],
    ['another resource', [{ actions: ['dynamodb:GetItem'], resources: [`${table}/index/*`] }], 'implicit'],
    ['a wildcard in the action', [{ actions: ['dynamodb:Get*'], resources: ['*'] }], 'allow'],
    ['a single wildcard character', [{ actions: ['dynamodb:?etItem'], resources: [table] }], 'allow'],
    ['every action', [{ actions: ['*'], resources: ['*'] }], 'allow'],
    [
      'a wildcard in the resource',
      [{ actions: ['dynamodb:*'], resources: ['arn:aws:dynamodb:*:*:table/It*'] }],
      'allow',
    ],
    ['all actions but this', [{ notActions: ['dynamodb:GetItem'], resources: ['*'] }], 'implicit'],
    ['all actions but another', [{ notActions: ['dynamodb:Scan'], resources: ['*'] }], 'allow'],
    ['all resources but this', [{ actions: ['dynamodb:*'], notResources: [table] }], 'implicit'],
    [
      'a deny beside an allow',
      [
        { actions: ['*'], resources: ['*'] },
        { effect: 'Deny', actions: ['dynamodb:Get*'], resources: ['*'] },
      ],
      'explicit',
    ],
    [
      'a deny of something else',
      [
        { actions: ['*'], resources: ['*'] },
        { effect: 'Deny', actions: ['s3:*'], resources: ['*'] },
      ],
      'allow',
    ],
  ] as const)('with %s', (_name, statements, expected) => {
    expect(decide(statements)).toBe(expected);
  });

  it('hold only under their conditions', () => {
    const keys = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['ROOM#*', 'KEYS'] } };
    const statement = { actions: ['dynamodb:*'], resources: ['*'], conditions: keys };
    const with_ = (...values: string[]) =>
      decide([statement], 'dynamodb:GetItem', { 'dynamodb:leadingkeys': values });
    expect(with_('ROOM#general')).toBe('allow');
    expect(with_('ROOM#general', 'KEYS')).toBe('allow');
    expect(with_('ROOM#general', 'ACCOUNT#alice')).toBe('implicit');
    // As on AWS: every one of none.
    expect(with_()).toBe('allow');
  });

  it.each([
    ['StringEquals', 'us-east-1', 'allow'],
    ['StringEquals', 'eu-west-1', 'implicit'],
    ['StringNotEquals', 'eu-west-1', 'allow'],
    ['StringLike', 'us-*', 'allow'],
    ['StringNotLike', 'us-*', 'implicit'],
    ['StringEqualsIgnoreCase', 'US-EAST-1', 'allow'],
    ['ForAnyValue:StringEquals', 'us-east-1', 'allow'],
    ['StringEqualsIfExists', 'eu-west-1', 'implicit'],
    ['Null', 'false', 'allow'],
    ['Null', 'true', 'implicit'],
  ])('with the operator %s and %s: %s', (operator, value, expected) => {
    const conditions = { [operator]: { 'aws:RequestedRegion': value } };
    const context = { 'aws:requestedregion': ['us-east-1'] };
    expect(decide([{ actions: ['*'], resources: ['*'], conditions }], 's3:Get', context)).toBe(expected);
  });

  it('with a condition on a key that the call does not have', () => {
    const under = (operator: string) =>
      decide([
        { actions: ['*'], resources: ['*'], conditions: { [operator]: { 'dynamodb:LeadingKeys': 'x' } } },
      ]);
    expect(under('StringEquals')).toBe('implicit');
    expect(under('ForAnyValue:StringEquals')).toBe('implicit');
    expect(under('StringEqualsIfExists')).toBe('allow');
    expect(under('StringNotEquals')).toBe('allow');
  });

  it('deny under a condition', () => {
    const insecure = {
      effect: 'Deny' as const,
      actions: ['*'],
      resources: ['*'],
      conditions: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    const all = { actions: ['*'], resources: ['*'] };
    expect(decide([all, insecure], 'sqs:SendMessage', { 'aws:securetransport': ['true'] })).toBe('allow');
    expect(decide([all, insecure], 'sqs:SendMessage', { 'aws:securetransport': ['false'] })).toBe('explicit');
  });

  it('that the engine can’t decide are refused by name', () => {
    const conditions = (operator: string, key: string) => [
      { actions: ['*'], resources: ['*'], conditions: { [operator]: { [key]: 'x' } } },
    ];
    expect(() => decide(conditions('StringEquals', 'aws:PrincipalTag/team'))).toThrow(
      /Role \(Sample\/Role\).*aws:PrincipalTag/,
    );
    expect(() => decide(conditions('IpAddress', 'aws:RequestedRegion'))).toThrow(/operator IpAddress/);
    expect(() => new RolePolicy(role([], ['arn:aws:iam::aws:policy/Odd']))).toThrow(/managed policy .*Odd/);
  });

  it('match an ARN part by part', () => {
    expect(likeArn('arn:aws:sqs:*:000000000000:Work')('arn:aws:sqs:us-east-1:000000000000:Work')).toBe(true);
    expect(likeArn('arn:aws:sqs:*:Work')('arn:aws:sqs:us-east-1:000000000000:Work')).toBe(false);
    expect(likeArn('arn:aws:lambda:*:*:function:*')('arn:aws:lambda:us-east-1:0:function:a:1')).toBe(true);
  });
});

describe('the keys that a call names', () => {
  const items = {
    logicalId: 'Items',
    constructPath: 'Items',
    name: 'Items',
    arn: table,
    createTable: {
      TableName: 'Items',
      BillingMode: 'PAY_PER_REQUEST' as const,
      AttributeDefinitions: [],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        { IndexName: 'byOwner', KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }] },
      ],
    },
  };
  const keys = (operation: string, input: object, index?: string) =>
    leadingKeysOf(operation, JSON.stringify(input), items, index);
  const item = { pk: { S: 'a' }, sk: { S: 'b' } };

  it('are found in each kind of call', () => {
    expect(keys('GetItem', { Key: item })).toEqual(['a']);
    expect(keys('PutItem', { Item: item })).toEqual(['a']);
    expect(keys('UpdateItem', { Key: item })).toEqual(['a']);
    expect(keys('Scan', {})).toEqual([]);
    const values = { ':p': { S: 'a' }, ':s': { S: 'z' } };
    expect(
      keys('Query', { KeyConditionExpression: 'pk = :p AND sk > :s', ExpressionAttributeValues: values }),
    ).toEqual(['a']);
    expect(
      keys('Query', {
        KeyConditionExpression: '#s = :s AND (#p=:p)',
        ExpressionAttributeNames: { '#p': 'pk', '#s': 'sk' },
        ExpressionAttributeValues: values,
      }),
    ).toEqual(['a']);
    expect(
      keys('Query', { KeyConditionExpression: 'owner = :p', ExpressionAttributeValues: values }, 'byOwner'),
    ).toEqual(['a']);
  });

  it('are asked of each table and each kind of item in a batch or a transaction', () => {
    const rights = (operation: string, input: object) =>
      multiTablePermissions(
        operation,
        JSON.stringify(input),
        (name) => `arn:${name}`,
        new Map([['Items', items]]),
      ).map(({ action, resource, context }) => [action, resource, context?.()['dynamodb:LeadingKeys']]);
    const other = { pk: { S: 'c' }, sk: { S: 'd' } };
    expect(
      rights('BatchGetItem', { RequestItems: { Items: { Keys: [item, other] }, Done: { Keys: [item] } } }),
    ).toEqual([
      ['dynamodb:BatchGetItem', 'arn:Items', ['a', 'c']],
      ['dynamodb:BatchGetItem', 'arn:Done', []],
    ]);
    expect(
      rights('BatchWriteItem', {
        RequestItems: { Items: [{ PutRequest: { Item: item } }, { DeleteRequest: { Key: other } }] },
      }),
    ).toEqual([['dynamodb:BatchWriteItem', 'arn:Items', ['a', 'c']]]);
    expect(
      rights('TransactWriteItems', {
        TransactItems: [
          { Put: { TableName: 'Items', Item: item } },
          { ConditionCheck: { TableName: 'Items', Key: other } },
        ],
      }),
    ).toEqual([
      ['dynamodb:PutItem', 'arn:Items', ['a']],
      ['dynamodb:ConditionCheckItem', 'arn:Items', ['c']],
    ]);
  });
});

describe('API Gateway', () => {
  async function check(change: (template: Template) => void) {
    const directory = await changedSample(change);
    checkInvokeRights(
      await readAssembly({ directory, awsEndpoint: 'http://127.0.0.1:1', publicHost: '127.0.0.1:2' }),
    );
  }

  it('may invoke what a permission names, whatever stage and method', async () => {
    await check(() => {});
    await check(({ Resources }) => {
      delete Resources.WsPermission?.Properties.SourceArn;
    });
  });

  it.each([
    ['WsPermission', 'echo', /arn:aws:execute-api:us-east-1:000000000000:\w{10}\/ws\/echo$/],
    ['HttpPermission', 'ANY /api/{proxy+}', /\/\$default\/ANY\/api\/\{proxy\+\}$/],
  ])('may not without %s', async (permission, route, sourceArn) => {
    const checking = check(({ Resources }) => {
      delete Resources[permission];
    });
    await expect(checking).rejects.toMatchObject({ code: 'access_denied' });
    await expect(checking).rejects.toThrow(`unable to serve the route ${route} of`);
    await expect(checking).rejects.toThrow(sourceArn);
  });

  it('may not from another route than the permission says', async () => {
    const checking = check(({ Resources }) => {
      if (Resources.WsRoute) Resources.WsRoute.Properties.RouteKey = 'shout';
    });
    await expect(checking).rejects.toThrow(/route shout/);
  });
});

describe('an event source mapping', () => {
  const statements = ({ Resources }: Template) => {
    const document = Resources.RolePolicy?.Properties.PolicyDocument as { Statement: { Action: string[] }[] };
    return document.Statement;
  };

  async function check(change: (template: Template) => void) {
    const directory = await changedSample(change);
    const model = await readAssembly({
      directory,
      awsEndpoint: 'http://127.0.0.1:1',
      publicHost: '127.0.0.1:2',
    });
    checkMappings(model, new Authorizer(model));
  }

  it('is made where the role may read the source and send to the destination', async () => {
    const model = await readAssembly({
      directory: SAMPLE,
      awsEndpoint: 'http://127.0.0.1:1',
      publicHost: '127.0.0.1:2',
    });
    const denials: Denial[] = [];
    checkMappings(model, new Authorizer(model, (denial) => denials.push(denial)));
    expect(denials).toEqual([]);
  });

  it.each([
    ['dynamodb:GetRecords', 'ReaderMapping'],
    ['sqs:SendMessage', 'ReaderMapping'],
    ['sqs:DeleteMessage', 'WorkerMapping'],
  ])('is refused without %s', async (action, mapping) => {
    const checking = check((template) => {
      for (const statement of statements(template)) {
        if (Array.isArray(statement.Action))
          statement.Action = statement.Action.filter((name) => name !== action);
      }
    });
    await expect(checking).rejects.toMatchObject({ code: 'access_denied' });
    await expect(checking).rejects.toThrow(new RegExp(`${mapping}.*is denied ${action}`));
  });
});
