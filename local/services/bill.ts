import type { AwsCall } from './call.ts';

export interface CallCount {
  calls: number;
  /** Answers of 400 and above; a failed condition is one. */
  errors: number;
  requestBytes: number;
  responseBytes: number;
}

/** Counts of each function's calls, by `service:Operation`. The engine's user goes by the name of `user`. */
export type CallCounts = Readonly<Record<string, Readonly<Record<string, Readonly<CallCount>>>>>;

/** Counts what AWS would meter. */
export class Bill {
  readonly #functions = new Map<string, Map<string, CallCount>>();

  count(call: AwsCall, status: number, requestBytes: number, responseBytes: number): void {
    const name = call.caller?.functionName ?? 'user';
    let operations = this.#functions.get(name);
    if (!operations) {
      operations = new Map();
      this.#functions.set(name, operations);
    }
    const key = `${call.service}:${call.operation}`;
    let count = operations.get(key);
    if (!count) {
      count = { calls: 0, errors: 0, requestBytes: 0, responseBytes: 0 };
      operations.set(key, count);
    }
    count.calls += 1;
    if (status >= 400) count.errors += 1;
    count.requestBytes += requestBytes;
    count.responseBytes += responseBytes;
  }

  counts(): CallCounts {
    const entries = [...this.#functions].map(([name, operations]) => [
      name,
      Object.fromEntries([...operations].map(([key, count]) => [key, { ...count }])),
    ]);
    return Object.fromEntries(entries);
  }
}
