/** The access log of a WebSocket API: a line for each handshake, message and close. */
import type { WebSocketApiModel } from '../assembly/model.ts';
import { type AccessLog, createAccessFormat } from './access-log.ts';
import type { IntegrationOutcome } from './integration.ts';
import type { ConnectionIdentity } from './websocket-events.ts';

export interface WebSocketRequest {
  readonly routeKey: string;
  readonly requestId: string;
  readonly messageId?: string;
  /** When it came, milliseconds since the epoch. */
  readonly now: number;
  readonly status: number;
  /** Absent where no function was asked. */
  readonly outcome?: IntegrationOutcome;
}

export type Recorder = (
  identity: ConnectionIdentity,
  eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT',
  request: WebSocketRequest,
) => void;

/** @returns does nothing where the stage declares no access log or nobody reads it */
export function createRecorder(model: WebSocketApiModel, log: AccessLog | undefined): Recorder {
  if (!log || model.accessLogFormat === undefined) return () => {};
  const format = createAccessFormat(model.accessLogFormat);
  return (identity, eventType, { routeKey, requestId, messageId, now, status, outcome }) => {
    const at = Date.now();
    const problem = problemOf(outcome);
    const line = format({
      requestId,
      extendedRequestId: requestId,
      routeKey,
      eventType,
      status,
      messageId,
      stage: identity.stage,
      apiId: identity.apiId,
      connectionId: identity.connectionId,
      connectedAt: identity.connectedAt,
      domainName: identity.domainName,
      requestTimeEpoch: now,
      'identity.sourceIp': identity.sourceIp,
      'identity.userAgent': identity.userAgent,
      integrationStatus: outcome && (outcome.ok ? 200 : 500),
      integrationLatency: outcome && at - now,
      integrationErrorMessage: problem,
      'error.message': status === 429 ? 'Too Many Requests' : problem && 'Internal server error',
    });
    log({ at, api: model.logicalId, requestId, line });
  };
}

/** Why an integration failed, in a word; the function's own log has the rest. */
export function problemOf(outcome: IntegrationOutcome | undefined): string | undefined {
  if (!outcome || outcome.ok) return undefined;
  return outcome.kind === 'integrationTimeout' ? 'Endpoint request timed out' : outcome.errorType;
}
