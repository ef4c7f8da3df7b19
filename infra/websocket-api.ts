import { Duration, Fn, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { webSocketAccessLog } from './access-log.ts';
import { Handler } from './handler.ts';
import { limitCommands } from './limits.ts';
import { keepFor } from './retention.ts';
import { ROUTES, type Route } from './routes.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { identifyTokens } from './tokens.ts';

/**
 * Time that a handler may take. Shorter than API Gateway's 29 s for an integration, so that a stuck handler ends in its
 * own log; `$connect` must end within the 30 s for which a 410 of a young connection is not believed.
 */
const HANDLER_TIMEOUT = Duration.seconds(10);

/** Three tenths of a CPU: enough for a signature check and some JSON, and most of the time is waiting for DynamoDB. */
const HANDLER_MEMORY = 512;

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

  /** Lets a function post to connections and close them; each connection's item says at which address. */
  bind(handler: Handler): void {
    handler.allow(['execute-api:ManageConnections'], [this.#connectionsArn()]);
  }

  /** The function behind a route. */
  handlerOf(routeKey: string): Handler {
    const handler = this.handlers.find(({ entry }) => entry === `websocket/${ROUTES[routeKey]?.entry}`);
    if (!handler) throw new Error(`unable to synthesize; there is no route ${routeKey}`);
    return handler;
  }

  /** Lets the pages of these origins, too, open sockets. */
  allowPagesOf(...more: readonly string[]): void {
    const origins = [...this.#settings.allowedOrigins, ...more];
    this.handlerOf('$connect').addEnvironment(ENV.allowedOrigins, origins.join(','));
  }

  #add(routeKey: string, { entry, description, chat, connections, posts }: Route, tables: Tables): Handler {
    const handler = new Handler(this, constructId(entry), {
      settings: this.#settings,
      entry: `websocket/${entry}`,
      description,
      timeout: HANDLER_TIMEOUT,
      memorySize: HANDLER_MEMORY,
    });
    if (chat !== undefined) tables.chat.bind(handler, chat);
    if (connections !== undefined) tables.connections.bind(handler, connections);
    if (posts) this.bind(handler);
    if (routeKey === '$connect') {
      // It stores with the connection where to post to it, and refuses foreign pages.
      handler.addEnvironment(ENV.callbackUrl, this.#callbackUrl());
      handler.addEnvironment(ENV.allowedOrigins, this.#settings.allowedOrigins.join(','));
      handler.addEnvironment(ENV.connectionsPerUser, String(this.#settings.limits.connectionsPerUser));
    } else if (routeKey !== '$disconnect') {
      limitCommands(handler, this.#settings.limits);
      keepFor(handler, this.#settings);
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
