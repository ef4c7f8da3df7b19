import type { InvocationOutcome } from '../lambda/service.ts';

/** What became of one batch that a function was given. */
export type BatchResult =
  | { readonly kind: 'done' }
  /** The function named the items that failed (`ReportBatchItemFailures`). */
  | { readonly kind: 'partial'; readonly failed: ReadonlySet<string> }
  | { readonly kind: 'failed'; readonly throttled: boolean; readonly error: string };

/**
 * Reads a function's answer as Lambda does: an empty or missing list is success, an answer out of form or an unknown
 * identifier is the failure of the whole batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function batchResult(
  outcome: InvocationOutcome,
  reportsItems: boolean,
  identifiers: ReadonlySet<string>,
): BatchResult {
  if (!outcome.ok) {
    const error = `${outcome.errorType}: ${outcome.errorMessage}`;
    return { kind: 'failed', throttled: outcome.kind === 'throttled', error };
  }
  if (!reportsItems) return { kind: 'done' };
  const { payload } = outcome;
  if (payload === null || payload === undefined || payload === '') return { kind: 'done' };
  if (typeof payload !== 'object') return badAnswer('it is no object');
  const failures = 'batchItemFailures' in payload ? payload.batchItemFailures : undefined;
  if (failures === undefined || failures === null) return { kind: 'done' };
  if (!Array.isArray(failures)) return badAnswer('batchItemFailures is no list');
  const failed = new Set<string>();
  for (const failure of failures) {
    const identifier = typeof failure === 'object' && failure !== null ? failure.itemIdentifier : undefined;
    if (typeof identifier !== 'string' || !identifiers.has(identifier)) {
      return badAnswer(`${JSON.stringify(identifier)} identifies no item of the batch`);
    }
    failed.add(identifier);
  }
  return failed.size === 0 ? { kind: 'done' } : { kind: 'partial', failed };
}

function badAnswer(reason: string): BatchResult {
  return { kind: 'failed', throttled: false, error: `unable to read the batch response; ${reason}` };
}

/** First wait after a failure; it doubles up to the longest. AWS does not state its own; they are of this order. */
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;

/** Milliseconds before the next attempt, with a jitter of a fifth. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(attempt - 1, 20), LONGEST_BACKOFF_MS);
  return base * (0.9 + 0.2 * random());
}
