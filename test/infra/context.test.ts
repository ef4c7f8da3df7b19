import { describe, expect, it } from 'vitest';
import { only, property, resources, synthesize } from './stack.ts';

/** Context, and what a deployer has to be told about it. */
const REFUSED: readonly (readonly [context: Readonly<Record<string, unknown>>, told: RegExp])[] = [
  [{ stage: 'Prod' }, /context stage must be a-z/],
  [{ stage: '1st' }, /context stage must be/],
  [{ stage: 'x'.repeat(21) }, /context stage must be .* at most 20/],
  [{ stage: 7 }, /context stage must be .*, not 7/],
  [{ allowedOrigins: 'chat.example.com' }, /context allowedOrigins must be origins/],
  [{ allowedOrigins: 'https://chat.example.com/' }, /allowedOrigins/],
  [{ allowedOrigins: 'https://a.example,javascript:alert(1)' }, /allowedOrigins/],
  [{ callbackUrl: 'ws://localhost' }, /context callbackUrl must be an address/],
  [{ callbackUrl: 'http://localhost/' }, /no slash at its end/],
  [{ commandsPerMinute: 0 }, /context commandsPerMinute must be a whole number from 1/],
  [{ commandsPerMinute: '1e3' }, /commandsPerMinute/],
  [{ moderationFunctionArn: 'judge' }, /moderationFunctionArn must be the ARN of a Lambda function/],
  [{ moderationWords: 'two words' }, /moderationWords/],
  [{ webhookUrl: 'http://example.com/' }, /webhookUrl must be an https address/],
  [{ webhookUrl: 'https://me:secret@example.com/' }, /webhookUrl must be an https address/],
  [{ webhookUrl: 'https://example.com', webhookKinds: 'all' }, /webhookKinds must be of mention/],
  [{ webhookKinds: 'mention' }, /webhookKinds needs webhookUrl/],
  [{ notificationDelaySeconds: 901 }, /notificationDelaySeconds must be a whole number from 0 to 900/],
  [{ moderationTimeoutMs: 9 }, /moderationTimeoutMs must be a whole number from 10/],
  [{ moderationOnTimeout: 'shut' }, /moderationOnTimeout must be one of open, closed/],
  [
    { moderationWords: 'a', moderationFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:judge' },
    /moderationFunctionArn and moderationWords exclude each other/,
  ],
  [{ commandBurst: '-1' }, /commandBurst/],
  [{ commandBurst: 1.5 }, /commandBurst/],
  [{ accessTokenSeconds: 59 }, /context accessTokenSeconds must be a whole number from 60 to 86400/],
  [{ accessTokenSeconds: 'NaN' }, /accessTokenSeconds/],
  [{ oidcIssuer: 'https://id.example.com' }, /oidcIssuer and oidcAudience need each other/],
  [{ oidcAudience: 'parley' }, /oidcIssuer and oidcAudience need each other/],
  [{ oidcUserClaim: 'username' }, /oidcUserClaim needs both/],
  [
    { oidcIssuer: 'http://id.example.com', oidcAudience: 'x' },
    /oidcIssuer must be .* https or on this machine/,
  ],
  [{ oidcIssuer: 'https://id.example.com/?x', oidcAudience: 'x' }, /oidcIssuer must be/],
  [{ oidcIssuer: 'https://id.example.com', oidcAudience: 'a b' }, /oidcAudience must be/],
  [{ logLevel: 'verbose' }, /context logLevel must be one of debug, info, warn, error, not "verbose"/],
  [{ retentionDays: 3_651 }, /context retentionDays must be a whole number from 0 to 3650/],
  [{ logRetentionDays: 2 }, /context logRetentionDays must be one of 1, 3, 5, 7/],
  [{ throttleRate: 'many' }, /throttleRate/],
  [{ throttleBurst: 0 }, /throttleBurst/],
  [{ keepData: 'yes' }, /context keepData must be true or false/],
  [{ search: 'off' }, /context search must be true or false/],
  [{ alarmEmail: 'nobody' }, /context alarmEmail must be an e-mail address/],
  [{ alarmTopicArn: 'arn:aws:sqs:us-east-1:000000000000:x' }, /the ARN of an SNS topic/],
  [
    { alarmEmail: 'a@b.example', alarmTopicArn: 'arn:aws:sns:us-east-1:000000000000:x' },
    /alarmEmail and alarmTopicArn exclude each other/,
  ],
  [{ domainName: 'localhost' }, /context domainName must be a domain name/],
  [
    { domainName: 'chat.example.com' },
    /needs certificateArn, .* chat\.example\.com and ws\.chat\.example\.com/,
  ],
  [{ certificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/x' }, /need domainName/],
  [{ domainName: 'chat.example.com', certificateArn: 'x' }, /the ARN of an ACM certificate/],
  [{ hostedZoneId: 'Z123' }, /need domainName/],
  [{ commandsPerMinut: 100 }, /context commandsPerMinut is unknown; known are stage, /],
  [{ __proto__: null, constructor: 'x' }, /context constructor is unknown/],
];

describe('context', () => {
  it.each(REFUSED)('%j is refused with a clear text', async (context, told) => {
    const refusal = await synthesize(context).then(
      () => 'nothing',
      (error: Error) => error.message,
    );
    expect(refusal).toMatch(told);
    for (const line of refusal.split('\n')) expect(line).toMatch(/^unable to synthesize; context /);
  });

  it('tells all that is wrong at once', async () => {
    const context = { stage: '?', commandBurst: 'x', nonsense: 1 };
    await expect(synthesize(context)).rejects.toThrow(/stage.*\n.*commandBurst.*\n.*nonsense/);
  });

  it("leaves the CDK's own keys alone", async () => {
    await synthesize({ '@aws-cdk/core:newStyleStackSynthesis': true, 'aws:cdk:version-reporting': false });
  });

  it('takes numbers and lists as text, as -c gives them, and as JSON', async () => {
    const environment = async (context: Record<string, unknown>) => {
      const template = await synthesize(context);
      return [...resources(template, 'AWS::Lambda::Function').values()].map(
        (one) => one.Properties.Environment,
      );
    };
    expect(
      await environment({ commandBurst: '7', allowedOrigins: 'https://a.example, https://b.example' }),
    ).toEqual(
      await environment({ commandBurst: 7, allowedOrigins: ['https://a.example', 'https://b.example'] }),
    );
  });

  it('an empty value is no value', async () => {
    expect((await synthesize({ callbackUrl: '', stage: '' })).toJSON()).toEqual(
      (await synthesize()).toJSON(),
    );
  });

  it('prod keeps its data, and another stage where it is asked to', async () => {
    for (const context of [{ stage: 'prod' }, { stage: 'staging', keepData: 'true' }]) {
      const template = await synthesize(context);
      const [chat] = [...resources(template, 'AWS::DynamoDB::Table').values()].filter((table) =>
        property(table, 'GlobalSecondaryIndexes'),
      );
      expect(chat).toMatchObject({
        DeletionPolicy: 'Retain',
        Properties: {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      });
      expect(only(template, 'AWS::SecretsManager::Secret').DeletionPolicy).toBe('Retain');
    }
  });

  it('a development stage leaves nothing behind but what the account shares', async () => {
    const template = await synthesize();
    const kept = Object.values(
      template.toJSON().Resources as Record<string, { Type: string; DeletionPolicy?: string }>,
    )
      .filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
      .map(({ Type }) => Type);
    expect(kept.sort()).toEqual(['AWS::ApiGateway::Account', 'AWS::IAM::Role']);
  });

  it('without search there is no table for it, and nobody who would write it', async () => {
    const text = JSON.stringify((await synthesize({ search: 'false' })).toJSON());
    expect(text).not.toMatch(/SEARCH_TABLE|WORDS#|SearchThrottles|SearchTable/);
    expect(JSON.stringify((await synthesize()).toJSON())).toMatch(/SEARCH_TABLE/);
  });

  it('a callback address names the API by placeholders', async () => {
    const template = await synthesize({
      callbackUrl: 'http://localhost:4566/_aws/execute-api/{api}/{stage}',
    });
    const text = JSON.stringify([...resources(template, 'AWS::Lambda::Function').values()]);
    expect(text).toMatch(/http:\/\/localhost:4566\/_aws\/execute-api\/\$\{api\}\/\$\{stage\}/);
    expect(text).not.toContain('/{api}/{stage}');
  });

  it('a domain gets both APIs their names, records, and a callback address that is not the domain', async () => {
    const template = await synthesize({
      domainName: 'chat.example.com',
      certificateArn: 'arn:aws:acm:eu-west-1:000000000000:certificate/x',
      hostedZoneId: 'Z123',
    });
    const names = [...resources(template, 'AWS::ApiGatewayV2::DomainName').values()].map(
      (one) => one.Properties.DomainName,
    );
    expect(names.sort()).toEqual(['chat.example.com', 'ws.chat.example.com']);
    const records = [...resources(template, 'AWS::Route53::RecordSet').values()].map((one) =>
      [one.Properties.Name, one.Properties.Type].join(' '),
    );
    expect(records.sort()).toEqual([
      'chat.example.com A',
      'chat.example.com AAAA',
      'ws.chat.example.com A',
      'ws.chat.example.com AAAA',
    ]);
    expect(template.toJSON().Outputs).toMatchObject({
      HttpUrl: { Value: 'https://chat.example.com' },
      WebSocketUrl: { Value: 'wss://ws.chat.example.com' },
    });
    const connect = [...resources(template, 'AWS::Lambda::Function').values()].find((one) =>
      one.Metadata?.['aws:cdk:path']?.includes('ConnectHandler'),
    );
    expect(JSON.stringify(connect)).toMatch(/"CALLBACK_URL":\{"Fn::Join":.*execute-api/);
  });

  it('an address to alarm is subscribed, and every alarm tells it', async () => {
    const template = await synthesize({ alarmEmail: 'oncall@example.com' });
    expect(only(template, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'oncall@example.com',
    });
    for (const alarm of resources(template, 'AWS::CloudWatch::Alarm').values()) {
      expect(alarm.Properties.AlarmActions).toHaveLength(1);
    }
  });
});
