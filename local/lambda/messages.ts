/** What the engine's main thread and an execution environment's worker thread say to each other. Types only. */
import type { FunctionLogEntry } from './service.ts';

/** Given to the worker when it starts. */
export interface EnvironmentData {
  readonly codeDirectory: string;
  readonly handler: string;
  readonly functionArn: string;
  /** One `Int32`: 0 while the environment is frozen, 1 when an event was posted to it. */
  readonly wake: SharedArrayBuffer;
}

/** One event for the handler. */
export interface EventMessage {
  readonly requestId: string;
  readonly traceId: string;
  /** When the function's time is over, milliseconds since the epoch. */
  readonly deadline: number;
  /** The event as JSON text: a string crosses threads for a fraction of what an object costs. */
  readonly event: string;
  /** By how much the clock is ahead during the event, milliseconds. */
  readonly clockOffsetMs?: number;
}

/** Lambda's error payload: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
export interface ErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type EnvironmentMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'initError'; readonly error: ErrorPayload }
  /** `payload` is JSON text. */
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'error'; readonly requestId: string; readonly error: ErrorPayload }
  /** An error that no handler promise carries: the environment ends after it. */
  | { readonly kind: 'fatal'; readonly error: ErrorPayload }
  | {
      readonly kind: 'log';
      readonly requestId?: string;
      readonly source: 'stdout' | 'stderr';
      readonly level?: NonNullable<FunctionLogEntry['level']>;
      readonly text: string;
    };
