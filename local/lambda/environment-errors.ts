/** Errors of Lambda's Node.js runtime and its error payload; used inside an execution environment. */
import { types } from 'node:util';
import type { ErrorPayload } from './messages.ts';

/** An error whose name is one of the runtime's own, `Runtime.<name>`. */
export class RuntimeError extends Error {
  constructor(name: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = `Runtime.${name}`;
    // As in Lambda's runtime the trace shows where the user's code failed.
    if (cause instanceof Error && cause.stack) this.stack = `${this.name}: ${message}\n${cause.stack}`;
  }
}

export class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason: unknown) {
    super('UnhandledPromiseRejection', String(reason), reason);
  }
}

/** The event loop ran empty while the handler's promise was pending: it can never settle. */
export class UnsettledHandler extends RuntimeError {
  constructor() {
    super(
      'NodeJsExit',
      'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes',
    );
  }
}

/** What Lambda answers for an error that a handler threw. Anything can be thrown, also what is no `Error`. */
export function errorPayload(error: unknown): ErrorPayload {
  try {
    if (types.isNativeError(error)) {
      const trace = typeof error.stack === 'string' ? error.stack.split('\n') : [];
      return { errorType: String(error.name), errorMessage: String(error.message), trace };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return { errorType: 'handled', errorMessage: 'unable to describe an error; reading it failed' };
  }
}
