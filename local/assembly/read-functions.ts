import { objectOf } from './cloud-assembly.ts';
import type {
  AsynchronousModel,
  CustomResourceModel,
  EventSourceMappingModel,
  FunctionModel,
} from './model.ts';
import { creationOrder } from './order.ts';
import { isProvided, providerFunctions } from './provided.ts';
import type { ResolvedResource } from './reader.ts';
import { type AssemblyReader, flagOf, listOf, numberOf, objectsOf, textOf } from './reader.ts';
import { isCustomResource, refuseProperties, unsupportedProperty } from './resource-types.ts';

/** Lambda's defaults: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MEGABYTES = 128;
/** CloudFormation waits an hour for a custom resource. */
const DEFAULT_CUSTOM_RESOURCE_TIMEOUT_SECONDS = 3600;
/** Lambda's default batch sizes. */
const DEFAULT_BATCH = { stream: 100, queue: 10 } as const;

export function readFunctions(reader: AssemblyReader): FunctionModel[] {
  const providers = providerFunctions(reader.stack);
  const declared = reader.ofType('AWS::Lambda::Function');
  const run = declared.filter(({ origin }) => !providers.has(origin.logicalId));
  return run.map((resource) => {
    const { origin, identity, properties, template } = resource;
    refuseProperties(template, {
      FileSystemConfigs: 'the engine mounts no file systems',
      ImageUri: 'the engine runs no container images',
      Layers: 'the engine has no layers; bundle the code into the asset',
    });
    const runtime = textOf(properties.Runtime) ?? '';
    if (!runtime.startsWith('nodejs')) {
      throw unsupportedProperty(template, 'Runtime', `"${runtime}" is none of Node.js`);
    }
    const concurrency = properties.ReservedConcurrentExecutions;
    const variables = objectOf(objectOf(properties.Environment).Variables);
    return {
      ...origin,
      name: identity.ref,
      arn: String(identity.attributes.Arn),
      codeDirectory: codeDirectory(reader, resource),
      handler: textOf(properties.Handler) ?? 'index.handler',
      timeoutSeconds: numberOf(properties.Timeout, DEFAULT_TIMEOUT_SECONDS),
      memoryMegabytes: numberOf(properties.MemorySize, DEFAULT_MEMORY_MEGABYTES),
      environment: Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, String(value)]),
      ),
      roleArn: textOf(properties.Role) ?? '',
      asynchronous: readAsynchronous(reader, resource),
      ...(concurrency !== undefined && { reservedConcurrency: numberOf(concurrency, 0) }),
    };
  });
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html */
function readAsynchronous(
  reader: AssemblyReader,
  { properties, identity }: ResolvedResource,
): AsynchronousModel {
  const deadLetterArn = textOf(objectOf(properties.DeadLetterConfig).TargetArn);
  const config = reader
    .ofType('AWS::Lambda::EventInvokeConfig')
    .find((one) => [identity.ref, identity.attributes.Arn].includes(String(one.properties.FunctionName)));
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } = config?.properties ?? {};
  const { OnSuccess, OnFailure } = objectOf(config?.properties.DestinationConfig);
  const successDestinationArn = textOf(objectOf(OnSuccess).Destination);
  const failureDestinationArn = textOf(objectOf(OnFailure).Destination);
  return {
    ...(attempts !== undefined && { maximumRetryAttempts: numberOf(attempts, 2) }),
    ...(age !== undefined && { maximumEventAgeSeconds: numberOf(age, 21_600) }),
    ...(successDestinationArn !== undefined && { successDestinationArn }),
    ...(failureDestinationArn !== undefined && { failureDestinationArn }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
  };
}

function codeDirectory(reader: AssemblyReader, { properties, template }: ResolvedResource): string {
  const key = textOf(objectOf(properties.Code).S3Key);
  const directory = key === undefined ? undefined : reader.stack.assets.get(key);
  if (directory === undefined) {
    const reason =
      key === undefined ? 'the engine runs code from assets only' : `no asset has the key ${key}`;
    throw unsupportedProperty(template, 'Code', reason);
  }
  return directory;
}

/** The ARN of the function itself, from its name, its ARN, or the ARN of a version or an alias of it. */
export function functionArnOf(nameOrArn: string, functions: readonly FunctionModel[]): string {
  const unqualified = nameOrArn.startsWith('arn:') ? nameOrArn.split(':').slice(0, 7).join(':') : nameOrArn;
  return functions.find((f) => f.name === unqualified || f.arn === unqualified)?.arn ?? nameOrArn;
}

export function readEventSourceMappings(
  reader: AssemblyReader,
  functions: readonly FunctionModel[],
  tables: readonly { readonly name: string; readonly streamArn?: string }[],
): EventSourceMappingModel[] {
  return reader.ofType('AWS::Lambda::EventSourceMapping').map(({ origin, properties, template }) => {
    refuseProperties(template, {
      TumblingWindowInSeconds: 'the engine has no tumbling windows',
      ProvisionedPollerConfig: 'the engine has no provisioned pollers',
    });
    const sourceArn = String(properties.EventSourceArn);
    const table = tables.find(({ streamArn }) => streamArn === sourceArn);
    const isQueue = sourceArn.startsWith('arn:aws:sqs:');
    if (!table && !isQueue) {
      throw unsupportedProperty(
        template,
        'EventSourceArn',
        `${sourceArn} is no stream or queue of this stack`,
      );
    }
    const position = textOf(properties.StartingPosition) ?? 'TRIM_HORIZON';
    if (position !== 'TRIM_HORIZON' && position !== 'LATEST') {
      throw unsupportedProperty(
        template,
        'StartingPosition',
        `${position} is neither TRIM_HORIZON nor LATEST`,
      );
    }
    const failureDestinationArn = textOf(
      objectOf(objectOf(properties.DestinationConfig).OnFailure).Destination,
    );
    const concurrency = objectOf(properties.ScalingConfig).MaximumConcurrency;
    const filters = objectsOf(objectOf(properties.FilterCriteria).Filters);
    return {
      ...origin,
      uuid: `${reader.place.stackName}-${origin.logicalId}`,
      functionArn: functionArnOf(String(properties.FunctionName), functions),
      source: table
        ? { kind: 'stream', tableName: table.name, streamArn: sourceArn }
        : { kind: 'queue', queueArn: sourceArn },
      enabled: flagOf(properties.Enabled, true),
      batchSize: numberOf(properties.BatchSize, table ? DEFAULT_BATCH.stream : DEFAULT_BATCH.queue),
      batchingWindowSeconds: numberOf(properties.MaximumBatchingWindowInSeconds, 0),
      startingPosition: position,
      parallelizationFactor: numberOf(properties.ParallelizationFactor, 1),
      bisectBatchOnFunctionError: flagOf(properties.BisectBatchOnFunctionError),
      maximumRetryAttempts: numberOf(properties.MaximumRetryAttempts, -1),
      maximumRecordAgeSeconds: numberOf(properties.MaximumRecordAgeInSeconds, -1),
      reportBatchItemFailures: listOf(properties.FunctionResponseTypes).includes('ReportBatchItemFailures'),
      ...(failureDestinationArn !== undefined && { failureDestinationArn }),
      ...(concurrency !== undefined && { maximumConcurrency: numberOf(concurrency, 2) }),
      filters: filters.map((filter) => {
        try {
          return objectOf(JSON.parse(String(filter.Pattern)));
        } catch {
          throw unsupportedProperty(template, 'FilterCriteria', `${String(filter.Pattern)} is not JSON`);
        }
      }),
    };
  });
}

/** Custom resources, each after those that it refers to or depends on. */
export function readCustomResources(
  reader: AssemblyReader,
  functions: readonly FunctionModel[],
): CustomResourceModel[] {
  const order = creationOrder(reader.stack);
  return reader
    .where(({ type }) => isCustomResource(type) && !isProvided(type))
    .sort((a, b) => order.indexOf(a.origin.logicalId) - order.indexOf(b.origin.logicalId))
    .map(({ origin, template, properties }) => {
      const { ServiceToken: token = null, ServiceTimeout: timeout } = properties;
      const serviceTokenArn = functionArnOf(String(token), functions);
      if (!functions.some(({ arn }) => arn === serviceTokenArn)) {
        throw unsupportedProperty(template, 'ServiceToken', `${String(token)} is no function of this stack`);
      }
      return {
        ...origin,
        resourceType: template.type,
        serviceTokenArn,
        timeoutSeconds: numberOf(timeout, DEFAULT_CUSTOM_RESOURCE_TIMEOUT_SECONDS),
        properties,
      };
    });
}
