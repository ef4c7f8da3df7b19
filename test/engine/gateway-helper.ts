/** Builders for tests of the engine's gateway: real sockets, a real Lambda service with handlers in worker threads. */
import { connect as connectSocket, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { HttpApiModel, WebSocketApiModel } from '../../local/assembly/model.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../local/gateway/gateway.ts';
import type { GatewayLogEntry } from '../../local/gateway/log.ts';
import { arnOf, type HandlerSource, type LambdaBench, startLambda } from './lambda-helper.ts';

export interface GatewayBench extends LambdaBench {
  readonly gateway: Gateway;
  readonly problems: GatewayLogEntry[];
  readonly http: string;
  readonly ws: string;
  /** `@connections` address of a connection. */
  callback(connectionId: string): string;
}

type WebSocketRoutes = Readonly<
  Record<string, { readonly function: string; readonly routeResponse?: boolean; readonly timeoutMs?: number }>
>;
type HttpRoutes = Readonly<Record<string, { readonly function: string; readonly timeoutMs?: number }>>;

export interface GatewayBenchOptions {
  readonly handlers: Readonly<Record<string, HandlerSource>>;
  readonly webSocket?: WebSocketRoutes;
  readonly http?: HttpRoutes;
  readonly cors?: NonNullable<HttpApiModel['cors']>;
  readonly options?: Partial<GatewayOptions>;
}

/** Integration timeout of API Gateway, both kinds of API, milliseconds. */
const INTEGRATION_TIMEOUT_MS = 29_000;

export function webSocketApi(routes: WebSocketRoutes): WebSocketApiModel {
  return {
    logicalId: 'ChatApi',
    constructPath: 'Stack/ChatApi',
    apiId: 'ws12345678',
    stageName: 'dev',
    routeSelectionExpression: '$request.body.action',
    routes: Object.entries(routes).map(([routeKey, route]) => ({
      routeKey,
      functionArn: arnOf(route.function),
      routeResponse: route.routeResponse ?? false,
      integrationTimeoutMs: route.timeoutMs ?? INTEGRATION_TIMEOUT_MS,
    })),
  };
}

export async function startGateway(bench: GatewayBenchOptions): Promise<GatewayBench> {
  const lambda = await startLambda(bench.handlers);
  const problems: GatewayLogEntry[] = [];
  const gateway = await createGateway({
    webSocketApis: bench.webSocket ? [webSocketApi(bench.webSocket)] : [],
    httpApis: bench.http
      ? [
          {
            logicalId: 'HttpApi',
            constructPath: 'Stack/HttpApi',
            apiId: 'http123456',
            stageName: '$default',
            routes: Object.entries(bench.http).map(([routeKey, route]) => ({
              routeKey,
              functionArn: arnOf(route.function),
              integrationTimeoutMs: route.timeoutMs ?? INTEGRATION_TIMEOUT_MS,
            })),
            ...(bench.cors && { cors: bench.cors }),
          },
        ]
      : [],
    lambda: lambda.lambda,
    port: 0,
    host: '127.0.0.1',
    log: (entry) => problems.push(entry),
    ...bench.options,
  });
  const http = `http://127.0.0.1:${gateway.port}`;
  return {
    ...lambda,
    gateway,
    problems,
    http,
    ws: `ws://127.0.0.1:${gateway.port}/ws`,
    callback: (connectionId) => `${http}/dev/@connections/${encodeURIComponent(connectionId)}`,
    async close() {
      await gateway.close();
      await lambda.close();
    },
  };
}

/** A client that keeps what it receives. */
export interface Client {
  readonly socket: WebSocket;
  readonly received: string[];
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The next message that was not taken yet. */
  next(withinMs?: number): Promise<string>;
  nextJson(): Promise<Record<string, unknown>>;
}

/** Opens a WebSocket; rejects with `Unexpected server response: <status>` where the handshake is refused. */
export async function connect(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  protocols: string[] = [],
): Promise<Client> {
  const socket = new WebSocket(url, protocols, { headers });
  const received: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  let taken = 0;
  socket.on('message', (data) => {
    received.push(String(data));
    const take = waiting.shift();
    if (take) take(received[taken++] ?? '');
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  const client: Client = {
    socket,
    received,
    closed,
    next: (withinMs = 10_000) =>
      new Promise((resolve, reject) => {
        if (taken < received.length) {
          resolve(received[taken++] ?? '');
          return;
        }
        const timer = setTimeout(() => reject(new Error(`no message within ${withinMs} ms`)), withinMs);
        waiting.push((text) => {
          clearTimeout(timer);
          resolve(text);
        });
      }),
    nextJson: async () => JSON.parse(await client.next()) as Record<string, unknown>,
  };
  return client;
}

/** Handshake whose answer is read as HTTP: the status line, the headers and the body of a refusal. */
export async function handshake(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; socket: Socket }> {
  const socket = connectSocket(port, '127.0.0.1');
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let text = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.startsWith('HTTP/1.1 101')) resolve();
    });
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  return { status: Number(text.slice(9, 12)), text, socket };
}

/** Any header makes a call to `@connections` a signed one where no judge looks closer. */
export const SIGNED = {
  authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/execute-api/aws4_request',
};

export function post(
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string> = SIGNED,
): Promise<Response> {
  return fetch(url, { method: 'POST', body: body as BodyInit, headers });
}
