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
