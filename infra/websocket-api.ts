import { Duration, Fn, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { webSocketAccessLog } from './access-log.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { TableGrant, Tables } from './tables.ts';
import { identifyTokens } from './tokens.ts';

/**
 * Time that a handler may take. Shorter than API Gateway's 29 s for an integration, so that a stuck handler ends in its
 * own log; `$connect` must end within the 30 s for which a 410 of a young connection is not believed.
 */
const HANDLER_TIMEOUT = Duration.seconds(10);

/** Three tenths of a CPU: enough for a signature check and some JSON, and most of the time is waiting for DynamoDB. */
const HANDLER_MEMORY = 512;

/** What a route runs and what that may do. */
interface Route {
  readonly entry: string;
  readonly description: string;
  readonly chat?: TableGrant;
  readonly connections?: TableGrant;
}

/** Keys in Chat that a member's commands are about: rooms with their logs, and who is a member of what. */
const ROOMS_AND_MEMBERS = ['ROOM#*', 'USER#*'] as const;

/** Each command spends from its connection's rate bucket first, and learns there who speaks. */
const SPEND: TableGrant = { actions: ['UpdateItem'], keys: ['CONN#*'] };

/** An append reads HEAD, the claim and the membership, commits on HEAD, and puts the event. */
const APPEND: TableGrant = {
  actions: ['GetItem', 'PutItem', 'UpdateItem'],
  keys: ROOMS_AND_MEMBERS,
};

/** A change of membership is an append; then it puts the membership and the subscriptions of the user's connections. */
const CHANGE_MEMBERSHIP: Pick<Route, 'chat' | 'connections'> = {
  chat: APPEND,
  connections: {
    actions: ['UpdateItem', 'GetItem', 'Query', 'PutItem', 'DeleteItem', 'BatchWriteItem'],
    keys: ['CONN#*', 'USER#*', 'SUBS#*'],
  },
};

/** Every route key of the API; the handler of an action has its name, in kebab case. */
const ROUTES: Readonly<Record<string, Route>> = {
  $connect: {
    entry: 'connect',
    description: 'Checks who connects, and subscribes the connection to its user’s rooms',
    // The public keys; the user's memberships.
    chat: { actions: ['GetItem', 'Query'], keys: ['KEYS', 'USER#*'] },
    // A ticket is deleted by its use; the rest are the connection's own items.
    connections: {
      actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['TICKET#*', 'CONN#*', 'USER#*', 'SUBS#*'],
    },
  },
  $disconnect: {
    entry: 'disconnect',
    description: 'Takes a closed connection’s items away',
    connections: {
      actions: ['GetItem', 'Query', 'DeleteItem', 'BatchWriteItem'],
      keys: ['CONN#*', 'USER#*', 'SUBS#*'],
    },
  },
  $default: {
    entry: 'default',
    description: 'Answers what is not a known command',
    connections: SPEND,
  },
  sendMessage: {
    entry: 'send-message',
    description: 'Appends a message to a room’s log',
    chat: APPEND,
    connections: SPEND,
  },
  joinRoom: {
    entry: 'join-room',
    description: 'Makes the user a member of a room',
    ...CHANGE_MEMBERSHIP,
  },
  leaveRoom: {
    entry: 'leave-room',
    description: 'Ends the user’s membership of a room',
    ...CHANGE_MEMBERSHIP,
  },
  sync: {
    entry: 'sync',
    description: 'Answers with all that a client missed',
    chat: { actions: ['GetItem', 'BatchGetItem', 'Query'], keys: ROOMS_AND_MEMBERS },
    connections: SPEND,
  },
  history: {
    entry: 'history',
    description: 'Answers with a page of a room’s messages',
    chat: { actions: ['GetItem', 'BatchGetItem', 'Query'], keys: ROOMS_AND_MEMBERS },
    connections: SPEND,
  },
  ping: {
    entry: 'ping',
    description: 'Keeps a connection alive',
    connections: SPEND,
  },
  authenticate: {
    entry: 'authenticate',
    description: 'Prolongs a connection’s life with a fresh token',
    // The public keys.
    chat: { actions: ['GetItem'], keys: ['KEYS'] },
    connections: SPEND,
  },
};

/** The WebSocket API: a route and a Lambda function per action, whose body goes back on the socket as the reply. */
export class WebSocketApi extends Construct {
  readonly api: apigateway.WebSocketApi;
  readonly stage: apigateway.WebSocketStage;
  readonly handlers: readonly Handler[];
  readonly #settings: Settings;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables) {
    super(scope, id);
    this.#settings = settings;
    this.api = new apigateway.WebSocketApi(this, 'Api', {
      description: `Parley ${settings.stage}, WebSocket`,
      routeSelectionExpression: '$request.body.action',
    });
    this.stage = new apigateway.WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName: settings.stage,
      autoDeploy: true,
      detailedMetricsEnabled: true,
      throttle: { rateLimit: settings.throttleRate, burstLimit: settings.throttleBurst },
      accessLogSettings: webSocketAccessLog(this, settings),
    });
    this.handlers = Object.entries(ROUTES).map(([routeKey, route]) => this.#add(routeKey, route, tables));
  }

  /** Lets a function post to connections and close them. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.callbackUrl, this.#callbackUrl());
    handler.allow(['execute-api:ManageConnections'], [this.#connectionsArn()]);
  }

  #add(routeKey: string, { entry, description, chat, connections }: Route, tables: Tables): Handler {
    const handler = new Handler(this, constructId(entry), {
      settings: this.#settings,
      entry: `websocket/${entry}`,
      description,
      timeout: HANDLER_TIMEOUT,
      memorySize: HANDLER_MEMORY,
    });
    if (chat !== undefined) tables.chat.bind(handler, chat);
    if (connections !== undefined) tables.connections.bind(handler, connections);
    handler.addEnvironment(ENV.commandsPerMinute, String(this.#settings.commandsPerMinute));
    handler.addEnvironment(ENV.commandBurst, String(this.#settings.commandBurst));
    if (routeKey === '$connect') {
      // It stores with the connection where to post to it, and refuses foreign pages.
      handler.addEnvironment(ENV.callbackUrl, this.#callbackUrl());
      handler.addEnvironment(ENV.allowedOrigins, this.#settings.allowedOrigins.join(','));
    }
    if (routeKey === '$connect' || routeKey === 'authenticate') identifyTokens(handler, this.#settings);
    this.api.addRoute(routeKey, {
      integration: new WebSocketLambdaIntegration('Integration', handler),
      // `$connect` and `$disconnect` have nobody to answer.
      returnResponse: this.#settings.routeResponses && !/^\$(connect|disconnect)$/.test(routeKey),
    });
    return handler;
  }

  /**
   * Empty, a connection's own request context tells it. Behind a domain of its own it would tell that domain, without
   * the stage; so there the API's first address is given.
   */
  #callbackUrl(): string {
    const { callbackUrl, domain } = this.#settings;
    if (callbackUrl !== undefined) {
      const names = { api: this.api.apiId, stage: this.#settings.stage };
      const template = callbackUrl.replace(/\{(api|stage)\}/g, '$${$1}');
      return template === callbackUrl ? callbackUrl : Fn.sub(template, names);
    }
    return domain === undefined ? '' : this.stage.callbackUrl;
  }

  #connectionsArn(): string {
    return Stack.of(this).formatArn({
      service: 'execute-api',
      resource: this.api.apiId,
      resourceName: `${this.#settings.stage}/*/@connections/*`,
    });
  }
}

/** `send-message` → `SendMessage`; `default` needs the suffix, as the CDK leaves an id `Default` out of names. */
function constructId(entry: string): string {
  return `${entry.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())}Handler`;
}
