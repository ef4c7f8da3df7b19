/** The one error of the client. */
import type { ErrorCode, Issue, WireError } from '../shared/protocol/errors.ts';

/**
 * Why something could not be done. `code` is one of the protocol's; where the service could not be reached at all it is `unavailable`,
 * where it answered what can't be understood `internal`.
 *
 * @example
 * try {
 *   await room.edit(17, 'hello, world');
 * } catch (error) {
 *   if (error instanceof ParleyError && error.code === 'forbidden') console.log(error.message);
 * }
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;
  /** Where a value broke a rule; of `bad_request`. */
  readonly issues?: readonly Issue[];
  /** Milliseconds after which it may be tried again; of `rate_limited`. */
  readonly retryAfterMs?: number;

  constructor({ code, message, issues, retryAfterMs }: WireError, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    if (issues) this.issues = issues;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same may succeed when it is tried again. */
  get isRetryable(): boolean {
    return this.code === 'rate_limited' || this.code === 'unavailable';
  }
}

/** `unable to <operation>; <reason>`, as the service words it. */
export function refusal(code: ErrorCode, operation: string, reason: string, cause?: unknown): ParleyError {
  return new ParleyError({ code, message: `unable to ${operation}; ${reason}` }, cause);
}

/** Any failure as the one error: what is not ours already was in the way of reaching the service. */
export function toParleyError(error: unknown, operation: string): ParleyError {
  return error instanceof ParleyError
    ? error
    : refusal('unavailable', operation, 'the service can’t be reached', error);
}

/** @param what was asked for. */
export function nonsense(what: string): ParleyError {
  return refusal('internal', `read ${what}`, 'the service’s answer is not understood');
}
