import { answerFaults } from './faults/control.ts';
import type { Faults } from './faults/faults.ts';
import type { LocalAnswer, LocalCall } from './gateway/local-requests.ts';
import type { EngineMetrics } from './metrics/metrics.ts';

/** Answers the engine's own addresses, whichever gateway was asked: `/_local/faults` and `/_local/metrics`. */
export function ownAddresses(
  faults: Faults,
  metrics: () => Promise<EngineMetrics>,
): (call: LocalCall) => Promise<LocalAnswer> {
  return async (call) => {
    const answer = answerFaults(faults, call);
    if (answer) return answer;
    if (call.method === 'GET' && call.url === '/_local/metrics') {
      return { status: 200, body: JSON.stringify(await metrics()) };
    }
    return { status: 404, body: '{"message":"Not Found"}' };
  };
}
