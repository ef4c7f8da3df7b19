import {
  isObject,
  type Json,
  type JsonObject,
  objectOf,
  type StackArtifact,
  type TemplateResource,
} from './cloud-assembly.ts';
import { conditionHolds, resolve, type Scope } from './intrinsics.ts';
import type { Origin } from './model.ts';
import { attributeOf, type Identity, identify, type Place } from './names.ts';

/** A resource with its properties resolved. */
export interface ResolvedResource {
  readonly template: TemplateResource;
  readonly origin: Origin;
  readonly identity: Identity;
  readonly properties: JsonObject;
}

/** The property that names a resource explicitly, by type. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::ApiGatewayV2::Stage': 'StageName',
  'AWS::CloudFront::Function': 'Name',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Events::Rule': 'Name',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::SecretsManager::Secret': 'Name',
};

/** Resolves a stack's resources on demand; what a false condition excludes does not exist. */
export class AssemblyReader {
  readonly stack: StackArtifact;
  readonly place: Place;
  readonly scope: Scope;
  readonly #identities = new Map<string, Identity>();
  readonly #resolved = new Map<string, ResolvedResource>();

  constructor(stack: StackArtifact, place: Place, parameters: Readonly<Record<string, string>> = {}) {
    this.stack = stack;
    this.place = place;
    this.scope = {
      stack,
      parameters,
      pseudo: {
        'AWS::AccountId': place.account,
        'AWS::NotificationARNs': [],
        'AWS::Partition': 'aws',
        'AWS::Region': place.region,
        'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.account}:stack/${place.stackName}/local`,
        'AWS::StackName': place.stackName,
        'AWS::URLSuffix': 'amazonaws.com',
      },
      ref: (logicalId) => this.identity(logicalId).ref,
      attribute: (logicalId, name) => attributeOf(this.#template(logicalId), this.identity(logicalId), name),
    };
  }

  identity(logicalId: string): Identity {
    const known = this.#identities.get(logicalId);
    if (known) return known;
    const template = this.#template(logicalId);
    const property = NAME_PROPERTIES[template.type];
    const given = property === undefined ? undefined : template.properties[property];
    const name = given === undefined ? undefined : resolve(given, this.scope);
    const identity = identify(template, typeof name === 'string' ? name : undefined, this.place);
    this.#identities.set(logicalId, identity);
    return identity;
  }

  /** The existing resources of these types, in the template's order. */
  ofType(...types: string[]): ResolvedResource[] {
    return this.where((resource) => types.includes(resource.type));
  }

  where(matches: (resource: TemplateResource) => boolean): ResolvedResource[] {
    return [...this.stack.resources.values()]
      .filter((r) => matches(r) && (r.condition === undefined || conditionHolds(r.condition, this.scope)))
      .map((resource) => this.#resolve(resource));
  }

  #resolve(template: TemplateResource): ResolvedResource {
    const known = this.#resolved.get(template.logicalId);
    if (known) return known;
    const { logicalId, constructPath } = template;
    const resolved: ResolvedResource = {
      template,
      origin: { logicalId, constructPath },
      identity: this.identity(logicalId),
      properties: objectOf(resolve(template.properties, this.scope)),
    };
    this.#resolved.set(logicalId, resolved);
    return resolved;
  }

  #template(logicalId: string): TemplateResource {
    const template = this.stack.resources.get(logicalId);
    if (!template) throw new RangeError(`no resource ${logicalId}`);
    return template;
  }
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** CloudFormation takes numbers as text too. */
export function numberOf(value: Json | undefined, fallback: number): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : fallback;
}

export function flagOf(value: Json | undefined, fallback = false): boolean {
  if (value === undefined || value === null) return fallback;
  return value === true || value === 'true';
}

export function listOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function textsOf(value: Json | undefined): string[] {
  return listOf(value).map(String);
}

export function objectsOf(value: Json | undefined): JsonObject[] {
  return listOf(value).filter((item) => isObject(item));
}
