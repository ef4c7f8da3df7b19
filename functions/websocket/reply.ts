/** From what happened to the reply frame. */
import { DynamoError, DynamoUnavailable } from '../../shared/data/dynamodb.ts';
import type { Logger } from '../../shared/observability/log.ts';
import type { Action } from '../../shared/protocol/commands.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { Reply } from '../../shared/protocol/frames.ts';
import type { SocketAnswer } from './socket-event.ts';

/** Whose reply it is, as far as it could be read. */
export interface Addressee {
  readonly id?: string;
  readonly action?: Action;
}

/** A reply frame as the route's response. The status is always 200: an error is the client's to read, not API Gateway's. */
export function answer(reply: Omit<Reply, 'type'>): SocketAnswer {
  const { id, action, data, error } = reply;
  // In the protocol's order, for those who read it in a terminal.
  return { statusCode: 200, body: JSON.stringify({ type: 'reply', id, action, data, error }) };
}

/**
 * What the client is told of an error. Anything that is not a refusal of ours is logged under the request's id and told
 * as `internal` or `unavailable`, without a detail (P8).
 */
export function toRefusal(error: unknown, operation: string, logger: Logger): ParleyError {
  if (error instanceof ParleyError) return error;
  if (error instanceof DynamoUnavailable || isThrottled(error)) {
    logger.error('storage does not answer', error);
    return new ParleyError('unavailable', operation, 'storage does not answer; send it again');
  }
  logger.error('command failed', error);
  return new ParleyError('internal', operation, 'something failed here, and the operator was told');
}

function isThrottled(error: unknown): boolean {
  return error instanceof DynamoError && error.code === 'ThrottlingException';
}
