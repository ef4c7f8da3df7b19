/**
 * The events that a WebSocket API hands to its Lambda functions (proxy integration), in the shape that API Gateway gives them.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
 */
import type { IncomingMessage } from 'node:http';
import { requestTime } from './time.ts';

/** What stays the same in all events of one connection. */
export interface ConnectionIdentity {
  readonly connectionId: string;
  readonly apiId: string;
  readonly stage: string;
  /** The API's own address. */
  readonly domainName: string;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  readonly sourceIp: string;
  readonly userAgent?: string;
}

/** Headers that API Gateway's edge consumes. */
const HOP_BY_HOP = new Set(['connection', 'upgrade', 'keep-alive', 'transfer-encoding']);

function requestContext(
  identity: ConnectionIdentity,
  routeKey: string,
  eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT',
  requestId: string,
  now: number,
) {
  return {
    routeKey,
    eventType,
    extendedRequestId: requestId,
    requestTime: requestTime(now),
    messageDirection: 'IN',
    stage: identity.stage,
    connectedAt: identity.connectedAt,
    requestTimeEpoch: now,
    identity: {
      ...(identity.userAgent !== undefined && { userAgent: identity.userAgent }),
      sourceIp: identity.sourceIp,
    },
    requestId,
    domainName: identity.domainName,
    connectionId: identity.connectionId,
    apiId: identity.apiId,
  };
}

/** `$connect`: with headers as the client wrote them, and the query where there is one. */
export function connectEvent(
  identity: ConnectionIdentity,
  request: IncomingMessage,
  query: string,
  requestId: string,
  now: number,
) {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  const add = (name: string, value: string) => {
    headers[name] = value;
    multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), value];
  };
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) add(name, request.rawHeaders[index + 1] ?? '');
  }
  add('X-Forwarded-For', identity.sourceIp);
  add('X-Forwarded-Port', String(request.socket.localPort ?? ''));
  add('X-Forwarded-Proto', 'http');
  const queryStringParameters: Record<string, string> = {};
  const multiValueQueryStringParameters: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    queryStringParameters[name] = value;
    multiValueQueryStringParameters[name] = [...(multiValueQueryStringParameters[name] ?? []), value];
  }
  return {
    headers,
    multiValueHeaders,
    ...(query !== '' && { queryStringParameters, multiValueQueryStringParameters }),
    requestContext: requestContext(identity, '$connect', 'CONNECT', requestId, now),
    isBase64Encoded: false,
  };
}

export function messageEvent(
  identity: ConnectionIdentity,
  routeKey: string,
  body: string,
  requestId: string,
  messageId: string,
  now: number,
) {
  return {
    requestContext: { ...requestContext(identity, routeKey, 'MESSAGE', requestId, now), messageId },
    body,
    isBase64Encoded: false,
  };
}

export function disconnectEvent(
  identity: ConnectionIdentity,
  close: { readonly code: number; readonly reason: string },
  requestId: string,
  now: number,
) {
  const headers = { Host: identity.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: {
      ...requestContext(identity, '$disconnect', 'DISCONNECT', requestId, now),
      disconnectStatusCode: close.code,
      disconnectReason: close.reason,
    },
    isBase64Encoded: false,
  };
}
