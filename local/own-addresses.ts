import { answerFaults } from './faults/control.ts';
import type { Faults } from './faults/faults.ts';
import type { LocalAnswer, LocalCall } from './gateway/local-requests.ts';
import type { EngineMetrics } from './metrics/metrics.ts';

/** The stack as a command finds it: where its AWS services answer, and its outputs. */
export interface RunningStack {
  readonly aws: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Answers the engine's own addresses, whichever gateway was asked: `/_local/faults`, `/_local/metrics` and `/_local/stack`. */
export function ownAddresses(
  faults: Faults,
  metrics: () => Promise<EngineMetrics>,
  stack: () => RunningStack,
): (call: LocalCall) => Promise<LocalAnswer> {
  return async (call) => {
    const answer = answerFaults(faults, call);
    if (answer) return answer;
    if (call.method === 'GET' && call.url === '/_local/metrics') {
      return { status: 200, body: JSON.stringify(await metrics()) };
    }
    if (call.method === 'GET' && call.url === '/_local/stack') {
      return { status: 200, body: JSON.stringify(stack()) };
    }
    return { status: 404, body: '{"message":"Not Found"}' };
  };
}
