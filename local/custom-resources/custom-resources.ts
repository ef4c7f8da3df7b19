import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AssemblyModel, CustomResourceModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import { type CustomResourceResponse, ResponseServer } from './response-server.ts';

/** What is known of a custom resource that was made. */
interface Made {
  readonly physicalResourceId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface CustomResourcesOptions {
  readonly model: AssemblyModel;
  readonly lambda: LambdaService;
  /** Where to remember what was made; without it everything is made at each start. */
  readonly file?: string;
  readonly log: (text: string) => void;
}

type RequestType = 'Create' | 'Update';

/**
 * Makes the custom resources of a stack one after the other, by CloudFormation's protocol: at the first start, and
 * again with the old properties where kept data knows other ones.
 *
 * @throws EngineError `custom_resource_failed` with the function's own reason, or that it did not answer
 */
export async function makeCustomResources(options: CustomResourcesOptions): Promise<void> {
  const { model, file } = options;
  if (model.customResources.length === 0) return;
  const made = file === undefined ? {} : await load(file);
  const server = await ResponseServer.listen();
  try {
    for (const resource of model.customResources) {
      const before = made[resource.logicalId];
      if (before && isDeepStrictEqual(before.properties, resource.properties)) continue;
      const response = await request(options, server, resource, before ? 'Update' : 'Create', before);
      made[resource.logicalId] = {
        physicalResourceId: response.PhysicalResourceId ?? before?.physicalResourceId ?? resource.logicalId,
        properties: resource.properties,
      };
      if (file !== undefined) await save(file, made);
    }
  } finally {
    await server.close();
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
async function request(
  { model, lambda, log }: CustomResourcesOptions,
  server: ResponseServer,
  resource: CustomResourceModel,
  type: RequestType,
  before: Made | undefined,
): Promise<CustomResourceResponse> {
  const { url, answer, cancel } = server.expect();
  const event = {
    RequestType: type,
    ServiceToken: resource.serviceTokenArn,
    ResponseURL: url,
    StackId: `arn:aws:cloudformation:${model.region}:${model.account}:stack/${model.stackName}/local`,
    RequestId: randomUUID(),
    LogicalResourceId: resource.logicalId,
    ResourceType: resource.resourceType,
    ResourceProperties: resource.properties,
    ...(before && {
      PhysicalResourceId: before.physicalResourceId,
      OldResourceProperties: before.properties,
    }),
  };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<CustomResourceResponse>((resolve) => {
    timer = setTimeout(() => {
      resolve({ Status: 'FAILED', Reason: `no answer within ${resource.timeoutSeconds} s` });
    }, resource.timeoutSeconds * 1000);
  });
  // CloudFormation invokes asynchronously and waits for the answer alone. Here a function that fails is told at once:
  // nobody should wait an hour for an answer that can't come.
  const failure = lambda.invoke(resource.serviceTokenArn, event, 'RequestResponse').then((outcome) => {
    if (outcome.ok) return new Promise<CustomResourceResponse>(() => {});
    return { Status: 'FAILED' as const, Reason: `${outcome.errorType}: ${outcome.errorMessage}` };
  });
  try {
    const response = await Promise.race([answer, failure, timeout]);
    if (response.Status === 'SUCCESS') {
      log(`${type} ${resource.resourceType} ${resource.logicalId}`);
      return response;
    }
    throw new EngineError(
      'custom_resource_failed',
      `unable to ${type.toLowerCase()} ${resource.resourceType} ${resource.logicalId} (${resource.constructPath}); ` +
        (response.Reason ?? 'no reason given'),
    );
  } finally {
    clearTimeout(timer);
    cancel();
  }
}

async function load(file: string): Promise<Record<string, Made>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')).customResources;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new EngineError('database_foreign', `unable to read ${file}; it is not of this engine`);
  }
}

async function save(file: string, customResources: Readonly<Record<string, Made>>): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify({ customResources }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
