import { AwsUnreachable } from '../../shared/aws/client.ts';
import { SecretError } from '../../shared/aws/secret.ts';
import { DynamoError, DynamoUnavailable } from '../../shared/data/dynamodb.ts';
import type { Logger } from '../../shared/observability/log.ts';
import { HTTP_STATUS, ParleyError } from '../../shared/protocol/errors.ts';

/** What is told of any error: a refusal as it is, storage that does not answer as `unavailable`, all else as `internal`. */
export function refusalOf(error: unknown, operation: string): ParleyError {
  if (error instanceof ParleyError) return error;
  if (isStorageFailure(error)) {
    return new ParleyError('unavailable', operation, 'the storage does not answer; send it again', {
      cause: error,
    });
  }
  return new ParleyError('internal', operation, 'something failed on our side', { cause: error });
}

function isStorageFailure(error: unknown): boolean {
  if (error instanceof DynamoError) return error.code === 'ThrottlingException';
  return (
    error instanceof DynamoUnavailable || error instanceof AwsUnreachable || error instanceof SecretError
  );
}

/** Logs what an operator must look at: causes stay here, no client sees them. */
export function logRefusal(logger: Logger, refusal: ParleyError): void {
  if (refusal.code === 'internal' || refusal.code === 'unavailable') {
    logger.error(refusal.message, refusal.cause ?? refusal, { code: refusal.code });
  }
}

/** `{"error": …}` with the code's status. */
export function errorResponse(refusal: ParleyError): Response {
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (refusal.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer';
  if (refusal.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.ceil(refusal.retryAfterMs / 1_000));
  }
  return Response.json({ error: refusal.toWire() }, { status: HTTP_STATUS[refusal.code], headers });
}
