import { it } from 'vitest';
import { type Target, target } from '../helper/endpoint.ts';

/** Where a target falls short of AWS, so that a behaviour of the protocol can't be seen on it. */
interface Deviation {
  readonly target: Target;
  /** What the target does instead. */
  readonly reason: string;
}

/** All of them. An entry without a test that names it, or a test that names none, does not compile or is an error. */
const DEVIATIONS = {
  'handshake-status': {
    target: 'ministack',
    reason: 'a $connect that answers other than 2xx ends in HTTP 403, whatever it said',
  },
  'frame-limit': {
    target: 'ministack',
    reason: 'frames over 32 KiB are taken, where API Gateway closes the connection with 1009',
  },
  'binary-frame': {
    target: 'ministack',
    reason: 'binary frames are taken, where API Gateway closes the connection with 1003',
  },
  'deep-json': {
    target: 'ministack',
    reason: 'a frame of ten thousand nested lists closes the connection',
  },
  crowd: {
    target: 'ministack',
    reason: 'a dozen people who register at once wait for longer than the function’s time-out of 20 s',
  },
} as const satisfies Record<string, Deviation>;

export type DeviationId = keyof typeof DEVIATIONS;

/** Whether this run's target deviates so. */
export function deviates(deviation: DeviationId): boolean {
  return DEVIATIONS[deviation].target === target();
}

/** A test that is skipped, with the reason, on the target that deviates so. */
export function itUnlessDeviating(deviation: DeviationId, title: string, body: () => Promise<void>): void {
  const { target: deviating, reason } = DEVIATIONS[deviation];
  it(title, async (context) => {
    context.skip(deviates(deviation), `${deviating} deviates: ${reason}`);
    await body();
  });
}
