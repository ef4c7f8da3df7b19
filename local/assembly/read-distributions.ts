import { type Json, type JsonObject, objectOf, type TemplateResource } from './cloud-assembly.ts';
import type {
  BehaviorModel,
  DistributionModel,
  DistributionOrigin,
  EdgeFunctionModel,
} from './distribution-model.ts';
import type { BucketModel, HttpApiModel } from './model.ts';
import { readHeadersPolicies } from './read-headers-policies.ts';
import { type AssemblyReader, flagOf, listOf, numberOf, objectsOf, textOf, textsOf } from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const PACKING_POLICIES = new Set(['658327ea-f89d-4fab-a63d-7e88639e58f6']);
const PLAIN_POLICIES = new Set([CACHING_DISABLED, 'b2884449-e4de-46a7-ac36-70bc7f1ddd6d']);
/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html */
const ALL_VIEWER_EXCEPT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
const READ_METHODS = ['GET', 'HEAD'];

/** What distributions may lead to. */
export interface DistributionTargets {
  readonly buckets: readonly BucketModel[];
  readonly httpApis: readonly HttpApiModel[];
}

/** All of a stack's parts that its distributions name. */
interface Parts extends DistributionTargets {
  readonly template: TemplateResource;
  readonly region: string;
  readonly origins: ReadonlyMap<string, DistributionOrigin>;
  readonly encodings: ReadonlyMap<string, BehaviorModel['encodings']>;
  readonly headersPolicies: ReturnType<typeof readHeadersPolicies>;
  readonly functions: ReadonlyMap<string, EdgeFunctionModel>;
}

/** @throws EngineError `property_unsupported` for what the engine would otherwise answer differently from CloudFront */
export function readDistributions(
  reader: AssemblyReader,
  targets: DistributionTargets,
): readonly DistributionModel[] {
  const declared = reader.ofType('AWS::CloudFront::Distribution');
  const second = declared[1];
  if (second)
    throw unsupportedProperty(second.template, 'DistributionConfig', 'the engine serves one distribution');
  const shared = {
    ...targets,
    region: reader.place.region,
    encodings: cachePolicies(reader),
    headersPolicies: readHeadersPolicies(reader),
    functions: edgeFunctions(reader),
  };
  const signing = accessControls(reader);
  return declared.map(({ template, origin, identity, properties }) => {
    const config = objectOf(properties.DistributionConfig);
    refuse(template, config);
    const origins = new Map(
      objectsOf(config.Origins).map((one) => [String(one.Id), originOf(template, one, shared, signing)]),
    );
    const parts: Parts = { ...shared, template, origins };
    const root = textOf(config.DefaultRootObject);
    return {
      ...origin,
      id: identity.ref,
      arn: `arn:aws:cloudfront::${reader.place.account}:distribution/${identity.ref}`,
      domainName: String(identity.attributes.DomainName),
      ...(root && { defaultRootObject: root }),
      behaviors: [
        ...objectsOf(config.CacheBehaviors).map((one) => behaviorOf(parts, one, String(one.PathPattern))),
        behaviorOf(parts, objectOf(config.DefaultCacheBehavior), '*'),
      ],
    };
  });
}

function refuse(template: TemplateResource, config: JsonObject): void {
  const refusals: Readonly<Record<string, string>> = {
    ContinuousDeploymentPolicyId: 'the engine has no staging distributions',
    CustomErrorResponses: 'the engine answers errors as the origin does',
    OriginGroups: 'the engine has one origin for each behaviour',
  };
  for (const [name, reason] of Object.entries(refusals)) {
    const value = config[name];
    const isEmpty = value === undefined || listOf(value).length === 0 || objectOf(value).Quantity === 0;
    if (!isEmpty) throw unsupportedProperty(template, name, reason);
  }
  const geo = textOf(objectOf(objectOf(config.Restrictions).GeoRestriction).RestrictionType) ?? 'none';
  if (geo !== 'none') throw unsupportedProperty(template, 'Restrictions', 'the engine knows no countries');
  if (!flagOf(config.Enabled, true))
    throw unsupportedProperty(template, 'Enabled', 'the distribution is off');
}

function originOf(
  template: TemplateResource,
  origin: JsonObject,
  { buckets, httpApis, region }: DistributionTargets & { readonly region: string },
  signing: ReadonlyMap<string, boolean>,
): DistributionOrigin {
  const domain = String(origin.DomainName);
  const path = textOf(origin.OriginPath) ?? '';
  const bucket = buckets.find(({ name }) =>
    [`${name}.s3.${region}.amazonaws.com`, `${name}.s3.amazonaws.com`].includes(domain),
  );
  if (bucket) {
    if (textOf(objectOf(origin.S3OriginConfig).OriginAccessIdentity))
      throw unsupportedProperty(
        template,
        'OriginAccessIdentity',
        'the engine knows origin access controls only',
      );
    const control = textOf(origin.OriginAccessControlId);
    const signed = control !== undefined && (signing.get(control) ?? false);
    return { kind: 'bucket', bucket: bucket.name, path, signed };
  }
  const api = httpApis.find(({ apiId }) => domain === `${apiId}.execute-api.${region}.amazonaws.com`);
  if (!api)
    throw unsupportedProperty(template, 'Origins', `${domain} is no bucket and no HTTP API of this stack`);
  const headers = objectsOf(origin.OriginCustomHeaders).map(
    (one) => [String(one.HeaderName).toLowerCase(), String(one.HeaderValue)] as const,
  );
  return { kind: 'api', apiId: api.apiId, path, headers: Object.fromEntries(headers) };
}

function behaviorOf(parts: Parts, behavior: JsonObject, pathPattern: string): BehaviorModel {
  const { template, origins } = parts;
  refuseProperties(
    { ...template, properties: behavior },
    {
      FieldLevelEncryptionId: 'the engine encrypts no fields',
      ForwardedValues: 'the engine reads cache policies only',
      TrustedKeyGroups: 'the engine checks no signed addresses of CloudFront',
      TrustedSigners: 'the engine checks no signed addresses of CloudFront',
    },
  );
  if (objectsOf(behavior.LambdaFunctionAssociations).length > 0)
    throw unsupportedProperty(template, 'LambdaFunctionAssociations', 'the engine runs no Lambda@Edge');
  const origin = origins.get(String(behavior.TargetOriginId));
  if (!origin)
    throw unsupportedProperty(template, 'TargetOriginId', 'it names no origin of the distribution');
  const encodings = encodingsOf(parts, behavior);
  checkForwarding(template, behavior, origin);
  const policy = textOf(behavior.ResponseHeadersPolicyId);
  const headersPolicy = policy === undefined ? undefined : parts.headersPolicies.get(policy);
  if (policy !== undefined && !headersPolicy)
    throw unsupportedProperty(template, 'ResponseHeadersPolicyId', `the stack declares no ${policy}`);
  const requestFunction = functionOf(parts, behavior);
  return {
    pathPattern,
    methods: behavior.AllowedMethods === undefined ? READ_METHODS : textsOf(behavior.AllowedMethods),
    origin,
    encodings: flagOf(behavior.Compress) ? encodings : [],
    ...(headersPolicy && { headersPolicy }),
    ...(requestFunction && { requestFunction }),
  };
}

/** Nothing is kept, so that all that a cache policy says here is how answers are packed. */
function encodingsOf({ template, encodings }: Parts, behavior: JsonObject): BehaviorModel['encodings'] {
  const policy = String(behavior.CachePolicyId);
  if (PACKING_POLICIES.has(policy)) return ['br', 'gzip'];
  if (PLAIN_POLICIES.has(policy)) return [];
  const found = encodings.get(policy);
  if (found) return found;
  throw unsupportedProperty(template, 'CachePolicyId', `the stack declares no ${policy}`);
}

/** What of a request reaches the origin: all of it an API, nothing but its path and its conditions a bucket. */
function checkForwarding(
  template: TemplateResource,
  behavior: JsonObject,
  { kind }: DistributionOrigin,
): void {
  const policy = textOf(behavior.OriginRequestPolicyId);
  if (kind === 'bucket') {
    if (policy === undefined) return;
    throw unsupportedProperty(template, 'OriginRequestPolicyId', 'a bucket gets no more than the path');
  }
  if (policy !== ALL_VIEWER_EXCEPT_HOST)
    throw unsupportedProperty(
      template,
      'OriginRequestPolicyId',
      'an API gets all that the viewer sent but Host (AllViewerExceptHostHeader)',
    );
  if (behavior.CachePolicyId !== CACHING_DISABLED)
    throw unsupportedProperty(
      template,
      'CachePolicyId',
      'the engine keeps no answers of an API (CachingDisabled)',
    );
}

function functionOf({ template, functions }: Parts, behavior: JsonObject): EdgeFunctionModel | undefined {
  const [association] = objectsOf(behavior.FunctionAssociations).map((one) => {
    if (one.EventType === 'viewer-request') return String(one.FunctionARN);
    throw unsupportedProperty(template, 'FunctionAssociations', 'the engine runs those of viewer requests');
  });
  if (association === undefined) return undefined;
  const found = functions.get(association);
  if (found) return found;
  throw unsupportedProperty(template, 'FunctionAssociations', `the stack declares no ${association}`);
}

function cachePolicies(reader: AssemblyReader): ReadonlyMap<string, BehaviorModel['encodings']> {
  return new Map(
    reader.ofType('AWS::CloudFront::CachePolicy').map(({ identity, properties }) => {
      const config = objectOf(properties.CachePolicyConfig);
      const { EnableAcceptEncodingBrotli, EnableAcceptEncodingGzip } = objectOf(
        config.ParametersInCacheKeyAndForwardedToOrigin,
      );
      // Without a time to keep them, CloudFront packs nothing.
      const packs = numberOf(config.MaxTTL, 1) > 0;
      return [
        identity.ref,
        [
          ...(packs && flagOf(EnableAcceptEncodingBrotli) ? (['br'] as const) : []),
          ...(packs && flagOf(EnableAcceptEncodingGzip) ? (['gzip'] as const) : []),
        ],
      ];
    }),
  );
}

function edgeFunctions(reader: AssemblyReader): ReadonlyMap<string, EdgeFunctionModel> {
  return new Map(
    reader.ofType('AWS::CloudFront::Function').map(({ template, identity, properties }) => {
      if (objectOf(properties.FunctionConfig).KeyValueStoreAssociations !== undefined)
        throw unsupportedProperty(template, 'KeyValueStoreAssociations', 'the engine has no such stores');
      return [identity.ref, { name: String(properties.Name), code: String(properties.FunctionCode) }];
    }),
  );
}

/** Whether each signs the requests of distributions to their buckets. */
function accessControls(reader: AssemblyReader): ReadonlyMap<string, boolean> {
  return new Map(
    reader.ofType('AWS::CloudFront::OriginAccessControl').map(({ template, identity, properties }) => {
      const config: Record<string, Json> = objectOf(properties.OriginAccessControlConfig);
      const behavior = textOf(config.SigningBehavior) ?? '';
      if (config.OriginAccessControlOriginType !== 's3')
        throw unsupportedProperty(
          template,
          'OriginAccessControlOriginType',
          'the engine signs for buckets only',
        );
      if (behavior !== 'always' && behavior !== 'never')
        throw unsupportedProperty(
          template,
          'SigningBehavior',
          `${behavior}; the engine knows always and never`,
        );
      return [identity.ref, behavior === 'always'];
    }),
  );
}
