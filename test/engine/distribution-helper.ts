/** The sample stack with a distribution: a bucket of pages behind it, and the HTTP API for what begins with `/api/`. */
import { S3Client } from '@aws-sdk/client-s3';
import type { EngineOptions } from '../../local/engine.ts';
import { changedSample, type SampleEngine, startSample, type Template } from './engine-helper.ts';
import { att } from './storage-helper.ts';

export const PAGES = 'sample-pages';

const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];
/** AWS's managed policies: nothing is kept; all but `Host` is passed on. */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_BUT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

/** Sends everything without a dot to the one page, answers `/gone` itself, and fails where it is asked to. */
const AT_REQUEST = `
async function handler(event) {
  const { request, viewer, context } = event;
  if (request.uri === '/gone')
    return { statusCode: 302, headers: { location: { value: '/' + context.eventType } }, body: 'moved' };
  if (request.uri === '/fails') throw new Error('on purpose');
  if (request.uri === '/nothing') return {};
  if (request.uri === '/node') request.uri = '/' + typeof process + typeof require + '.txt';
  if (!request.uri.includes('.')) request.uri = '/index.html';
  return request;
}`;

/** Says who the viewer is, and adds to its query. */
const FOR_API = `
function handler(event) {
  event.request.headers['x-viewer'] = { value: event.viewer.ip };
  delete event.request.headers['x-secret'];
  event.request.querystring.added = { value: 'yes' };
  event.request.cookies.tasted = { value: 'once' };
  return event.request;
}`;

export function config(template: Template): Record<string, unknown> {
  return template.Resources.Site?.Properties.DistributionConfig as Record<string, unknown>;
}

export function defaultBehavior(template: Template): Record<string, unknown> {
  return config(template).DefaultCacheBehavior as Record<string, unknown>;
}

export function withDistribution(template: Template): void {
  const { Resources } = template;
  const at = (id: string) => [{ EventType: 'viewer-request', FunctionARN: att(id, 'FunctionARN') }];
  const edge = (Name: string, FunctionCode: string) => ({
    Type: 'AWS::CloudFront::Function',
    Properties: { Name, FunctionCode, FunctionConfig: { Runtime: 'cloudfront-js-2.0' } },
  });
  Resources.Pages = { Type: 'AWS::S3::Bucket', Properties: { BucketName: PAGES } };
  Resources.PagesPolicy = {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'Pages' },
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 's3:GetObject',
            Principal: { Service: 'cloudfront.amazonaws.com' },
            Resource: { 'Fn::Sub': `\${Pages.Arn}/open/*` },
            Condition: {
              StringEquals: {
                'AWS:SourceArn': {
                  'Fn::Sub': `arn:aws:cloudfront::\${AWS::AccountId}:distribution/\${Site}`,
                },
              },
            },
          },
        ],
      },
    },
  };
  Resources.Access = {
    Type: 'AWS::CloudFront::OriginAccessControl',
    Properties: {
      OriginAccessControlConfig: {
        Name: 'access',
        OriginAccessControlOriginType: 's3',
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
      },
    },
  };
  Resources.Paths = edge('paths', AT_REQUEST);
  Resources.Viewer = edge('viewer', FOR_API);
  Resources.Cache = {
    Type: 'AWS::CloudFront::CachePolicy',
    Properties: {
      CachePolicyConfig: {
        Name: 'cache',
        MaxTTL: 60,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingBrotli: true,
          EnableAcceptEncodingGzip: true,
        },
      },
    },
  };
  Resources.Headers = {
    Type: 'AWS::CloudFront::ResponseHeadersPolicy',
    Properties: {
      ResponseHeadersPolicyConfig: {
        Name: 'headers',
        RemoveHeadersConfig: { Items: [{ Header: 'X-Amz-Id-2' }] },
        SecurityHeadersConfig: {
          ContentSecurityPolicy: {
            ContentSecurityPolicy: {
              'Fn::Sub': `connect-src 'self' https://\${Pages.RegionalDomainName}/ wss://\${Ws}.execute-api.us-east-1.amazonaws.com/dev`,
            },
            Override: true,
          },
          ContentTypeOptions: { Override: true },
          FrameOptions: { FrameOption: 'DENY', Override: false },
          ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
          StrictTransportSecurity: {
            AccessControlMaxAgeSec: 60,
            IncludeSubdomains: true,
            Preload: true,
            Override: true,
          },
          XSSProtection: { Protection: true, ModeBlock: true, Override: true },
        },
        CustomHeadersConfig: {
          Items: [
            { Header: 'Content-Type', Value: 'never/seen', Override: false },
            { Header: 'X-Sample', Value: 'policy', Override: true },
          ],
        },
      },
    },
  };
  Resources.Site = {
    Type: 'AWS::CloudFront::Distribution',
    Properties: {
      DistributionConfig: {
        Enabled: true,
        Origins: [
          {
            Id: 'pages',
            DomainName: att('Pages', 'RegionalDomainName'),
            OriginPath: '/open',
            S3OriginConfig: { OriginAccessIdentity: '' },
            OriginAccessControlId: att('Access', 'Id'),
          },
          {
            Id: 'api',
            DomainName: { 'Fn::Sub': `\${Http}.execute-api.us-east-1.amazonaws.com` },
            CustomOriginConfig: { OriginProtocolPolicy: 'https-only' },
            OriginCustomHeaders: [{ HeaderName: 'X-Mark', HeaderValue: 'of the origin' }],
          },
        ],
        CacheBehaviors: [
          {
            PathPattern: '/api/*',
            TargetOriginId: 'api',
            AllowedMethods: ALL_METHODS,
            CachePolicyId: CACHING_DISABLED,
            OriginRequestPolicyId: ALL_BUT_HOST,
            ResponseHeadersPolicyId: { Ref: 'Headers' },
            FunctionAssociations: at('Viewer'),
            ViewerProtocolPolicy: 'https-only',
          },
        ],
        DefaultCacheBehavior: {
          TargetOriginId: 'pages',
          Compress: true,
          CachePolicyId: { Ref: 'Cache' },
          ResponseHeadersPolicyId: att('Headers', 'Id'),
          FunctionAssociations: at('Paths'),
          ViewerProtocolPolicy: 'redirect-to-https',
        },
      },
    },
  };
  template.Outputs.Site = { Value: { 'Fn::Sub': `https://\${Site.DomainName}` } };
}

export interface SiteEngine extends SampleEngine {
  readonly s3: S3Client;
}

export async function startSite(
  change: (template: Template) => void = () => {},
  options: Partial<EngineOptions> = {},
): Promise<SiteEngine> {
  const assemblyDirectory = await changedSample((template) => {
    withDistribution(template);
    change(template);
  });
  const engine = await startSample({ assemblyDirectory, ...options });
  const s3 = new S3Client({
    endpoint: engine.storageEndpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  return {
    ...engine,
    s3,
    async close() {
      s3.destroy();
      await engine.close();
    },
  };
}
