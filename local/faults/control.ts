/** `/_local/faults`: GET tells the plan and what has happened, PUT follows a plan, DELETE ends all faults. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../gateway/body.ts';
import type { Faults } from './faults.ts';
import { FaultPlanError, parseFaultPlan } from './plan.ts';

export const FAULTS_PATH = '/_local/faults';
/** No plan is nearly as large. */
const PLAN_BYTES = 1024 * 1024;

/** @returns false for a request that is not for it. */
export function answerFaults(faults: Faults, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.url !== FAULTS_PATH) return false;
  const tell = (
    status = 200,
    body: object = { plan: faults.plan ?? null, counts: faults.counts() },
  ): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  switch (request.method) {
    case 'GET':
      tell();
      return true;
    case 'DELETE': {
      const counts = faults.counts();
      faults.set(undefined);
      tell(200, { plan: null, counts });
      return true;
    }
    case 'PUT':
      readBody(request, PLAN_BYTES, (body) => {
        try {
          faults.set(parseFaultPlan(body?.toString('utf8') ?? ''));
          tell();
        } catch (error) {
          if (!(error instanceof FaultPlanError)) throw error;
          tell(400, { message: error.message });
        }
      });
      return true;
    default:
      return false;
  }
}
