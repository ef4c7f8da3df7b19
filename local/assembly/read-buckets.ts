import type {
  BucketContent,
  BucketModel,
  BucketNotification,
  CorsRule,
  LifecycleRule,
} from './bucket-model.ts';
import { type Json, type JsonObject, objectOf } from './cloud-assembly.ts';
import {
  type AssemblyReader,
  flagOf,
  numberOf,
  objectsOf,
  type ResolvedResource,
  textOf,
  textsOf,
} from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Buckets with what other resources of the stack say about them: notifications, files to begin with. */
export function readBuckets(reader: AssemblyReader): BucketModel[] {
  const customs = (type: string, property: string, name: string) =>
    reader.ofType(type).filter(({ properties }) => properties[property] === name);
  return reader.ofType('AWS::S3::Bucket').map((resource) => {
    const { origin, identity, properties, template } = resource;
    const name = identity.ref;
    if (!BUCKET_NAME.test(name)) throw unsupportedProperty(template, 'BucketName', `S3 takes no "${name}"`);
    refuseProperties(template, {
      AbacStatus: 'the engine knows no tags of callers',
      AccelerateConfiguration: 'the engine has one address for S3',
      MetadataConfiguration: 'the engine keeps no metadata tables',
      MetadataTableConfiguration: 'the engine keeps no metadata tables',
      ObjectLockConfiguration: 'the engine locks no objects',
      ObjectLockEnabled: 'the engine locks no objects',
      ReplicationConfiguration: 'the engine has one region',
      WebsiteConfiguration: 'the engine serves no websites from buckets',
    });
    if (textOf(objectOf(properties.VersioningConfiguration).Status) === 'Enabled') {
      throw unsupportedProperty(
        template,
        'VersioningConfiguration',
        'the engine keeps no versions of objects',
      );
    }
    if (!['Private', 'LogDeliveryWrite'].includes(textOf(properties.AccessControl) ?? 'Private')) {
      throw unsupportedProperty(template, 'AccessControl', 'the engine has no access control lists');
    }
    return {
      ...origin,
      name,
      arn: String(identity.attributes.Arn),
      cors: objectsOf(objectOf(properties.CorsConfiguration).CorsRules).map(corsRule),
      lifecycle: objectsOf(objectOf(properties.LifecycleConfiguration).Rules).flatMap((rule) =>
        lifecycleRule(resource, rule),
      ),
      notifications: [
        ...notificationsOf(resource, objectOf(properties.NotificationConfiguration)),
        ...customs('Custom::S3BucketNotifications', 'BucketName', name).flatMap((custom) =>
          notificationsOf(custom, objectOf(custom.properties.NotificationConfiguration)),
        ),
      ],
      contents: customs('Custom::CDKBucketDeployment', 'DestinationBucketName', name).map((custom) =>
        contentOf(reader, custom),
      ),
    };
  });
}

function corsRule(rule: JsonObject): CorsRule {
  return {
    allowedOrigins: textsOf(rule.AllowedOrigins),
    allowedMethods: textsOf(rule.AllowedMethods),
    allowedHeaders: textsOf(rule.AllowedHeaders),
    exposedHeaders: textsOf(rule.ExposedHeaders),
    ...(rule.MaxAge !== undefined && { maxAgeSeconds: numberOf(rule.MaxAge, 0) }),
  };
}

/** Transitions change a storage class, which nobody sees here; versions there are none. */
function lifecycleRule(resource: ResolvedResource, rule: JsonObject): LifecycleRule[] {
  if (textOf(rule.Status) !== 'Enabled') return [];
  const date = textOf(rule.ExpirationDate);
  const abort = objectOf(rule.AbortIncompleteMultipartUpload).DaysAfterInitiation;
  if (flagOf(rule.ExpiredObjectDeleteMarker)) {
    throw unsupportedProperty(
      resource.template,
      'LifecycleConfiguration',
      'the engine has no delete markers',
    );
  }
  return [
    {
      prefix: textOf(rule.Prefix) ?? '',
      tags: Object.fromEntries(objectsOf(rule.TagFilters).map((tag) => [String(tag.Key), String(tag.Value)])),
      ...(rule.ObjectSizeGreaterThan !== undefined && {
        largerThan: numberOf(rule.ObjectSizeGreaterThan, 0),
      }),
      ...(rule.ObjectSizeLessThan !== undefined && { smallerThan: numberOf(rule.ObjectSizeLessThan, 0) }),
      ...(rule.ExpirationInDays !== undefined && { expirationDays: numberOf(rule.ExpirationInDays, 1) }),
      ...(date !== undefined && { expirationDate: Date.parse(date) }),
      ...(abort !== undefined && { abortUploadsAfterDays: numberOf(abort, 1) }),
    },
  ];
}

/** In the words of the bucket's own property, or in those of the API, which the CDK's custom resource speaks. */
function notificationsOf(resource: ResolvedResource, configuration: JsonObject): BucketNotification[] {
  for (const name of ['EventBridgeConfiguration', 'TopicConfigurations']) {
    if (configuration[name] !== undefined) {
      throw unsupportedProperty(resource.template, name, 'the engine notifies functions and queues');
    }
  }
  const read = (kind: 'function' | 'queue', list: Json | undefined): BucketNotification[] =>
    objectsOf(list).map((one, index) => {
      const filter = objectOf(one.Filter);
      const rules = [
        ...objectsOf(objectOf(filter.S3Key).Rules),
        ...objectsOf(objectOf(filter.Key).FilterRules),
      ];
      const rule = (name: string) =>
        textOf(rules.find((r) => String(r.Name).toLowerCase() === name)?.Value) ?? '';
      return {
        events: one.Event === undefined ? textsOf(one.Events) : [String(one.Event)],
        prefix: rule('prefix'),
        suffix: rule('suffix'),
        destination: {
          kind,
          arn: String(one.Function ?? one.LambdaFunctionArn ?? one.Queue ?? one.QueueArn),
        },
        configurationId: textOf(one.Id) ?? `${resource.origin.logicalId}-${kind}-${index}`,
      };
    });
  return [
    ...read('function', configuration.LambdaConfigurations),
    ...read('function', configuration.LambdaFunctionConfigurations),
    ...read('queue', configuration.QueueConfigurations),
  ];
}

function contentOf(reader: AssemblyReader, { properties, template }: ResolvedResource): BucketContent {
  refuseProperties(template, {
    Exclude: 'the engine puts all files of the asset',
    Include: 'the engine puts all files of the asset',
    SourceMarkers: 'the engine puts files as they are, without replacing markers',
  });
  const directories = textsOf(properties.SourceObjectKeys).map((key) => {
    const directory = reader.stack.assets.get(key);
    if (directory !== undefined && !directory.endsWith('.zip')) return directory;
    throw unsupportedProperty(template, 'SourceObjectKeys', `${key} is no folder of the cloud assembly`);
  });
  const texts = (value: Json | undefined) =>
    Object.fromEntries(
      Object.entries(objectOf(value)).map(([key, text]) => [key.toLowerCase(), String(text)]),
    );
  const prefix = textOf(properties.DestinationBucketKeyPrefix) ?? '';
  return {
    logicalId: template.logicalId,
    directories,
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    prune: flagOf(properties.Prune, true),
    headers: texts(properties.SystemMetadata),
    metadata: texts(properties.UserMetadata),
  };
}
