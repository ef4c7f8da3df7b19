import { EngineError } from '../errors.ts';
import { type Json, type JsonObject, objectOf } from './cloud-assembly.ts';
import type {
  IndexDefinition,
  KeyElement,
  QueueModel,
  SecretModel,
  StreamViewType,
  TableModel,
} from './model.ts';
import { type AssemblyReader, flagOf, objectsOf, type ResolvedResource, textOf } from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/** DynamoDB's own least length of table and index names. */
const LEAST_NAME_LENGTH = 3;
const VIEW_TYPES: readonly string[] = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'];

export function readTables(reader: AssemblyReader): TableModel[] {
  return reader.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map((resource) => {
    const { properties, identity, template } = resource;
    refuseProperties(template, {
      ImportSourceSpecification: 'the engine imports nothing from S3',
      KinesisStreamSpecification: 'the engine has no Kinesis',
    });
    const stream = objectOf(properties.StreamSpecification);
    const viewType = textOf(stream.StreamViewType);
    if (viewType !== undefined && !isViewType(viewType)) {
      throw unsupportedProperty(
        template,
        'StreamViewType',
        `${viewType} is none of ${VIEW_TYPES.join(', ')}`,
      );
    }
    const ttl = objectOf(properties.TimeToLiveSpecification);
    const ttlAttribute = flagOf(ttl.Enabled) ? textOf(ttl.AttributeName) : undefined;
    const globalIndexes = objectsOf(properties.GlobalSecondaryIndexes).map(indexOf);
    const localIndexes = objectsOf(properties.LocalSecondaryIndexes).map(indexOf);
    for (const name of [identity.ref, ...[...globalIndexes, ...localIndexes].map((i) => i.IndexName)]) {
      if (name.length < LEAST_NAME_LENGTH) throw tooShort(resource, name);
    }
    const arn = String(identity.attributes.Arn);
    return {
      ...resource.origin,
      name: identity.ref,
      arn,
      createTable: {
        TableName: identity.ref,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: objectsOf(properties.AttributeDefinitions).map((attribute) => ({
          AttributeName: String(attribute.AttributeName),
          AttributeType: String(attribute.AttributeType),
        })),
        KeySchema: keysOf(properties.KeySchema),
        ...(globalIndexes.length > 0 && { GlobalSecondaryIndexes: globalIndexes }),
        ...(localIndexes.length > 0 && { LocalSecondaryIndexes: localIndexes }),
        ...(viewType && { StreamSpecification: { StreamEnabled: true, StreamViewType: viewType } }),
      },
      ...(viewType && { streamViewType: viewType, streamArn: String(identity.attributes.StreamArn) }),
      ...(ttlAttribute !== undefined && { ttlAttribute }),
    };
  });
}

function keysOf(schema: Json | undefined): KeyElement[] {
  return objectsOf(schema).map((key) => ({
    AttributeName: String(key.AttributeName),
    KeyType: String(key.KeyType),
  }));
}

/** What `CreateTable` takes of an index; its capacity is without meaning here. */
function indexOf(index: JsonObject): IndexDefinition {
  return {
    IndexName: String(index.IndexName),
    KeySchema: keysOf(index.KeySchema),
    Projection: objectOf(index.Projection),
  };
}

function isViewType(value: string): value is StreamViewType {
  return VIEW_TYPES.includes(value);
}

function tooShort(resource: ResolvedResource, name: string): EngineError {
  return unsupportedProperty(
    resource.template,
    `the name "${name}"`,
    `table and index names have at least ${LEAST_NAME_LENGTH} characters`,
  );
}

/** Queue properties whose values SQS takes as attributes of the same name. */
const QUEUE_ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'VisibilityTimeout',
];

export function readQueues(reader: AssemblyReader): QueueModel[] {
  return reader.ofType('AWS::SQS::Queue').map(({ origin, properties, identity }) => {
    const attributes: Record<string, string> = {};
    for (const name of QUEUE_ATTRIBUTES) {
      const value = properties[name];
      if (value !== undefined && value !== null) attributes[name] = String(value);
    }
    if (properties.RedrivePolicy !== undefined) {
      attributes.RedrivePolicy = JSON.stringify(properties.RedrivePolicy);
    }
    const { Arn: arn = '', QueueName: name = '' } = identity.attributes;
    return { ...origin, name, arn, url: identity.ref, attributes };
  });
}

export function readSecrets(reader: AssemblyReader): SecretModel[] {
  return reader.ofType('AWS::SecretsManager::Secret').map(({ origin, template, properties, identity }) => {
    const arn = identity.ref;
    // The ARN's last six characters and the hyphen before them are not part of the name.
    const name = textOf(properties.Name) ?? arn.slice(arn.indexOf(':secret:') + ':secret:'.length, -7);
    const value = textOf(properties.SecretString);
    const generate = properties.GenerateSecretString;
    if (value !== undefined && generate !== undefined) {
      throw unsupportedProperty(template, 'SecretString', 'it excludes GenerateSecretString');
    }
    return {
      ...origin,
      arn,
      name,
      ...(value !== undefined && { value }),
      ...(generate !== undefined && { generate: objectOf(generate) }),
    };
  });
}

/** Where a resource names a queue, a function or a table by ARN that the stack does not declare. */
export function requireKnown(arn: string, known: readonly { readonly arn: string }[], what: string): void {
  if (known.some((resource) => resource.arn === arn)) return;
  throw new EngineError(
    'resource_unsupported',
    `unable to use ${what} ${arn}; the stack does not declare it`,
  );
}
