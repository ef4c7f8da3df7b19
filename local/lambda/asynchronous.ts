/**
 * Lambda's asynchronous invocation: the event is queued, tried, and tried again.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
import type { FunctionModel } from '../assembly/model.ts';
import { newRequestId } from './identifiers.ts';
import type { InvocationOutcome } from './service.ts';

/** Waits before the second and the third attempt after an error of the function, milliseconds: one and two minutes on AWS. */
export const RETRY_DELAYS_MS: readonly number[] = [60_000, 120_000];
/** How long an event may be tried at all, unless the function says otherwise: 6 hours. */
const MAXIMUM_EVENT_AGE_SECONDS = 6 * 60 * 60;
/** Back-off after a throttle: from one second, doubled, to five minutes. */
const THROTTLE_DELAY_MS = 1000;
const THROTTLE_DELAY_CEILING_MS = 5 * 60 * 1000;

/** What a destination gets: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export interface InvocationRecord {
  readonly version: '1.0';
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  /** Absent where the function never ran. */
  readonly responseContext?: {
    readonly statusCode: 200;
    readonly executedVersion: '$LATEST';
    readonly functionError?: 'Unhandled';
  };
  readonly responsePayload?: unknown;
}

export interface AsynchronousOptions {
  readonly run: (model: FunctionModel, event: string) => Promise<InvocationOutcome>;
  readonly retryDelaysMs: readonly number[];
  /** Called with each event that is done with, or that failed for good: the seam for destinations and dead letters. */
  readonly onDone?: (model: FunctionModel, record: InvocationRecord) => void;
}

/** Events that were accepted and not yet done. `close` forgets them: they live in memory only. */
export function createAsynchronousInvoker(options: AsynchronousOptions) {
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  function later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  }

  function accept(model: FunctionModel, event: string): void {
    const requestId = newRequestId();
    const accepted = Date.now();
    let failures = 0;
    let throttles = 0;

    const attempt = async (): Promise<void> => {
      const outcome = await options.run(model, event);
      if (closed) return;
      if (outcome.ok) {
        if (model.asynchronous?.successDestinationArn) done('Success', outcome);
        return;
      }
      const throttled = outcome.kind === 'throttled';
      const { maximumRetryAttempts = RETRY_DELAYS_MS.length, maximumEventAgeSeconds } =
        model.asynchronous ?? {};
      const delays = options.retryDelaysMs.slice(0, maximumRetryAttempts);
      const delay = throttled
        ? Math.min(THROTTLE_DELAY_MS * 2 ** throttles++, THROTTLE_DELAY_CEILING_MS)
        : delays[failures++];
      const maximumAgeMs = (maximumEventAgeSeconds ?? MAXIMUM_EVENT_AGE_SECONDS) * 1000;
      const tooOld = Date.now() - accepted + (delay ?? 0) > maximumAgeMs;
      if (delay !== undefined && !tooOld) later(delay, () => void attempt());
      else done(tooOld ? 'EventAgeExceeded' : 'RetriesExhausted', outcome);
    };

    const done = (condition: InvocationRecord['requestContext']['condition'], outcome: InvocationOutcome) => {
      options.onDone?.(model, {
        version: '1.0',
        timestamp: new Date().toISOString(),
        requestContext: {
          requestId,
          functionArn: `${model.arn}:$LATEST`,
          condition,
          approximateInvokeCount: failures + throttles + Number(outcome.ok),
        },
        requestPayload: JSON.parse(event),
        ...responseOf(outcome),
      });
    };
    void attempt();
  }

  return {
    accept,
    close(): void {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

function responseOf(
  outcome: InvocationOutcome,
): Pick<InvocationRecord, 'responseContext' | 'responsePayload'> {
  if (outcome.ok) {
    return {
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: outcome.payload,
    };
  }
  if (outcome.kind === 'throttled') return {};
  const { errorType, errorMessage, trace } = outcome;
  return {
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType, errorMessage, ...(trace && { trace }) },
  };
}
