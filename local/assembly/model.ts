/**
 * What a synthesized stack declares, as the engine runs it: plain values, every intrinsic function resolved.
 * `assembly/` reads `cdk.out` into this; the services, the functions and the gateway take it from here.
 */

import type { BucketModel } from './bucket-model.ts';
import type { DistributionModel } from './distribution-model.ts';
import type { Origin, PolicyStatement } from './origin.ts';
import type { TopicModel } from './topic-model.ts';

export type { BucketModel, CorsRule } from './bucket-model.ts';
export type { Origin, PolicyStatement } from './origin.ts';
export type { SubscriptionModel, TopicModel } from './topic-model.ts';

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

export interface IndexDefinition {
  readonly IndexName: string;
  readonly KeySchema: readonly KeyElement[];
  readonly Projection?: Readonly<Record<string, unknown>>;
}

/** The input of DynamoDB's `CreateTable`, as far as the engine's tables need it. */
export interface TableDefinition {
  readonly TableName: string;
  readonly BillingMode: 'PAY_PER_REQUEST';
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
  readonly KeySchema: readonly KeyElement[];
  readonly GlobalSecondaryIndexes?: readonly IndexDefinition[];
  readonly LocalSecondaryIndexes?: readonly IndexDefinition[];
  readonly StreamSpecification?: { readonly StreamEnabled: boolean; readonly StreamViewType: string };
}

/** A DynamoDB table, with the input of `CreateTable` (key schema, attributes, indexes, stream view type). */
export interface TableModel extends Origin {
  readonly name: string;
  readonly arn: string;
  readonly createTable: TableDefinition;
  readonly streamViewType?: StreamViewType;
  /** Where the table has a stream. */
  readonly streamArn?: string;
  readonly ttlAttribute?: string;
}

export interface FunctionModel extends Origin {
  readonly name: string;
  readonly arn: string;
  /** Folder that holds the code asset. */
  readonly codeDirectory: string;
  /** `<file>.<export>`, for example `index.handler`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly roleArn: string;
  readonly reservedConcurrency?: number;
  readonly asynchronous?: AsynchronousModel;
}

/** What becomes of a function's asynchronous events; absent parts are as Lambda has them by default. */
export interface AsynchronousModel {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  /** A queue, a topic or a function that gets a record of each event that was handled. */
  readonly successDestinationArn?: string;
  /** The same of each event that failed for good. */
  readonly failureDestinationArn?: string;
  /** A queue or a topic that gets the event itself. */
  readonly deadLetterArn?: string;
}

export interface RoleModel extends Origin {
  readonly arn: string;
  readonly name: string;
  readonly statements: readonly PolicyStatement[];
  readonly managedPolicies: readonly string[];
}

/** A resource policy grant on a function: who may invoke it (`AWS::Lambda::Permission`). */
export interface InvokePermission extends Origin {
  readonly functionArn: string;
  readonly principal: string;
  readonly sourceArn?: string;
}

/** Requests a second, and at once; infinite where nothing is said. */
export interface RouteThrottle {
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** `DefaultRouteSettings` of a stage, and its `RouteSettings` of single routes. */
export interface ThrottleModel extends RouteThrottle {
  readonly routes?: Readonly<Record<string, RouteThrottle>>;
}

export interface WebSocketApiModel extends Origin {
  readonly apiId: string;
  readonly stageName: string;
  readonly throttle?: ThrottleModel;
  /** `AccessLogSettings.Format` of the stage. */
  readonly accessLogFormat?: string;
  readonly routeSelectionExpression: string;
  readonly routes: readonly WebSocketRouteModel[];
}

export interface WebSocketRouteModel {
  /** `$connect`, `$disconnect`, `$default` or an action. */
  readonly routeKey: string;
  readonly functionArn: string;
  /** Whether the function's body is sent back on the socket. */
  readonly routeResponse: boolean;
  readonly integrationTimeoutMs: number;
}

export interface HttpApiModel extends Origin {
  readonly apiId: string;
  readonly stageName: string;
  readonly throttle?: ThrottleModel;
  readonly accessLogFormat?: string;
  readonly routes: readonly {
    readonly routeKey: string;
    readonly functionArn: string;
    readonly integrationTimeoutMs: number;
  }[];
  readonly cors?: {
    readonly allowOrigins: readonly string[];
    readonly allowMethods: readonly string[];
    readonly allowHeaders: readonly string[];
    readonly exposeHeaders: readonly string[];
    readonly allowCredentials: boolean;
    readonly maxAgeSeconds?: number;
  };
}

/** A statement, and of whom it speaks: ARNs, accounts, services, or `*`. */
export interface PrincipalStatement extends PolicyStatement {
  readonly principals: readonly string[];
}

/** A policy of queues, topics or a bucket. */
export interface ResourcePolicyModel extends Origin {
  /** ARNs. */
  readonly resources: readonly string[];
  readonly statements: readonly PrincipalStatement[];
}

export interface EventSourceMappingModel extends Origin {
  readonly uuid: string;
  readonly functionArn: string;
  /** A table's stream or a queue. */
  readonly source:
    | { readonly kind: 'stream'; readonly tableName: string; readonly streamArn: string }
    | { readonly kind: 'queue'; readonly queueArn: string };
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly parallelizationFactor: number;
  readonly bisectBatchOnFunctionError: boolean;
  /** -1: until the record expires. */
  readonly maximumRetryAttempts: number;
  /** -1: until the record expires. */
  readonly maximumRecordAgeSeconds: number;
  readonly reportBatchItemFailures: boolean;
  readonly failureDestinationArn?: string;
  /** How many batches of a queue may be in the function's hands at once (`ScalingConfig`). */
  readonly maximumConcurrency?: number;
  /** Event filter patterns, any of which lets a record through; empty: all pass. */
  readonly filters: readonly Record<string, unknown>[];
}

/** A rule with a schedule (`aws.events`), or a schedule of EventBridge Scheduler (`aws.scheduler`). */
export interface ScheduleModel extends Origin {
  readonly name: string;
  readonly arn: string;
  /** What the event says that it comes from. */
  readonly source: 'aws.events' | 'aws.scheduler';
  /** `rate(…)`, `cron(…)` or `at(…)`. */
  readonly expression: string;
  /** UTC where there is none. */
  readonly timeZone?: string;
  readonly enabled: boolean;
  /** Whether it is due when it is made, too. */
  readonly startsAtOnce: boolean;
  readonly targets: readonly ScheduleTarget[];
  /** What a schedule of EventBridge Scheduler invokes by; a rule invokes by a permission of the function. */
  readonly roleArn?: string;
}

export interface ScheduleTarget {
  readonly functionArn: string;
  /** JSON text in place of the event. */
  readonly input?: string;
}

export interface QueueModel extends Origin {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface SecretModel extends Origin {
  readonly arn: string;
  readonly name: string;
  /** `GenerateSecretString` of the template, or the literal text. */
  readonly generate?: Record<string, unknown>;
  readonly value?: string;
}

export interface CustomResourceModel extends Origin {
  readonly resourceType: string;
  readonly serviceTokenArn: string;
  /** How long the function has to answer to the response URL. */
  readonly timeoutSeconds: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Everything that one stack declares and the engine runs. */
export interface AssemblyModel {
  readonly stackName: string;
  readonly region: string;
  readonly account: string;
  readonly tables: readonly TableModel[];
  readonly functions: readonly FunctionModel[];
  readonly roles: readonly RoleModel[];
  readonly invokePermissions: readonly InvokePermission[];
  readonly webSocketApis: readonly WebSocketApiModel[];
  readonly httpApis: readonly HttpApiModel[];
  readonly eventSourceMappings: readonly EventSourceMappingModel[];
  readonly queues: readonly QueueModel[];
  readonly schedules: readonly ScheduleModel[];
  readonly topics: readonly TopicModel[];
  readonly resourcePolicies: readonly ResourcePolicyModel[];
  readonly secrets: readonly SecretModel[];
  readonly buckets: readonly BucketModel[];
  /** One at most. */
  readonly distributions: readonly DistributionModel[];
  /** In the order in which they are to be made. */
  readonly customResources: readonly CustomResourceModel[];
  readonly outputs: Readonly<Record<string, string>>;
}
