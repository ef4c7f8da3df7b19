import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENV } from '../../shared/environment.ts';
import { only, property, type Resource, resources, synthesize } from './stack.ts';

let template: Template;
beforeAll(async () => {
  template = await synthesize();
});

const text = (value: unknown): string => JSON.stringify(value);
const pathOf = (resource: Resource): string => resource.Metadata?.['aws:cdk:path'] ?? '';
const at = (type: string, path: string, from = template): [id: string, resource: Resource] => {
  const found = [...resources(from, type)].find(([, one]) => pathOf(one).includes(path));
  if (!found) throw new Error(`there is no ${type} at ${path}`);
  return found;
};
const distribution = (from = template) => only(from, 'AWS::CloudFront::Distribution');
const inConfig = (...path: (string | number)[]) => property(distribution(), 'DistributionConfig', ...path);
const variables = (path: string) =>
  property(at('AWS::Lambda::Function', path)[1], 'Environment', 'Variables') as Record<string, unknown>;
const SECURE = ['StrictTransportSecurity', 'ContentTypeOptions', 'FrameOptions', 'ReferrerPolicy'];

describe('the web app', () => {
  it('lies in a bucket that nobody but its distribution reads', () => {
    const [id, bucket] = at('AWS::S3::Bucket', '/Website/');
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const [, policy] = at('AWS::S3::BucketPolicy', '/Website/');
    const statements = property(policy, 'PolicyDocument', 'Statement') as Record<string, unknown>[];
    const allowing = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(allowing).toHaveLength(1);
    const [site] = [...resources(template, 'AWS::CloudFront::Distribution').keys()];
    expect(allowing[0]).toMatchObject({
      Action: 's3:GetObject',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
    });
    expect(text(allowing[0]?.Condition)).toContain(`{"Ref":"${site}"}`);
    expect(text(allowing[0]?.Resource)).toContain(id);
    const control = only(template, 'AWS::CloudFront::OriginAccessControl');
    expect(property(control, 'OriginAccessControlConfig', 'SigningBehavior')).toBe('always');
  });

  it('has the API at its own origin, where nothing is kept and all but Host is passed on', () => {
    const behaviors = inConfig('CacheBehaviors') as Record<string, unknown>[];
    expect(behaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/api/*', '/health', '/.well-known/*']);
    for (const behavior of behaviors) {
      expect(behavior).toMatchObject({
        // Managed policies: CachingDisabled and AllViewerExceptHostHeader.
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        ViewerProtocolPolicy: 'https-only',
      });
      expect(behavior.AllowedMethods).toEqual(expect.arrayContaining(['POST', 'PUT', 'PATCH', 'DELETE']));
    }
    const [api] = [...resources(template, 'AWS::ApiGatewayV2::Api')].find(
      ([, { Properties }]) => Properties.ProtocolType === 'HTTP',
    ) ?? [''];
    const origins = inConfig('Origins') as Record<string, unknown>[];
    const origin = origins.find(({ CustomOriginConfig }) => CustomOriginConfig !== undefined);
    expect(text(origin?.DomainName)).toContain(`{"Ref":"${api}"},".execute-api.`);
  });

  it('tells the API who asks, by a mark that is not in the template', () => {
    const origins = inConfig('Origins') as { OriginCustomHeaders?: { HeaderValue: unknown }[] }[];
    const mark = origins.flatMap(({ OriginCustomHeaders = [] }) => OriginCustomHeaders)[0]?.HeaderValue;
    expect(mark).toEqual({ 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] });
    expect(variables('/Http/Handler/')[ENV.edgeMark]).toEqual(mark);
  });

  it('has a strict content security policy: itself, the sockets and the files', () => {
    const [, policy] = at('AWS::CloudFront::ResponseHeadersPolicy', '/PageHeaders');
    const config = property(policy, 'ResponseHeadersPolicyConfig', 'SecurityHeadersConfig');
    const headers = config as Record<string, Record<string, unknown>>;
    for (const name of SECURE) expect(headers[name], name).toMatchObject({ Override: true });
    const csp = text(headers.ContentSecurityPolicy?.ContentSecurityPolicy);
    for (const part of [
      "default-src 'none'",
      "script-src 'self';",
      "style-src 'self';",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ])
      expect(csp).toContain(part);
    expect(csp).not.toMatch(/unsafe|https?: |\*/);
    const [files] = at('AWS::S3::Bucket', '/Files/');
    expect(csp).toContain(files);
    expect(csp).toMatch(/connect-src 'self' .*execute-api/);
    expect(text(inConfig('DefaultCacheBehavior', 'ResponseHeadersPolicyId'))).toContain('PageHeaders');
  });

  it('is served over TLS alone, and answers addresses of its views with its page', () => {
    expect(inConfig('DefaultCacheBehavior')).toMatchObject({
      ViewerProtocolPolicy: 'redirect-to-https',
      Compress: true,
    });
    const code = String(at('AWS::CloudFront::Function', '/Paths')[1].Properties.FunctionCode);
    const uri = (path: string): string =>
      new Function(`${code}\nreturn handler(${JSON.stringify({ request: { uri: path } })}).uri`)();
    for (const path of ['/', '/rooms/general', '/people/alice.b', '/assets', '/rooms/x/assets/y.js'])
      expect(uri(path), path).toBe('/index.html');
    for (const path of ['/index.html', '/icon.svg', '/config.json', '/assets/app-1.js', '/assets/a/b'])
      expect(uri(path), path).toBe(path);
  });

  it('may open sockets, and its pages may put and read files', () => {
    const { WebsiteUrl } = template.toJSON().Outputs as Record<string, { Value: unknown }>;
    expect(text(variables('/WebSocket/ConnectHandler/')[ENV.allowedOrigins])).toContain(
      text(WebsiteUrl?.Value).slice('{"Fn::Join":["",["'.length, -4),
    );
    const [, files] = at('AWS::S3::Bucket', '/Files/');
    expect(text(property(files, 'CorsConfiguration'))).toContain('https://*.cloudfront.net');
  });

  it('is put into its bucket by a function of ours, anew where a file or the address of the sockets changes', () => {
    const content = only(template, 'Custom::Website');
    const [publisher] = at('AWS::Lambda::Function', '/Website/Publisher/');
    expect(content.Properties).toMatchObject({
      ServiceToken: { 'Fn::GetAtt': [publisher, 'Arn'] },
      content: expect.stringMatching(/^[0-9a-f]{64}$/),
      webSocketUrl: variables('/Website/Publisher/')[ENV.webSocketUrl],
    });
    expect(content.DependsOn).toContainEqual(
      [...resources(template, 'AWS::IAM::Policy')].find(([, one]) => /Publisher/.test(pathOf(one)))?.[0],
    );
    expect(resources(template, 'Custom::CDKBucketDeployment').size).toBe(0);
  });

  it('is left out where the context says so, and then nothing speaks of it', async () => {
    const without = await synthesize({ website: 'false' });
    expect(text(without.toJSON())).not.toMatch(/CloudFront|cloudfront|Website|EDGE_MARK/);
  });
});

describe('a domain of the web app', () => {
  const CERTIFICATE = 'arn:aws:acm:us-east-1:000000000000:certificate/x';

  it('is its name, its origin, and has its records', async () => {
    const own = await synthesize({
      websiteDomainName: 'chat.example.com',
      websiteCertificateArn: CERTIFICATE,
      hostedZoneId: 'Z123',
    });
    expect(property(distribution(own), 'DistributionConfig')).toMatchObject({
      Aliases: ['chat.example.com'],
      ViewerCertificate: { AcmCertificateArn: CERTIFICATE, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    const records = [...resources(own, 'AWS::Route53::RecordSet').values()];
    expect(records.map(({ Properties: { Name, Type } }) => [Name, Type])).toEqual([
      ['chat.example.com', 'A'],
      ['chat.example.com', 'AAAA'],
    ]);
    const { WebsiteUrl } = own.toJSON().Outputs as Record<string, { Value: unknown }>;
    expect(WebsiteUrl?.Value).toBe('https://chat.example.com');
    const [, files] = at('AWS::S3::Bucket', '/Files/', own);
    expect(text(property(files, 'CorsConfiguration'))).toContain('"https://chat.example.com"');
  });

  it('needs a certificate, where CloudFront looks for it', async () => {
    await expect(synthesize({ websiteDomainName: 'chat.example.com' })).rejects.toThrow('need each other');
    await expect(
      synthesize({
        websiteDomainName: 'chat.example.com',
        websiteCertificateArn: CERTIFICATE.replace('us-east-1', 'eu-west-1'),
      }),
    ).rejects.toThrow('certificate in us-east-1');
  });
});
