/**
 * `@connections`: the addresses that a backend posts to, one for each connection.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './body.ts';
import type { Connection } from './connection.ts';
import type { GatewayCounters } from './counters.ts';
import { FRAME_BYTES, MESSAGE_BYTES } from './limits.ts';

/** A call to `@connections` as the caller of the gateway judges it. */
export interface ManagementCall {
  readonly method: string;
  readonly stage: string;
  readonly connectionId: string;
  /** API of the connection; `undefined` where there is no such connection. */
  readonly apiId: string | undefined;
  readonly request: IncomingMessage;
}

/**
 * What to do with a call. `hang` never answers; `lost` does as told and answers 500; `gone` closes the connection, as API Gateway
 * forgets none that lives. The judge checks the caller's credential and right
 * (`execute-api:ManageConnections`), a rate, and plays faults.
 */
export type ManagementVerdict = 'allow' | 'forbidden' | 'throttled' | 'gone' | 'failure' | 'lost' | 'hang';

export interface ManagementOptions {
  readonly connections: ReadonlyMap<string, Connection>;
  readonly counters: GatewayCounters;
  readonly clientBufferBytes: number;
  readonly judge: (call: ManagementCall) => ManagementVerdict;
}

/** Some signers encode the `@`. */
const PATH = /^\/([\w$-]+)\/(?:@|%40)connections\/([^/?]+)/;
/**
 * The form of a connection's id; another one is a 400, not a 410. Seen on AWS by https://github.com/localstack/localstack/issues/4694.
 */
const CONNECTION_ID = /^[\w-]{8,64}={0,2}$/;
const CLOSE_GOING_AWAY = 1001;
const REFUSALS = {
  forbidden: [403, 'ForbiddenException'],
  throttled: [429, 'LimitExceededException'],
  gone: [410, 'GoneException'],
  failure: [500, 'InternalServerException'],
  lost: [500, 'InternalServerException'],
} as const;

/** Takes the requests to `@connections`; false for one that has another path. */
export function createManagement(
  options: ManagementOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { connections, counters, judge } = options;

  function answer(response: ServerResponse, status: number, errorType?: string, body = ''): void {
    counters.posts[status] = (counters.posts[status] ?? 0) + 1;
    response.writeHead(
      status,
      errorType === undefined
        ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        : {
            'x-amzn-errortype': errorType,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
    );
    response.end(body);
  }

  function post(
    connectionId: string,
    stage: string,
    message: Buffer,
    response: ServerResponse,
    lost: boolean,
  ): void {
    // Looked up when the whole message is here, so that messages leave in the order in which they arrived.
    const connection = live(connectionId, stage);
    if (!connection) answer(response, 410, 'GoneException');
    else if (connection.buffered > options.clientBufferBytes) answer(response, 429, 'LimitExceededException');
    else if (!connection.send(message)) answer(response, 410, 'GoneException');
    else {
      counters.messagesOut++;
      counters.meteredOut += Math.max(1, Math.ceil(message.length / FRAME_BYTES));
      if (lost) answer(response, ...REFUSALS.lost);
      else answer(response, 200);
    }
  }

  function live(connectionId: string, stage: string): Connection | undefined {
    const connection = connections.get(connectionId);
    return connection && connection.identity.stage === stage && !connection.closing ? connection : undefined;
  }

  return (request, response) => {
    const match = PATH.exec(request.url ?? '');
    if (!match) return false;
    const [, stage = '', encoded = ''] = match;
    const connectionId = encoded.includes('%') ? decoded(encoded) : encoded;
    const method = request.method ?? '';
    const connection = live(connectionId, stage);
    if (request.headers.authorization === undefined && !request.url?.includes('X-Amz-Signature=')) {
      request.resume();
      answer(
        response,
        403,
        'MissingAuthenticationTokenException',
        '{"message":"Missing Authentication Token"}',
      );
      return true;
    }
    const verdict = judge({ method, stage, connectionId, apiId: connection?.identity.apiId, request });
    if (verdict === 'hang') {
      request.resume();
      return true;
    }
    if (verdict === 'allow' && !CONNECTION_ID.test(connectionId)) {
      request.resume();
      answer(
        response,
        400,
        'BadRequestException',
        JSON.stringify({ message: `Invalid connectionId: ${connectionId}` }),
      );
      return true;
    }
    if (verdict === 'gone') connection?.close(CLOSE_GOING_AWAY, 'Going away');
    const lost = verdict === 'lost';
    if (verdict !== 'allow' && !(lost && connection)) {
      request.resume();
      const [status, errorType] = REFUSALS[verdict];
      answer(response, status, errorType, verdict === 'forbidden' ? '{"message":"Forbidden"}' : '');
      return true;
    }
    if (method === 'POST') {
      readBody(request, MESSAGE_BYTES, (message) => {
        if (message) post(connectionId, stage, message, response, lost);
        else answer(response, 413, 'PayloadTooLargeException', '{"message":"Message too long"}');
      });
      return true;
    }
    request.resume();
    if (method !== 'GET' && method !== 'DELETE')
      answer(
        response,
        403,
        'MissingAuthenticationTokenException',
        '{"message":"Missing Authentication Token"}',
      );
    else if (!connection) answer(response, 410, 'GoneException');
    else if (method === 'GET') answer(response, 200, undefined, JSON.stringify(describe(connection)));
    else {
      connection.close(1000, 'Connection Closed Normally');
      if (lost) answer(response, ...REFUSALS.lost);
      else answer(response, 204);
    }
    return true;
  };
}

/** `GetConnection`'s answer. */
function describe(connection: Connection) {
  const { connectedAt, sourceIp, userAgent } = connection.identity;
  return {
    connectedAt: new Date(connectedAt).toISOString(),
    identity: { sourceIp, ...(userAgent !== undefined && { userAgent }) },
    lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
