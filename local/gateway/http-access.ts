/** The access log of an HTTP API: a line for each request that found a route. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpApiModel } from '../assembly/model.ts';
import { type AccessLog, createAccessFormat } from './access-log.ts';
import { plainAddress } from './address.ts';
import type { IntegrationOutcome } from './integration.ts';
import { problemOf } from './websocket-access.ts';

export interface RoutedRequest {
  readonly routeKey: string;
  readonly requestId: string;
  /** When it came, milliseconds since the epoch. */
  readonly started: number;
  /** Absent where no function was asked. */
  readonly outcome?: IntegrationOutcome;
}

/** @returns writes its line when the response is sent; does nothing where there is no access log or nobody reads it */
export function createHttpRecorder(
  model: HttpApiModel,
  log: AccessLog | undefined,
): (request: IncomingMessage, response: ServerResponse, routed: RoutedRequest) => void {
  if (!log || model.accessLogFormat === undefined) return () => {};
  const format = createAccessFormat(model.accessLogFormat);
  return (request, response, { routeKey, requestId, started, outcome }) => {
    const integrated = Date.now();
    const problem = problemOf(outcome);
    response.once('close', () => {
      const at = Date.now();
      const status = response.statusCode;
      const line = format({
        requestId,
        extendedRequestId: requestId,
        routeKey,
        status,
        stage: model.stageName,
        apiId: model.apiId,
        httpMethod: request.method,
        // Without the query, in which secrets travel.
        path: (request.url ?? '').split('?', 1)[0],
        protocol: `HTTP/${request.httpVersion}`,
        domainName: request.headers.host,
        requestTimeEpoch: started,
        'identity.sourceIp': plainAddress(request.socket.remoteAddress),
        'identity.userAgent': request.headers['user-agent'],
        responseLatency: at - started,
        responseLength: response.getHeader('content-length')?.toString(),
        integrationStatus: outcome && (outcome.ok ? 200 : 500),
        integrationLatency: outcome && integrated - started,
        integrationErrorMessage: problem,
        'error.message': status === 429 ? 'Too Many Requests' : problem && 'Internal Server Error',
      });
      log({ at, api: model.logicalId, requestId, line });
    });
  };
}
