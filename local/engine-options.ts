/** What the engine is told, and what it gives. */
import type { Server } from 'node:net';
import type { Authorizer } from './access/authorizer.ts';
import type { AssemblyModel } from './assembly/model.ts';
import type { Faults } from './faults/faults.ts';
import type { AccountLimits } from './limits.ts';
import type { EngineLog, LogLevel } from './log.ts';
import type { EngineMetrics } from './metrics/metrics.ts';
import type { StreamPolling } from './streams/table-stream.ts';

export interface EngineOptions {
  /** What `cdk synth` wrote. */
  readonly assemblyDirectory: string;
  /** Which stack, where the assembly holds several. */
  readonly stackName?: string;
  /** Port of the APIs; 0, the default, picks a free one. */
  readonly port?: number;
  /** A server that listens already, to be given up for the gateway: who needs the number before the stack is there. */
  readonly server?: Server;
  /** The same for each gateway more. With any, all run in processes of their own; a single gateway runs in this process. */
  readonly furtherServers?: readonly Server[];
  readonly host?: string;
  /** Keeps tables, secrets and the readers' places over restarts; without it all is in memory. */
  readonly dataDirectory?: string;
  /** A DynamoDB to use instead of starting one. */
  readonly dynamodbEndpoint?: string;
  readonly idleTimeoutMs?: number;
  readonly connectionLifetimeMs?: number;
  /** Milliseconds between two sweeps for expired items. */
  readonly expirySweepMs?: number;
  /** How long a minute of the schedules lasts, milliseconds; 60,000 by default. */
  readonly scheduleMinuteMs?: number;
  /** How long a day of the lifecycle rules of buckets is, milliseconds. */
  readonly storageDayMs?: number;
  readonly streamPolling?: StreamPolling;
  /** What of AWS's limits on an account and on a partition the engine holds to: none by default. `AWS_LIMITS` has AWS's own. */
  readonly accountLimits?: AccountLimits;
  readonly logLevel?: LogLevel;
  readonly log?: EngineLog;
  /** The worker of the functions' environments; by default beside this module. */
  readonly environmentScript?: string;
}

export interface Engine {
  /** `http://127.0.0.1:<port>`, of the first gateway. */
  readonly http: string;
  /** `ws://127.0.0.1:<port>/ws` */
  readonly websocket: string;
  /** Of every gateway. */
  readonly gateways: readonly { readonly http: string; readonly websocket: string }[];
  /** Where the AWS services answer. */
  readonly awsEndpoint: string;
  /** Where S3 answers, for functions, browsers and curl alike. */
  readonly storageEndpoint: string;
  readonly model: AssemblyModel;
  readonly outputs: Readonly<Record<string, string>>;
  /** What decides on calls of the functions in this process: gateways in processes of their own have one each. */
  readonly authorizer: Authorizer;
  /** Of gateways in processes of their own, what they told last: half a second ago at most. */
  metrics(): EngineMetrics;
  /** Swaps a function's code: events from now on run on the new code, those under way end on the old. */
  replace(functionName: string, codeDirectory: string): void;
  /** What goes wrong on purpose: nothing, until a plan is set. */
  readonly faults: Faults;
  /** Of the database that runs now; undefined where it is one of the user's own. */
  databaseProcessId(): number | undefined;
  /** Ends everything: no process, no temporary folder is left. */
  close(): Promise<void>;
}
