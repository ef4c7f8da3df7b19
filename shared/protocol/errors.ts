/** The refusals of the protocol: a stable code, a text, and what a client can do about it. */
import * as z from 'zod/mini';

export const ErrorCode = z.enum([
  'bad_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'rate_limited',
  'unavailable',
  'internal',
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** The HTTP status of each code. */
export const HTTP_STATUS = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** Where a value broke a rule, and which. */
export const Issue = z.object({ path: z.string(), reason: z.string() });
export type Issue = z.infer<typeof Issue>;

/** An error as a client sees it, in a reply frame's or an HTTP body's `error`. */
export const WireError = z.object({
  code: ErrorCode,
  message: z.string(),
  issues: z.optional(z.array(Issue)),
  retryAfterMs: z.optional(z.number()),
});
export type WireError = z.infer<typeof WireError>;

/** Whether sending the same again, with the same `id`, may succeed. */
export function isRetryable(code: ErrorCode): boolean {
  return code === 'rate_limited' || code === 'unavailable';
}

/**
 * A refusal by the service. Its message is `unable to <operation>; <reason>` and may be shown to anyone: no internal name,
 * no secret.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;
  readonly issues?: readonly Issue[];
  /** Milliseconds after which a `rate_limited` command may be sent again. */
  readonly retryAfterMs?: number;

  constructor(
    code: ErrorCode,
    operation: string,
    reason: string,
    more: { issues?: readonly Issue[]; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(`unable to ${operation}; ${reason}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    if (more.issues) this.issues = more.issues;
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs;
  }

  /** The error as it goes over the wire. */
  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.issues ? { issues: [...this.issues] } : {}),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** At most this many issues are told: more would only echo a hostile input back. */
const MAX_ISSUES = 10;

/** A schema's complaints as the protocol's issues. Names paths and rules, never the offending value. */
export function issuesOf(error: z.core.$ZodError): Issue[] {
  return error.issues.slice(0, MAX_ISSUES).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, 100),
    reason: reasonOf(issue),
  }));
}

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
    case 'unrecognized_keys':
      return 'holds a field that is not known here';
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_union':
      return 'matches none of the known forms';
    default:
      return issue.message;
  }
}

/**
 * Parses a value by a schema.
 *
 * @throws {ParleyError} `bad_request` with issues when the value does not fit.
 */
export function parse<S extends z.core.$ZodType>(
  schema: S,
  value: unknown,
  operation: string,
): z.core.output<S> {
  const result = z.safeParse(schema, value);
  if (result.success && !namesPrototype(value)) return result.data;
  const issues = result.success ? [{ path: '__proto__', reason: 'is not a field' }] : issuesOf(result.error);
  const first = issues[0];
  const reason = first ? `${first.path || 'the body'} ${first.reason}` : 'it does not fit the protocol';
  throw new ParleyError('bad_request', operation, reason, { issues });
}

/** Whether a value, or one directly in it, has a field `__proto__`: a record's schema drops that name without a word. */
function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return [value, ...Object.values(value)].some(
    (part) => typeof part === 'object' && part !== null && Object.hasOwn(part, '__proto__'),
  );
}
