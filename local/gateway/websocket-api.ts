/** One WebSocket API: its handshakes, its connections and their messages. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { WebSocketApiModel } from '../assembly/model.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { AccessLog } from './access-log.ts';
import { plainAddress } from './address.ts';
import { Connection } from './connection.ts';
import type { GatewayCounters } from './counters.ts';
import { createFrameGuard } from './frame-guard.ts';
import { handshakeProblem, refuse } from './handshake.ts';
import { type IntegrationOutcome, integrate, proxyResponse } from './integration.ts';
import { FRAME_BYTES, MESSAGE_BYTES } from './limits.ts';
import type { GatewayLog } from './log.ts';
import { createRoutes } from './route-selection.ts';
import { type AccountThrottle, createThrottle, TOO_MANY_REQUESTS } from './throttle.ts';
import { createRecorder } from './websocket-access.ts';
import { type ConnectionIdentity, connectEvent, disconnectEvent, messageEvent } from './websocket-events.ts';

/** How long a client may take to answer a close frame before its socket is cut, milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;
/** Close codes of API Gateway; 1003: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html */
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_TOO_BIG = 1009;

export interface WebSocketApiOptions {
  readonly model: WebSocketApiModel;
  readonly lambda: LambdaService;
  /** All live connections of the gateway by their id; the API adds and removes its own. */
  readonly connections: Map<string, Connection>;
  readonly newIdentifier: () => string;
  readonly counters: GatewayCounters;
  readonly log: GatewayLog;
  /** The API's own address, `host:port`. */
  readonly domainName: () => string;
  /** True for a connection whose end is not announced, as for all when the gateway closes. */
  readonly isDisconnectLost: (connectionId: string) => boolean;
  readonly accessLog: AccessLog | undefined;
  readonly account: AccountThrottle;
}

export interface WebSocketApi {
  readonly model: WebSocketApiModel;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function createWebSocketApi(options: WebSocketApiOptions): WebSocketApi {
  const { model, lambda, connections, newIdentifier, counters, log, account } = options;
  const routes = createRoutes(model);
  const passes = createThrottle(model.throttle);
  const record = createRecorder(model, options.accessLog);
  /** The subprotocol that `$connect` chose, for the handshake under way. */
  const subprotocols = new WeakMap<IncomingMessage, string>();
  const serverOptions: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // API Gateway does not negotiate it
    maxPayload: MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (_offered: Set<string>, request: IncomingMessage) => subprotocols.get(request) ?? false,
  };
  const server = new WebSocketServer(serverOptions);

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', ignored);
    const problem = handshakeProblem(request);
    if (problem !== undefined) {
      counters.refusals++;
      refuse(socket, problem, { message: 'Bad Request' });
      return;
    }
    const now = Date.now();
    const userAgent = request.headers['user-agent'];
    const identity: ConnectionIdentity = {
      connectionId: newIdentifier(),
      apiId: model.apiId,
      stage: model.stageName,
      domainName: options.domainName(),
      connectedAt: now,
      sourceIp: plainAddress(request.socket.remoteAddress),
      ...(userAgent !== undefined && { userAgent }),
    };
    const requestId = newIdentifier();
    const { connect } = routes;
    if (!passes('$connect') || !account.connection()) {
      counters.throttles++;
      counters.refusals++;
      const { connectionId } = identity;
      refuse(socket, 429, { message: TOO_MANY_REQUESTS, connectionId, requestId });
      record(identity, 'CONNECT', { routeKey: '$connect', requestId, now, status: 429 });
      return;
    }
    if (connect) {
      const url = request.url ?? '';
      const mark = url.indexOf('?');
      const event = connectEvent(identity, request, mark < 0 ? '' : url.slice(mark + 1), requestId, now);
      const outcome = await integrate(lambda, connect.functionArn, event, connect.integrationTimeoutMs);
      const answer = outcome.ok ? proxyResponse(outcome.payload) : undefined;
      const status = answer?.statusCode ?? failureStatus(outcome);
      record(identity, 'CONNECT', { routeKey: '$connect', requestId, now, status, outcome });
      if (status < 200 || status > 299) {
        counters.refusals++;
        if (!answer) failed('$connect', identity.connectionId, outcome);
        refuse(socket, status, {
          message: answer ? (STATUS_CODES[status] ?? '') : 'Internal server error',
          connectionId: identity.connectionId,
          requestId,
        });
        return;
      }
      for (const [name, value] of Object.entries(answer?.headers ?? {}))
        if (name.toLowerCase() === 'sec-websocket-protocol') subprotocols.set(request, String(value));
    }
    if (!socket.readable || !socket.writable) {
      // The client left while `$connect` ran: it succeeded, so its end is announced.
      disconnected(identity, { code: 1006, reason: '' });
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => opened(webSocket, identity, socket));
  }

  function opened(webSocket: WebSocket, identity: ConnectionIdentity, socket: Duplex): void {
    const connection = new Connection(identity, webSocket);
    connections.set(identity.connectionId, connection);
    counters.connects++;
    counters.connections++;
    socket.prependListener(
      'data',
      createFrameGuard(FRAME_BYTES, () => connection.close(CLOSE_TOO_BIG, '')),
    );
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      if (connection.closing) return;
      if (isBinary) connection.close(CLOSE_UNSUPPORTED, '');
      else void received(connection, data as Buffer);
    });
    webSocket.on('error', ignored); // a protocol error; the library closes with its code
    webSocket.on('close', (code, reason) => {
      connections.delete(identity.connectionId);
      counters.connections--;
      counters.connectionMilliseconds += Date.now() - identity.connectedAt;
      disconnected(identity, connection.closing ?? clientClose(code, reason.toString('utf8')));
    });
  }

  /** Messages of one connection run side by side, as on AWS: nothing waits for the one before. */
  async function received(connection: Connection, data: Buffer): Promise<void> {
    const now = Date.now();
    connection.lastActiveAt = now;
    counters.messagesIn++;
    counters.meteredIn += Math.max(1, Math.ceil(data.length / FRAME_BYTES));
    const { connectionId } = connection.identity;
    const requestId = newIdentifier();
    const body = data.toString('utf8');
    const route = routes.select(body);
    if (!route) {
      answer(connection, Buffer.from(JSON.stringify({ message: 'Forbidden', connectionId, requestId })));
      return;
    }
    const { routeKey } = route;
    if (!passes(routeKey) || !account.request()) {
      counters.throttles++;
      answer(
        connection,
        Buffer.from(JSON.stringify({ message: TOO_MANY_REQUESTS, connectionId, requestId })),
      );
      record(connection.identity, 'MESSAGE', { routeKey, requestId, now, status: 429 });
      return;
    }
    const messageId = newIdentifier();
    const event = messageEvent(connection.identity, routeKey, body, requestId, messageId, now);
    const outcome = await integrate(lambda, route.functionArn, event, route.integrationTimeoutMs);
    const response = outcome.ok ? proxyResponse(outcome.payload) : undefined;
    const status = response?.statusCode ?? 500;
    record(connection.identity, 'MESSAGE', { routeKey, requestId, messageId, now, status, outcome });
    const reply = Buffer.from((route.routeResponse && response?.body) || '');
    if (!response || reply.length > MESSAGE_BYTES) {
      failed(route.routeKey, connectionId, outcome);
      answer(
        connection,
        Buffer.from(JSON.stringify({ message: 'Internal server error', connectionId, requestId })),
      );
    } else if (reply.length > 0) answer(connection, reply);
  }

  function answer(connection: Connection, message: Buffer): void {
    if (!connection.send(message)) return;
    counters.messagesOut++;
    counters.meteredOut += Math.max(1, Math.ceil(message.length / FRAME_BYTES));
  }

  /** Best effort, as AWS says, and nobody waits for it. */
  function disconnected(identity: ConnectionIdentity, close: { code: number; reason: string }): void {
    counters.disconnects++;
    const { disconnect } = routes;
    if (!disconnect || options.isDisconnectLost(identity.connectionId)) return;
    const now = Date.now();
    const requestId = newIdentifier();
    const event = disconnectEvent(identity, close, requestId, now);
    void integrate(lambda, disconnect.functionArn, event, disconnect.integrationTimeoutMs).then((outcome) => {
      const status = outcome.ok ? 200 : 500;
      record(identity, 'DISCONNECT', { routeKey: '$disconnect', requestId, now, status, outcome });
      if (!outcome.ok) failed('$disconnect', identity.connectionId, outcome);
    });
  }

  function failed(routeKey: string, connectionId: string, outcome: IntegrationOutcome): void {
    counters.integrationFailures++;
    log({ at: Date.now(), api: model.logicalId, routeKey, connectionId, problem: describe(outcome) });
  }

  return {
    model,
    upgrade: (request, socket, head) => void upgrade(request, socket, head),
  };
}

/**
 * The handshake's status where `$connect` gave none: 500 where Lambda refused the invocation, 502 where the function failed or
 * returned something else than a response. Source: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
 */
function failureStatus(outcome: IntegrationOutcome): number {
  if (outcome.ok) return 502;
  if (outcome.kind === 'integrationTimeout') return 504;
  return outcome.kind === 'throttled' ? 500 : 502;
}

function describe(outcome: IntegrationOutcome): string {
  if (outcome.ok) return 'the function returned no response with a statusCode, or one over 128 KiB';
  if (outcome.kind === 'integrationTimeout') return 'the integration timed out';
  return `${outcome.errorType}: ${outcome.errorMessage}`;
}

/** A client's close as `$disconnect` tells it; 1005 stands for a close frame without a code. */
function clientClose(code: number, reason: string): { code: number; reason: string } {
  return code === 1005 ? { code, reason: 'Client-side close frame status not set' } : { code, reason };
}

function ignored(): void {}
