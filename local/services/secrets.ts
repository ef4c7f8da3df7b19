import { randomUUID } from 'node:crypto';
import type { SecretModel } from '../assembly/model.ts';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  jsonResponse,
  type NeededPermission,
  parseBody,
  ServiceError,
  type ServiceFault,
  targetOperation,
} from './call.ts';
import { CURRENT, type SecretStore, type SecretVersion } from './secret-store.ts';

type Input = Readonly<Record<string, unknown>>;
type Operation = (store: SecretStore, secret: SecretModel, input: Input) => Promise<unknown> | unknown;

/** Secrets Manager: secrets of the template with their versions and stages. */
export class SecretsService implements AwsService {
  readonly name = 'secretsmanager';
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  operationOf(request: AwsRequest): string | undefined {
    const operation = targetOperation(request);
    return operation !== undefined && Object.hasOwn(OPERATIONS, operation) ? operation : undefined;
  }

  permissionsOf(operation: string, request: AwsRequest): readonly NeededPermission[] {
    const { SecretId: id } = parseBody(request);
    const resource = this.#store.find(String(id))?.arn ?? String(id);
    return [{ action: `secretsmanager:${operation}`, resource }];
  }

  async handle(operation: string, request: AwsRequest): Promise<AwsResponse> {
    const input = parseBody(request);
    const secret = this.#store.find(String(input.SecretId));
    if (!secret) {
      throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    const output = await OPERATIONS[operation]?.(this.#store, secret, input);
    return jsonResponse({ ARN: secret.arn, Name: secret.name, ...(output as object) });
  }

  errorResponse({ status, code, message }: ServiceFault): AwsResponse {
    const response = jsonResponse({ __type: code, Message: message, message }, status);
    return { ...response, headers: { ...response.headers, 'x-amzn-errortype': code } };
  }
}

function findVersion(store: SecretStore, secret: SecretModel, input: Input): SecretVersion {
  const { VersionId: id, VersionStage: stage } = input;
  const wanted = stage === undefined && id === undefined ? CURRENT : stage;
  const version = store
    .versionsOf(secret.arn)
    .find(
      (candidate) =>
        (id === undefined || candidate.id === id) &&
        (wanted === undefined || candidate.stages.includes(String(wanted))),
    );
  if (version) return version;
  const missing = id === undefined ? `staging label: ${String(wanted)}` : `VersionId: ${String(id)}`;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${missing}`,
  );
}

function contentOf(input: Input): Pick<SecretVersion, 'string' | 'binary'> {
  const { SecretString: string, SecretBinary: binary } = input;
  if ((string === undefined) === (binary === undefined)) {
    throw new ServiceError(
      'InvalidParameterException',
      'You must provide either SecretString or SecretBinary.',
    );
  }
  return string === undefined ? { binary: String(binary) } : { string: String(string) };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetSecretValue(store, secret, input) {
    const version = findVersion(store, secret, input);
    return {
      VersionId: version.id,
      VersionStages: version.stages,
      CreatedDate: version.created,
      ...(version.string !== undefined && { SecretString: version.string }),
      ...(version.binary !== undefined && { SecretBinary: version.binary }),
    };
  },

  async PutSecretValue(store, secret, input) {
    const content = contentOf(input);
    const id = String(input.ClientRequestToken ?? randomUUID());
    const stages = Array.isArray(input.VersionStages) ? input.VersionStages.map(String) : [CURRENT];
    const known = store.versionsOf(secret.arn).find((version) => version.id === id);
    if (known && (known.string !== content.string || known.binary !== content.binary)) {
      throw new ServiceError(
        'ResourceExistsException',
        'You provided a ClientRequestToken of a version whose secret data is different.',
      );
    }
    if (!known) await store.put(secret.arn, { id, ...content }, stages);
    return { VersionId: id, VersionStages: known?.stages ?? stages };
  },

  DescribeSecret(store, secret) {
    const versions = store.versionsOf(secret.arn);
    return {
      CreatedDate: Math.min(...versions.map(({ created }) => created)),
      LastChangedDate: Math.max(...versions.map(({ created }) => created)),
      VersionIdsToStages: Object.fromEntries(versions.map(({ id, stages }) => [id, stages])),
    };
  },

  ListSecretVersionIds(store, secret) {
    return {
      Versions: store.versionsOf(secret.arn).map(({ id, stages, created }) => ({
        VersionId: id,
        VersionStages: stages,
        CreatedDate: created,
      })),
    };
  },

  async UpdateSecretVersionStage(store, secret, input) {
    const { VersionStage: stage, MoveToVersionId: to } = input;
    if (!store.versionsOf(secret.arn).some(({ id }) => id === to)) {
      throw new ServiceError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the version ${String(to)}.`,
      );
    }
    await store.moveStage(secret.arn, String(stage), String(to));
    return {};
  },
};
