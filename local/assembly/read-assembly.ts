import { EngineError } from '../errors.ts';
import { objectOf, readStackArtifact } from './cloud-assembly.ts';
import { checkMarks } from './custom-values.ts';
import type { DistributionModel } from './distribution-model.ts';
import { resolve } from './intrinsics.ts';
import type { AssemblyModel, BucketModel, FunctionModel, HttpApiModel, WebSocketApiModel } from './model.ts';
import { readApis } from './read-apis.ts';
import { readBuckets } from './read-buckets.ts';
import { readQueues, readSecrets, readTables, requireKnown } from './read-data.ts';
import { readDistributions } from './read-distributions.ts';
import { readCustomResources, readEventSourceMappings, readFunctions } from './read-functions.ts';
import { readResourcePolicies } from './read-policies.ts';
import { readInvokePermissions, readRoles } from './read-roles.ts';
import { readSchedules } from './read-schedules.ts';
import { readTopics } from './read-topics.ts';
import { AssemblyReader } from './reader.ts';
import { checkTypes } from './resource-types.ts';

/** The account of everything on this machine, unless the stack is bound to one. SQS and SNS of `fauxqs` know this one only. */
export const LOCAL_ACCOUNT = '000000000000';
const DEFAULT_REGION = 'us-east-1';

export interface AssemblyOptions {
  /** The folder that `cdk synth` wrote. */
  readonly directory: string;
  /** Which stack, where the assembly holds several. */
  readonly stackName?: string;
  /** Endpoint of the AWS services on this machine, without a slash at the end. */
  readonly awsEndpoint: string;
  /** Where S3 is on this machine, without a slash at the end, unless it is where the others are; addresses of buckets become this. */
  readonly storageEndpoint?: string;
  /** `host:port` where the APIs are reached; their execute-api addresses in outputs and variables become this. */
  readonly publicHost: string;
  /** Values for the template's parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * Reads a synthesized stack into what the engine runs: every intrinsic function resolved, every name and address one of
 * this machine, equal from start to start.
 *
 * @throws EngineError `assembly_unreadable`, `resource_unsupported`, `property_unsupported`, `intrinsic_unresolvable`
 */
export async function readAssembly(options: AssemblyOptions): Promise<AssemblyModel> {
  const stack = await readStackArtifact(options.directory, options.stackName);
  checkTypes(stack);
  const { stackName, region = DEFAULT_REGION } = stack;
  const place = { stackName, region, account: LOCAL_ACCOUNT, awsEndpoint: options.awsEndpoint };
  const reader = new AssemblyReader(stack, place, options.parameters);
  const declared = readFunctions(reader);
  const tables = readTables(reader);
  const queues = readQueues(reader);
  const { webSocketApis, httpApis } = readApis(reader, declared);
  const eventSourceMappings = readEventSourceMappings(reader, declared, tables);
  for (const { source, failureDestinationArn, functionArn } of eventSourceMappings) {
    requireKnown(functionArn, declared, 'the function');
    if (source.kind === 'queue') requireKnown(source.queueArn, queues, 'the queue');
    if (failureDestinationArn) requireKnown(failureDestinationArn, queues, 'the failure destination');
  }
  const topics = readTopics(reader, { functions: declared, queues });
  for (const { asynchronous = {} } of declared) {
    const { successDestinationArn, failureDestinationArn, deadLetterArn } = asynchronous;
    for (const arn of [successDestinationArn, failureDestinationArn]) {
      if (arn) requireKnown(arn, [...queues, ...topics, ...declared], 'the destination');
    }
    if (deadLetterArn) requireKnown(deadLetterArn, [...queues, ...topics], 'the dead-letter target');
  }
  const roles = readRoles(reader);
  for (const { roleArn } of declared) requireKnown(roleArn, roles, 'the role');
  const buckets = readBuckets(reader);
  for (const { destination } of buckets.flatMap(({ notifications }) => notifications)) {
    if (destination.kind === 'queue') requireKnown(destination.arn, queues, 'the queue');
    else requireKnown(destination.arn, declared, 'the function');
  }
  const distributions = readDistributions(reader, { buckets, httpApis });
  const localize = addressRewriter(
    { apis: [...webSocketApis, ...httpApis], buckets, distributions },
    region,
    options,
  );
  const model: AssemblyModel = {
    stackName,
    region,
    account: place.account,
    tables,
    functions: declared.map(
      (f): FunctionModel => ({ ...f, environment: mapValues(f.environment, localize) }),
    ),
    roles,
    invokePermissions: readInvokePermissions(reader),
    webSocketApis,
    httpApis,
    eventSourceMappings,
    queues,
    schedules: readSchedules(reader, declared),
    topics,
    resourcePolicies: readResourcePolicies(reader, queues),
    secrets: readSecrets(reader),
    buckets,
    distributions: distributions.map((one) => withLocalHeaders(one, localize)),
    customResources: readCustomResources(reader, declared),
    outputs: mapValues(readOutputs(reader), localize),
  };
  checkMarks(model);
  return model;
}

function readOutputs(reader: AssemblyReader): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(reader.stack.outputs)) {
    try {
      outputs[name] = String(resolve(objectOf(output).Value, reader.scope));
    } catch (error) {
      // An output is for people to read: one that can't be resolved is left out.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return outputs;
}

function mapValues(values: Readonly<Record<string, string>>, map: (value: string) => string) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

/** A content security policy names the addresses that a page may talk to. */
function withLocalHeaders(
  distribution: DistributionModel,
  localize: (value: string) => string,
): DistributionModel {
  const behaviors = distribution.behaviors.map(({ headersPolicy, ...behavior }) => ({
    ...behavior,
    ...(headersPolicy && {
      headersPolicy: {
        ...headersPolicy,
        headers: headersPolicy.headers.map((header) => ({ ...header, value: localize(header.value) })),
      },
    }),
  }));
  return { ...distribution, behaviors };
}

/** What has an address of its own on AWS. */
interface Addressed {
  readonly apis: readonly (WebSocketApiModel | HttpApiModel)[];
  readonly buckets: readonly BucketModel[];
  readonly distributions: readonly DistributionModel[];
}

/**
 * Puts this machine's addresses, without TLS, in place of AWS's: of an API's execute-api address, the stage `$default` without
 * a path; of a distribution; of S3 and of a bucket.
 */
function addressRewriter(
  { apis, buckets, distributions }: Addressed,
  region: string,
  { publicHost, awsEndpoint, storageEndpoint = awsEndpoint }: AssemblyOptions,
): (value: string) => string {
  const hosts = new Set([
    ...apis.map(({ apiId }) => `${apiId}.execute-api.${region}.amazonaws.com`),
    ...distributions.map(({ domainName }) => domainName),
  ]);
  const storage = new Map([
    [`s3.${region}.amazonaws.com`, storageEndpoint],
    ...buckets.flatMap(({ name }) =>
      [`${name}.s3.${region}.amazonaws.com`, `${name}.s3.amazonaws.com`].map((host): [string, string] => [
        host,
        `${storageEndpoint}/${name}`,
      ]),
    ),
  ]);
  return (value) =>
    value.replace(/\b(wss|https):\/\/([a-z0-9.-]+)/g, (whole, scheme: string, host: string) =>
      hosts.has(host) ? `${scheme.slice(0, -1)}://${publicHost}` : (storage.get(host) ?? whole),
    );
}
