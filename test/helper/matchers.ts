import { expect } from 'vitest';
import { errorOf } from './account.ts';
import { type ErrorCode, faultOfError, isRecord, type RoomEvent } from './wire.ts';

/** HTTP status of each error code. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
};

interface ParleyMatchers<R = unknown> {
  /** A reply or an HTTP answer refuses with this code, in the protocol's words, with the matching status. */
  toBeRefused(code: ErrorCode): R;
  /** Events are numbered from `first` on, without gap or repeat, up to the last one. */
  toRunFrom(first: number): R;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares the parameter so, and a merged declaration must agree
  interface Matchers<T = any> extends ParleyMatchers<T> {}
}

expect.extend({
  toBeRefused(received: unknown, code: ErrorCode) {
    const error = errorOf(received);
    const fault = error === undefined ? 'was not refused' : faultOfError(error);
    const actual = isRecord(error) ? error.code : undefined;
    const status = isRecord(received) && 'status' in received ? received.status : STATUS[code];
    const pass = fault === undefined && actual === code && status === STATUS[code];
    const seen = JSON.stringify(error ?? received)?.slice(0, 400);
    return {
      pass,
      message: () => `expected a refusal with ${code}, but it ${fault ?? `was ${String(status)}`} ${seen}`,
    };
  },
  toRunFrom(received: readonly RoomEvent[], first: number) {
    const numbers = received.map((event) => event.seq);
    const pass = numbers.every((seq, index) => seq === first + index);
    return {
      pass,
      message: () => `expected numbers ${first}, ${first + 1}, …, but got ${numbers.join(', ')}`,
    };
  },
});
