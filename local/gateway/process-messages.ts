/** What the engine and a gateway's process say to each other. Types only. */
import type { AccessModel } from '../access/authorizer.ts';
import type { FunctionModel, HttpApiModel, WebSocketApiModel } from '../assembly/model.ts';
import type { FaultNews } from '../faults/news.ts';
import type { FunctionLogEntry, FunctionStatistics } from '../lambda/service.ts';
import type { AccountLimits } from '../limits.ts';
import type { Caller } from '../services/call.ts';
import type { AccessLogEntry } from './access-log.ts';
import type { GatewayCounters } from './counters.ts';
import type { Site } from './gateway.ts';
import type { LocalAnswer, LocalCall } from './local-requests.ts';
import type { GatewayLogEntry } from './log.ts';

/** All that a process needs to serve a stack. */
export interface GatewaySetup {
  readonly webSocketApis: readonly WebSocketApiModel[];
  readonly httpApis: readonly HttpApiModel[];
  readonly site?: Site;
  /** The functions behind the routes. */
  readonly functions: readonly FunctionModel[];
  /** What each function's environment gets besides its own variables, by name. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly environmentScript: string;
  /** Whether anybody reads the access log. */
  readonly accessLog: boolean;
  readonly host?: string;
  readonly idleTimeoutMs?: number;
  readonly connectionLifetimeMs?: number;
  readonly accountLimits?: AccountLimits;
  /** Of all functions, as any may call `@connections`. */
  readonly access: AccessModel;
  /** By the access key id that the engine gave each. */
  readonly callers: ReadonlyMap<string, Caller>;
  /** The fault plan, and what has happened of it. */
  readonly faults: FaultNews;
}

/** A process's own numbers, from its start. */
export interface ProcessState {
  readonly counters: GatewayCounters;
  readonly functions: Readonly<Record<string, FunctionStatistics>>;
  /** Bytes. */
  readonly memory: number;
}

export type ToGateway =
  | { readonly kind: 'start'; readonly setup: GatewaySetup; readonly port: number }
  | { readonly kind: 'state' }
  | { readonly kind: 'replace'; readonly functionName: string; readonly codeDirectory: string }
  /** The answer to `local`. */
  | { readonly kind: 'local'; readonly id: number; readonly answer: LocalAnswer }
  | { readonly kind: 'faults'; readonly news: FaultNews }
  | { readonly kind: 'close' };

export type FromGateway =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly reason: string }
  | { readonly kind: 'state'; readonly state: ProcessState }
  | { readonly kind: 'functionLog'; readonly entry: FunctionLogEntry }
  | { readonly kind: 'gatewayLog'; readonly entry: GatewayLogEntry }
  | { readonly kind: 'accessLog'; readonly entry: AccessLogEntry }
  /** A request for the engine's own address, `/_local/…`. */
  | { readonly kind: 'local'; readonly id: number; readonly call: LocalCall }
  | { readonly kind: 'faults'; readonly news: FaultNews };
