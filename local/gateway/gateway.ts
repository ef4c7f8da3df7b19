/** The engine's API Gateway: one port that serves WebSocket APIs, their `@connections`, and HTTP APIs. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { DistributionModel } from '../assembly/distribution-model.ts';
import type { HttpApiModel, WebSocketApiModel } from '../assembly/model.ts';
import type { StorageAccess } from '../cdn/bucket-origin.ts';
import { createDistribution } from '../cdn/distribution.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { AccountLimits } from '../limits.ts';
import type { AccessLog } from './access-log.ts';
import type { Connection } from './connection.ts';
import { createCounters, type GatewayCounters } from './counters.ts';
import { refuse } from './handshake.ts';
import { createHttpApi } from './http-api.ts';
import { createIdentifiers } from './identifiers.ts';
import { CLIENT_BUFFER_BYTES, CONNECTION_LIFETIME_MS, HTTP_HEADER_BYTES, IDLE_TIMEOUT_MS } from './limits.ts';
import { answerLocal, type LocalAnswer, type LocalCall } from './local-requests.ts';
import type { GatewayLog } from './log.ts';
import { createManagement, type ManagementCall, type ManagementVerdict } from './management.ts';
import { createAccountThrottle } from './throttle.ts';
import { createWebSocketApi, type WebSocketApi } from './websocket-api.ts';

/** Where the WebSocket APIs are: the first at this path, each at `/ws/<logical id>` and, as on AWS, at `/<stage>`. */
const WEBSOCKET_PATH = '/ws';
/** Handshakes that may wait to be accepted: a thousand clients come at once. */
const LISTEN_BACKLOG = 4096;
/**
 * How long an idle HTTP connection stays open, milliseconds. Longer than a function's environment is likely to sleep between two
 * events, so that its kept-alive sockets are still good when it wakes.
 */
const KEEP_ALIVE_MS = 75_000;
/**
 * Where the stack's functions reach a gateway, whatever address a client used. On AWS too it is the API's own domain that a
 * connection's events name, and what is derived from it must lead back to this very process.
 */
const LOOPBACK = '127.0.0.1';
/** Close code and reason of an idle or too old connection, as `$disconnect` shows them. */
const CLOSE_GOING_AWAY = 1001;
const GOING_AWAY = 'Going away';

/** A distribution, and where it finds the buckets of the stack. */
export interface Site {
  readonly distribution: DistributionModel;
  readonly storage: StorageAccess;
}

export interface GatewayOptions {
  readonly webSocketApis: readonly WebSocketApiModel[];
  readonly httpApis: readonly HttpApiModel[];
  readonly site?: Site;
  readonly lambda: LambdaService;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default: all addresses, so that both `localhost` and `127.0.0.1` reach it. */
  readonly host?: string;
  readonly idleTimeoutMs?: number;
  readonly connectionLifetimeMs?: number;
  readonly clientBufferBytes?: number;
  /** What of AWS's limits on an account this gateway holds to: none by default. */
  readonly accountLimits?: AccountLimits;
  /** Judges each signed call to `@connections`; without it all are allowed. */
  readonly authorize?: (call: ManagementCall) => ManagementVerdict;
  /** Answers the engine's own addresses, `/_local/…`; without it they are routes as all others. */
  readonly local?: (call: LocalCall) => Promise<LocalAnswer>;
  readonly log?: GatewayLog;
  /** Gets a line for each request and message where the stage declares an access log. */
  readonly accessLog?: AccessLog;
  /** Whether the end of a connection shall not be announced: `$disconnect` is best effort on AWS, and may never come. */
  readonly loseDisconnect?: (connectionId: string) => boolean;
}

export interface Gateway {
  readonly port: number;
  counters(): Readonly<GatewayCounters>;
  /** Cuts every connection, without `$disconnect`, and frees the port. */
  close(): Promise<void>;
}

/** @throws the `listen` error of `node:net` where the port can't be had */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  // Events under way when the gateway closes fail with it: that is no news.
  const log: GatewayLog = (entry) => {
    if (!closed) options.log?.(entry);
  };
  const counters = createCounters();
  const connections = new Map<string, Connection>();
  const newIdentifier = createIdentifiers();
  let closed = false;

  /** Known when it listens, before anyone connects. */
  let address = '';
  const { lambda, accessLog, loseDisconnect } = options;
  const account = createAccountThrottle(options.accountLimits);
  const shared = { lambda, newIdentifier, counters, log, accessLog, account };
  const webSocketApis = options.webSocketApis.map((model) =>
    createWebSocketApi({
      ...shared,
      model,
      connections,
      domainName: () => address,
      isDisconnectLost: (connectionId) => closed || (loseDisconnect?.(connectionId) ?? false),
    }),
  );
  const httpApis = options.httpApis.map((model) => ({ model, handle: createHttpApi({ ...shared, model }) }));
  const site =
    options.site &&
    createDistribution({
      model: options.site.distribution,
      storage: options.site.storage,
      apiOf: (apiId) => httpApis.find(({ model }) => model.apiId === apiId)?.handle,
      newIdentifier,
      tell: (problem) =>
        log({
          at: Date.now(),
          api: options.site?.distribution.logicalId ?? '',
          routeKey: 'distribution',
          problem,
        }),
    });
  const management = createManagement({
    connections,
    counters,
    clientBufferBytes: options.clientBufferBytes ?? CLIENT_BUFFER_BYTES,
    judge(call) {
      const verdict = options.authorize?.(call) ?? 'allow';
      return verdict !== 'allow' || account.request() ? verdict : 'throttled';
    },
  });

  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: HTTP_HEADER_BYTES, noDelay: true },
    (request, response) => {
      if (webSocketApis.length > 0 && management(request, response)) return;
      const url = request.url ?? '/';
      if (options.local && url.startsWith('/_local/')) {
        answerLocal(request, response, options.local);
        return;
      }
      const api =
        httpApis.find(
          ({ model }) => model.stageName !== '$default' && url.startsWith(`/${model.stageName}/`),
        ) ??
        // What is in front of the APIs answers what is meant for none of them by name.
        site ??
        httpApis.find(({ model }) => model.stageName === '$default');
      if (api) api.handle(request, response);
      else {
        request.resume();
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"message":"Not Found"}');
      }
    },
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    const api = findWebSocketApi(webSocketApis, request.url ?? '');
    if (api) api.upgrade(request, socket, head);
    else {
      counters.refusals++;
      refuse(socket, 403, { message: 'Forbidden' });
    }
  });

  const sweeper = startSweeper(
    connections,
    options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    options.connectionLifetimeMs ?? CONNECTION_LIFETIME_MS,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        { port: options.port, backlog: LISTEN_BACKLOG, ...(options.host && { host: options.host }) },
        () => {
          server.off('error', reject);
          resolve();
        },
      );
    });
  } catch (error) {
    clearInterval(sweeper);
    throw error;
  }

  const { port } = server.address() as AddressInfo;
  address = `${LOOPBACK}:${port}`;
  return {
    port,
    counters() {
      const now = Date.now();
      let { connectionMilliseconds } = counters;
      for (const { identity } of connections.values()) connectionMilliseconds += now - identity.connectedAt;
      return { ...counters, connectionMilliseconds, posts: { ...counters.posts } };
    },
    async close() {
      closed = true;
      clearInterval(sweeper);
      site?.close();
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  };
}

function findWebSocketApi(apis: readonly WebSocketApi[], url: string): WebSocketApi | undefined {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/$/, '');
  if (path === WEBSOCKET_PATH) return apis[0];
  return apis.find(
    ({ model }) => path === `${WEBSOCKET_PATH}/${model.logicalId}` || path === `/${model.stageName}`,
  );
}

/** Closes connections that are idle or too old; looks often enough to be at most a twentieth late. */
function startSweeper(
  connections: ReadonlyMap<string, Connection>,
  idleMs: number,
  lifetimeMs: number,
): NodeJS.Timeout {
  const everyMs = Math.min(Math.max(Math.min(idleMs, lifetimeMs) / 20, 10), 5000);
  return setInterval(() => {
    const now = Date.now();
    for (const connection of connections.values())
      if (now - connection.lastActiveAt >= idleMs || now - connection.identity.connectedAt >= lifetimeMs)
        connection.close(CLOSE_GOING_AWAY, GOING_AWAY);
  }, everyMs);
}
