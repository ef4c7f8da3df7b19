/** The WebSocket routes as their Lambda functions run them, on a real database, called through their event handlers. */
import { channel } from 'node:diagnostics_channel';
import type { SocketAnswer, SocketEvent } from '../../functions/websocket/socket-event.ts';
import { REPLIES, Reply } from '../../shared/protocol/frames.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME } from './database.ts';
import { type HttpApp, startHttpApp } from './http-app.ts';
import { type Queues, startQueues } from './queues.ts';

const ROUTES = {
  $connect: () => import('../../functions/websocket/connect.ts'),
  $disconnect: () => import('../../functions/websocket/disconnect.ts'),
  $default: () => import('../../functions/websocket/default.ts'),
  sendMessage: () => import('../../functions/websocket/send-message.ts'),
  joinRoom: () => import('../../functions/websocket/join-room.ts'),
  leaveRoom: () => import('../../functions/websocket/leave-room.ts'),
  sync: () => import('../../functions/websocket/sync.ts'),
  history: () => import('../../functions/websocket/history.ts'),
  ping: () => import('../../functions/websocket/ping.ts'),
  authenticate: () => import('../../functions/websocket/authenticate.ts'),
} as const;

export type Route = keyof typeof ROUTES;

/** The actions that have a route of their own. */
export const SERVED = Object.keys(ROUTES).filter((route) => !route.startsWith('$')) as Exclude<
  Route,
  `$${string}`
>[];

export interface Sockets {
  /** Registers people, and holds the database. */
  readonly app: HttpApp;
  /** The queues that the functions send to. */
  readonly queues: Queues;
  /** Calls a route's handler as API Gateway does. */
  call(route: Route, event: SocketEvent): Promise<SocketAnswer>;
  /** Opens a connection of a user and gives its id. */
  open(token: string): Promise<string>;
  /** Sends a frame over a connection, by API Gateway's rule for the route, and gives the reply, checked against the protocol. */
  send(connection: string, frame: unknown): Promise<Reply>;
  /** As `send`, for a text that is sent as it is. */
  sendText(connection: string, text: string, route?: Route): Promise<Reply>;
  stop(): Promise<void>;
}

let connections = 0;

export function contextOf(connectionId: string): SocketEvent['requestContext'] {
  return {
    connectionId,
    requestId: `request-of-${connectionId}`,
    connectedAt: Date.now(),
    domainName: 'abc.execute-api.us-east-1.amazonaws.com',
    stage: 'dev',
  };
}

/** @param variables of the functions' environment, beside tables and tokens. The functions of one process share it. */
export async function startSockets(variables: Readonly<Record<string, string>> = {}): Promise<Sockets> {
  const [app, queues] = await Promise.all([startHttpApp(), startQueues()]);
  Object.assign(process.env, {
    ...app.database.environment,
    ...queues.environment,
    CHAT_TABLE: CHAT_TABLE_NAME,
    CONNECTIONS_TABLE: CONNECTIONS_TABLE_NAME,
    TOKEN_ISSUER: 'parley-test',
    TOKEN_AUDIENCE: 'parley-test',
    LOG_LEVEL: 'warn',
    ...variables,
  });

  const call: Sockets['call'] = async (route, event) => (await ROUTES[route]()).handler(event);

  const sendText: Sockets['sendText'] = async (connection, text, route = routeOf(text)) => {
    const answer = await call(route, { body: text, requestContext: contextOf(connection) });
    if (answer.statusCode !== 200) throw new Error(`a command was answered ${answer.statusCode}`);
    const reply = Reply.parse(JSON.parse(answer.body ?? ''));
    if (reply.error === undefined && reply.action) REPLIES[reply.action].parse(reply.data);
    return reply;
  };

  return {
    app,
    call,
    async open(token) {
      const connection = `socket-${++connections}=`;
      const answer = await call('$connect', {
        headers: { Authorization: `Bearer ${token}` },
        requestContext: contextOf(connection),
      });
      if (answer.statusCode !== 200) throw new Error(`unable to connect; ${answer.statusCode}`);
      return connection;
    },
    send: (connection, frame) => sendText(connection, JSON.stringify(frame)),
    sendText,
    queues,
    async stop() {
      await Promise.all([app.stop(), queues.stop()]);
    },
  };
}

/** `$request.body.action` names the route, where there is one. */
function routeOf(text: string): Route {
  try {
    const action = (JSON.parse(text) as { action?: unknown } | null)?.action;
    return SERVED.find((served) => served === action) ?? '$default';
  } catch {
    return '$default';
  }
}

/** What was asked of DynamoDB, and in how many rounds: a call that starts while none is under way begins one. */
export interface TableCalls {
  readonly operations: readonly string[];
  readonly rounds: number;
}

/** Watches the table calls that leave this process while `task` runs. */
export async function watchTableCalls(task: () => Promise<unknown>): Promise<TableCalls> {
  const created = channel('undici:request:create');
  const ended = channel('undici:request:trailers');
  const operations: string[] = [];
  let open = 0;
  let rounds = 0;
  const onCreate = (message: unknown) => {
    const { request } = message as { request: { headers: unknown } };
    const target = /DynamoDB_20120810\.(\w+)/.exec(String(request.headers))?.[1];
    if (!target) return;
    operations.push(target);
    if (open++ === 0) rounds++;
  };
  const onEnd = () => {
    open--;
  };
  created.subscribe(onCreate);
  ended.subscribe(onEnd);
  try {
    await task();
  } finally {
    created.unsubscribe(onCreate);
    ended.unsubscribe(onEnd);
  }
  return { operations, rounds };
}
