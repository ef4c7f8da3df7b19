/** The engine's Lambda service as the gateway, the stream pollers and the Invoke API see it. */

export type InvocationType = 'RequestResponse' | 'Event';

/** How one invocation ended. `payload` is the parsed JSON that the handler returned. */
export type InvocationOutcome =
  | { readonly ok: true; readonly payload: unknown }
  | {
      readonly ok: false;
      /** `error`: the handler threw or its module failed to load; `timeout`: it ran over its time; `exit`: its environment died; `throttled`: no concurrency left. */
      readonly kind: 'error' | 'timeout' | 'exit' | 'throttled';
      readonly errorType: string;
      readonly errorMessage: string;
      /** Stack of the error, a line each, where the handler threw one: the `trace` of Lambda's error payload. */
      readonly trace?: readonly string[];
    };

export interface LambdaService {
  /**
   * Runs one event through a function. `Event` answers at once (`payload: null`) and retries in the background as Lambda's
   * asynchronous invocation does. Never rejects for what the handler does; rejects only for an unknown function.
   */
  invoke(functionArnOrName: string, event: unknown, type: InvocationType): Promise<InvocationOutcome>;
  /** Ends every environment and resolves when none is left. */
  close(): Promise<void>;
}

/** What a fault plan does to one event that a function is given. */
export interface InvocationFault {
  /** By how much the environment's clock is ahead while it runs the event, milliseconds. */
  readonly clockOffsetMs: number;
  /** Asked when the handler has answered: whether the environment dies with the answer unsaid. */
  readonly dies: () => boolean;
}

/** One line of a function's own output, or of the platform about it. */
export interface FunctionLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly functionName: string;
  /** Absent for output of the module while it loads. */
  readonly requestId?: string;
  /** `platform`: written by the engine (a timeout, an error of a handler, the end of an environment), not by the function. */
  readonly source: 'stdout' | 'stderr' | 'platform';
  /** Level of the `console` method used; absent for what was written to the stream directly. */
  readonly level?: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
  readonly text: string;
}

/** What happened to one function since the engine started. */
export interface FunctionStatistics {
  readonly invocations: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly throttles: number;
  readonly coldStarts: number;
  /** Milliseconds of wall clock that handlers ran, as Lambda bills them (rounded up for each invocation). */
  readonly billedMilliseconds: number;
  /** Environments that exist now. */
  readonly environments: number;
  /** Invocations running now. */
  readonly running: number;
  /** Invocations that wait for an environment now. */
  readonly waiting: number;
}
