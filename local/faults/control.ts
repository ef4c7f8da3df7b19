/** `/_local/faults`: GET tells the plan and what has happened, PUT follows a plan, DELETE ends all faults. */
import type { LocalAnswer, LocalCall } from '../gateway/local-requests.ts';
import type { Faults } from './faults.ts';
import { FaultPlanError, parseFaultPlan } from './plan.ts';

export const FAULTS_PATH = '/_local/faults';

/** @returns undefined for a call that is not for it. */
export function answerFaults(faults: Faults, { method, url, body }: LocalCall): LocalAnswer | undefined {
  if (url !== FAULTS_PATH) return undefined;
  const tell = (
    status = 200,
    value: object = { plan: faults.plan ?? null, counts: faults.counts() },
  ): LocalAnswer => ({ status, body: JSON.stringify(value) });
  switch (method) {
    case 'GET':
      return tell();
    case 'DELETE': {
      const counts = faults.counts();
      faults.set(undefined);
      return tell(200, { plan: null, counts });
    }
    case 'PUT':
      try {
        faults.set(parseFaultPlan(body));
        return tell();
      } catch (error) {
        if (!(error instanceof FaultPlanError)) throw error;
        return tell(400, { message: error.message });
      }
    default:
      return undefined;
  }
}
