import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { findEntries } from '../../scripts/build.ts';
import { BY_OWNER, BY_OWNER_KEYS, HEAD, SESSION_PREFIX, TTL_ATTRIBUTE } from '../../shared/data/keys.ts';
import { ENV } from '../../shared/environment.ts';
import { isAction } from '../../shared/protocol/commands.ts';
import { only, property, type Resource, resources, synthesize } from './stack.ts';

let template: Template;
beforeAll(async () => {
  template = await synthesize();
});

const all = (type: string): Resource[] => [...resources(template, type).values()];
const pathOf = (resource: Resource): string => resource.Metadata?.['aws:cdk:path'] ?? '';

describe('tables', () => {
  const pathOfTable = (table: Resource) => pathOf(table).split('/').at(-2);

  it('are three, on demand, with a time to live', () => {
    const tables = all('AWS::DynamoDB::Table');
    expect(tables.map(pathOfTable).sort()).toEqual(['Chat', 'Connections', 'Search']);
    for (const { Properties } of tables) {
      expect(Properties).toMatchObject({
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      });
    }
  });

  it('are streamed with both images, but for the one that nobody follows', () => {
    for (const table of all('AWS::DynamoDB::Table')) {
      const stream = pathOfTable(table) === 'Search' ? undefined : { StreamViewType: 'NEW_AND_OLD_IMAGES' };
      expect(table.Properties.StreamSpecification, pathOf(table)).toEqual(stream);
    }
  });

  it('have one index, on Chat, with the names that the code uses', () => {
    const indexes = all('AWS::DynamoDB::Table').flatMap(
      (table) => table.Properties.GlobalSecondaryIndexes ?? [],
    );
    expect(indexes).toEqual([
      {
        IndexName: BY_OWNER,
        KeySchema: [
          { AttributeName: BY_OWNER_KEYS.partition, KeyType: 'HASH' },
          { AttributeName: BY_OWNER_KEYS.sort, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ]);
  });
});

describe('functions', () => {
  it('are all that were built, each once', async () => {
    // But for the word list and the webhook's caller, which are there only where the context names what they need.
    const optional = ['moderation/word-list', 'queues/webhook'];
    const entries = (await findEntries()).filter(({ name }) => !optional.includes(name));
    expect(all('AWS::Lambda::Function')).toHaveLength(entries.length);
  });

  it('run on arm64 and nodejs24.x, each in a role and a log group of its own', () => {
    const functions = all('AWS::Lambda::Function');
    const count = functions.length;
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
      });
    }
    const distinct = (...path: string[]) =>
      new Set(functions.map((one) => JSON.stringify(property(one, ...path)))).size;
    expect(distinct('Role')).toBe(count);
    expect(distinct('LoggingConfig', 'LogGroup')).toBe(count);
  });

  it('end before API Gateway gives up on them', () => {
    for (const one of all('AWS::Lambda::Function')) {
      if (!/^Parley-dev\/(WebSocket|Http)\//.test(pathOf(one))) continue;
      expect(one.Properties.Timeout, pathOf(one)).toBeLessThan(29);
    }
  });

  it('keep their logs for as long as the context says', async () => {
    const groups = resources(await synthesize({ logRetentionDays: 7 }), 'AWS::Logs::LogGroup');
    expect(groups.size).toBeGreaterThan(all('AWS::Lambda::Function').length);
    for (const group of groups.values()) expect(group.Properties.RetentionInDays).toBe(7);
  });
});

describe('the WebSocket API', () => {
  it('has a route, a function and a response for each action that is served', async () => {
    const keys = all('AWS::ApiGatewayV2::Route')
      .map((route) => String(route.Properties.RouteKey))
      .filter((key) => !key.startsWith('ANY /'));
    const entries = (await findEntries()).flatMap(({ name }) => /^websocket\/(.+)$/.exec(name)?.[1] ?? []);
    const named = entries.map((entry) =>
      /^(connect|disconnect|default)$/.test(entry)
        ? `$${entry}`
        : entry.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    );
    // And the route of the HTTP API for all but the documents, whose key is the same as the other's last resort.
    expect(keys.sort()).toEqual([...named, '$default'].sort());
    for (const key of keys) expect(key.startsWith('$') || isAction(key), key).toBe(true);
    expect(all('AWS::ApiGatewayV2::RouteResponse')).toHaveLength(named.length - 2);
    const selections = all('AWS::ApiGatewayV2::Route')
      .filter((route) => route.Properties.RouteResponseSelectionExpression === '$default')
      .map((route) => route.Properties.RouteKey);
    expect(selections).toContain('$default');
    expect(selections).not.toContain('$connect');
    expect(selections).not.toContain('$disconnect');
  });

  it('leaves responses out where the endpoint has none', async () => {
    const types = Object.values((await synthesize({ routeResponses: false })).toJSON().Resources as object);
    expect(types.map((one: Resource) => one.Type)).not.toContain('AWS::ApiGatewayV2::RouteResponse');
  });

  it('waits for the role that may write its access log', () => {
    const stage = all('AWS::ApiGatewayV2::Stage').find((one) => one.Properties.StageName === 'dev');
    const [account] = resources(template, 'AWS::ApiGateway::Account').keys();
    expect(stage?.DependsOn).toContain(account);
  });
});

describe('both APIs', () => {
  it('are throttled and measured', async () => {
    const stages = resources(
      await synthesize({ throttleRate: 12, throttleBurst: 34 }),
      'AWS::ApiGatewayV2::Stage',
    );
    expect(stages.size).toBe(2);
    for (const stage of stages.values()) {
      expect(stage.Properties.DefaultRouteSettings).toEqual({
        DetailedMetricsEnabled: true,
        ThrottlingRateLimit: 12,
        ThrottlingBurstLimit: 34,
      });
    }
  });

  it('log each request with its ids, and nothing that could hold a ticket or a token', () => {
    for (const stage of all('AWS::ApiGatewayV2::Stage')) {
      const format = String(property(stage, 'AccessLogSettings', 'Format'));
      const fields: Record<string, string> = JSON.parse(format);
      expect(fields).toMatchObject({ request: '$context.requestId', error: '$context.error.message' });
      expect(format).not.toMatch(/query|header|authoriz|ticket/i);
    }
  });

  it('find each other: the page of the documents opens sockets, from the address that it is served at', () => {
    const variables = (path: string) => {
      const [found] = all('AWS::Lambda::Function').filter((one) => pathOf(one).startsWith(path));
      return found && (property(found, 'Environment', 'Variables') as Record<string, unknown>);
    };
    const { HttpUrl, WebSocketUrl } = template.toJSON().Outputs as Record<string, { Value: unknown }>;
    expect(variables('Parley-dev/Http/Documents/')?.[ENV.webSocketUrl]).toEqual(WebSocketUrl?.Value);
    const allowed = JSON.stringify(variables('Parley-dev/WebSocket/ConnectHandler/')?.[ENV.allowedOrigins]);
    expect(allowed).toContain(JSON.stringify(HttpUrl?.Value).slice(2, -2));
  });

  it('let the pages of the allowed origins in, without credentials', async () => {
    const one = await synthesize({ allowedOrigins: 'https://chat.example.com' });
    const cors = [...resources(one, 'AWS::ApiGatewayV2::Api').values()].map(
      (api) => api.Properties.CorsConfiguration,
    );
    expect(cors).toContainEqual({
      AllowOrigins: ['https://chat.example.com'],
      AllowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      AllowHeaders: ['authorization', 'content-type'],
      ExposeHeaders: ['retry-after'],
      MaxAge: 7_200,
    });
  });
});

describe('readers of the log', () => {
  /** Of the stream of Chat alone. */
  const mappings = () => {
    const [chat] = [...resources(template, 'AWS::DynamoDB::Table')].find(([, table]) =>
      /\/Chat\//.test(pathOf(table)),
    ) ?? [''];
    return all('AWS::Lambda::EventSourceMapping').filter(
      ({ Properties }) =>
        JSON.stringify(Properties.EventSourceArn) === JSON.stringify({ 'Fn::GetAtt': [chat, 'StreamArn'] }),
    );
  };
  const patternsOf = (mapping: Resource): unknown[] => {
    const filters = property(mapping, 'FilterCriteria', 'Filters') as { Pattern: string }[];
    return filters.map(({ Pattern }) => JSON.parse(Pattern));
  };

  it('are two, as a stream shard has room for two', () => {
    expect(mappings()).toHaveLength(2);
  });

  it('P4: take each committed event, and neither another item nor a settling', () => {
    const [sizes, windows] = ['BatchSize', 'MaximumBatchingWindowInSeconds'].map((name) =>
      mappings().map((mapping) => mapping.Properties[name]),
    );
    // The fan-out at once; the settler what came within a second, or 25 of it.
    expect(sizes?.toSorted()).toEqual([100, 25]);
    expect(windows?.toSorted()).toEqual([1, undefined]);
    for (const mapping of mappings()) {
      expect(mapping.Properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        ParallelizationFactor: 10,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
      expect(patternsOf(mapping)[0]).toEqual({
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: { NewImage: { sk: { S: [HEAD] }, op: { S: ['append'] } } },
      });
    }
  });

  it('P9: take each session that has ended, once', () => {
    const ended = { eventName: ['REMOVE'], dynamodb: { Keys: { sk: { S: [{ prefix: SESSION_PREFIX }] } } } };
    const patterns = mappings().flatMap(patternsOf);
    expect(patterns.filter((one) => JSON.stringify(one) === JSON.stringify(ended))).toHaveLength(1);
  });

  it('tell the failure queue what they gave up, before the stream drops it', () => {
    const [queue, failures] =
      [...resources(template, 'AWS::SQS::Queue')].find(([, one]) => /\/Failures\//.test(pathOf(one))) ?? [];
    for (const mapping of mappings()) {
      expect(property(mapping, 'DestinationConfig', 'OnFailure', 'Destination')).toEqual({
        'Fn::GetAtt': [queue, 'Arn'],
      });
      const age = Number(mapping.Properties.MaximumRecordAgeInSeconds);
      expect(age).toBeGreaterThanOrEqual(60);
      expect(age).toBeLessThan(24 * 3_600);
    }
    expect(failures?.Properties.MessageRetentionPeriod).toBe(14 * 24 * 3_600);
  });
});

describe('signing keys', () => {
  it('are not in the template', () => {
    const secret = only(template, 'AWS::SecretsManager::Secret');
    expect(Object.keys(secret.Properties).sort()).toEqual(['Description', 'GenerateSecretString']);
    expect(secret.Properties.GenerateSecretString).toEqual({
      SecretStringTemplate: '{"keys":[]}',
      GenerateStringKey: 'placeholder',
    });
    expect(JSON.stringify(template.toJSON())).not.toMatch(
      /"(d|p|q|dp|dq|qi)":|PRIVATE KEY|resolve:secretsmanager/,
    );
  });

  it('are made when their maker may make them', () => {
    const { DependsOn = [] } = only(template, 'Custom::SigningKeys');
    const policies = [...resources(template, 'AWS::IAM::Policy')].filter(([, one]) =>
      /SigningKeys\/Maker/.test(pathOf(one)),
    );
    expect(policies).toHaveLength(1);
    for (const [id] of policies) expect(DependsOn).toContain(id);
  });
});

describe('the template', () => {
  it('is the same each time, so that a second deployment changes nothing', async () => {
    expect((await synthesize()).toJSON()).toEqual(template.toJSON());
  });

  it('tells where the service is and what its tables are called', () => {
    expect(Object.keys(template.toJSON().Outputs as object)).toEqual(
      expect.arrayContaining(['HttpUrl', 'WebSocketUrl', 'ChatTable', 'ConnectionsTable']),
    );
  });

  it('keeps within what CloudFormation takes', () => {
    const { Resources } = template.toJSON() as { Resources: object };
    expect(Object.keys(Resources).length).toBeLessThan(500);
    expect(JSON.stringify(template.toJSON()).length).toBeLessThan(1_000_000);
  });
});
