/** CloudFormation's custom resources: what it asks a function, and how it wants to be answered. */

import type { Logger } from '../../shared/observability/log.ts';

/** Only what is read here. AWS CloudFormation User Guide, "Custom resource request objects". */
export interface CustomResourceRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  /** Where the answer is put: a presigned address. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
}

type Outcome = { readonly status: 'SUCCESS' } | { readonly status: 'FAILED'; readonly reason: string };

/** Attempts to answer: an answer that gets lost holds the deployment up until its service time-out. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 300;
const TIMEOUT_MS = 5_000;
/** CloudFormation takes an answer of 4 KB at most. */
const MAX_REASON_CHARACTERS = 1_000;

/**
 * A handler for a resource that is made, safe to make again, and goes with the stack. What `make` and `remove` throw is told to
 * CloudFormation as the reason, so it must not hold a secret.
 *
 * @param physicalId stays the same over updates, else CloudFormation takes the resource for replaced.
 * @param remove what there is to do on Delete: nothing where it goes with another resource of the stack.
 */
export function customResource(
  physicalId: string,
  make: () => Promise<void>,
  logger: Logger,
  remove: () => Promise<void> = async () => {},
): (request: CustomResourceRequest) => Promise<void> {
  return async (request) => {
    let outcome: Outcome = { status: 'SUCCESS' };
    try {
      await (request.RequestType === 'Delete' ? remove() : make());
    } catch (error) {
      logger.error(`${physicalId} failed`, error);
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
      outcome = {
        status: 'FAILED',
        reason: `unable to ${request.RequestType === 'Delete' ? 'remove' : 'make'} ${physicalId}; ${reason}`,
      };
    }
    await answer(request, physicalId, outcome);
  };
}

/**
 * Tells CloudFormation how it went.
 *
 * @throws {Error} where no attempt was accepted; its text does not hold the address, as that is signed.
 */
async function answer(request: CustomResourceRequest, physicalId: string, outcome: Outcome): Promise<void> {
  // As bytes: a text would bring a content type along, and the address was signed without one.
  const body = new TextEncoder().encode(
    JSON.stringify({
      Status: outcome.status,
      ...(outcome.status === 'FAILED' ? { Reason: outcome.reason.slice(0, MAX_REASON_CHARACTERS) } : {}),
      PhysicalResourceId: request.PhysicalResourceId ?? physicalId,
      StackId: request.StackId,
      RequestId: request.RequestId,
      LogicalResourceId: request.LogicalResourceId,
    }),
  );
  let reason = '';
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(request.ResponseURL, { method: 'PUT', body, signal });
      await response.arrayBuffer();
      if (response.ok) return;
      reason = `HTTP ${response.status}`;
    } catch (error) {
      reason = error instanceof Error ? error.name : 'no answer';
    }
  }
  throw new Error(`unable to answer CloudFormation; ${reason}`);
}
