import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type CustomData, fillIn } from '../assembly/custom-values.ts';
import type { AssemblyModel, CustomResourceModel } from '../assembly/model.ts';
import { EngineError, reasonOf } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import { loadMade, type Made, saveMade } from './made.ts';
import { type CustomResourceResponse, ResponseServer } from './response-server.ts';

export interface CustomResourcesOptions {
  readonly model: AssemblyModel;
  readonly lambda: LambdaService;
  /** Where to remember what was made; without it everything is made at each start. */
  readonly file?: string;
  readonly log: (text: string) => void;
}

/** How long the function of a resource that goes may take to answer. */
const CLEANUP_TIMEOUT_SECONDS = 60;

type RequestType = 'Create' | 'Update' | 'Delete';

/** What a request is about. */
type Subject = Pick<CustomResourceModel, 'logicalId' | 'resourceType' | 'serviceTokenArn' | 'properties'> & {
  readonly timeoutSeconds?: number;
  readonly constructPath?: string;
};

/**
 * Makes the custom resources of a stack one after the other, by CloudFormation's protocol: at the first start, and
 * again with the old properties where kept data knows other ones. What was replaced by that, or is no longer declared, is
 * deleted in the end.
 *
 * @returns what each answered
 * @throws EngineError `custom_resource_failed` with the function's own reason, or that it did not answer
 */
export async function makeCustomResources(options: CustomResourcesOptions): Promise<CustomData> {
  const { model, file } = options;
  const made = file === undefined ? {} : await loadMade(file);
  const data = new Map<string, Made['data']>();
  const replaced: [logicalId: string, made: Made][] = [];
  const server = await ResponseServer.listen();
  try {
    for (const declared of model.customResources) {
      const { logicalId } = declared;
      const properties = Object(fillIn(declared.properties, data));
      const before = made[logicalId];
      if (before && isDeepStrictEqual(before.properties, properties)) {
        data.set(logicalId, before.data);
        continue;
      }
      const subject = { ...declared, properties };
      const response = await request(options, server, subject, before ? 'Update' : 'Create', before);
      const { resourceType, serviceTokenArn } = declared;
      const physicalResourceId = response.PhysicalResourceId ?? before?.physicalResourceId ?? randomUUID();
      const { Data: answered = {} } = response;
      made[logicalId] = { physicalResourceId, resourceType, serviceTokenArn, properties, data: answered };
      data.set(logicalId, answered);
      if (before && before.physicalResourceId !== physicalResourceId) replaced.push([logicalId, before]);
      if (file !== undefined) await saveMade(file, made);
    }
    const isDeclared = new Set(model.customResources.map(({ logicalId }) => logicalId));
    const gone = Object.entries(made).filter(([logicalId]) => !isDeclared.has(logicalId));
    for (const [logicalId, old] of [...replaced, ...gone]) await remove(options, server, logicalId, old);
    for (const [logicalId] of gone) delete made[logicalId];
    if (file !== undefined && gone.length > 0) await saveMade(file, made);
  } finally {
    await server.close();
  }
  return data;
}

/** As CloudFormation cleans up: a failure is told, and ends nothing. */
async function remove(
  options: CustomResourcesOptions,
  server: ResponseServer,
  logicalId: string,
  old: Made,
): Promise<void> {
  try {
    await request(options, server, { ...old, logicalId }, 'Delete', old);
  } catch (error) {
    options.log(reasonOf(error));
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
async function request(
  { model, lambda, log }: CustomResourcesOptions,
  server: ResponseServer,
  resource: Subject,
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
    ...(before && { PhysicalResourceId: before.physicalResourceId }),
    ...(before && type === 'Update' && { OldResourceProperties: before.properties }),
  };
  const { timeoutSeconds = CLEANUP_TIMEOUT_SECONDS } = resource;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<CustomResourceResponse>((resolve) => {
    timer = setTimeout(() => {
      resolve({ Status: 'FAILED', Reason: `no answer within ${timeoutSeconds} s` });
    }, timeoutSeconds * 1000);
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
      `unable to ${type.toLowerCase()} ${resource.resourceType} ${resource.logicalId} (${resource.constructPath ?? 'no longer declared'}); ` +
        (response.Reason ?? 'no reason given'),
    );
  } finally {
    clearTimeout(timer);
    cancel();
  }
}
