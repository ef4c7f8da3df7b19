import { Duration } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { httpAccessLog } from './access-log.ts';
import { Handler } from './handler.ts';
import { limitCalls } from './limits.ts';
import { keepFor } from './retention.ts';
import type { Settings } from './settings.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Tables } from './tables.ts';
import { identifyTokens } from './tokens.ts';

/** How long a browser may remember what a preflight said; two hours is the most that Chromium does. */
const PREFLIGHT_MAX_AGE = Duration.hours(2);

/** The HTTP API: one Lambda function routes all of it but the documents, as most calls are rare and share their code. */
export class HttpApi extends Construct {
  readonly api: apigateway.HttpApi;
  readonly stage: apigateway.HttpStage;
  readonly handler: Handler;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables, keys: SigningKeys) {
    super(scope, id);
    this.handler = new Handler(this, 'Handler', {
      settings,
      entry: 'http/api',
      description: 'Answers every call of the HTTP API',
      timeout: Duration.seconds(20),
      // A whole CPU: argon2id is meant to take all it gets, and is what a login waits for.
      memorySize: 1_769,
    });
    // Accounts, sessions, rooms, logs: all of Chat is reached from here, members and public rooms by the index.
    tables.chat.bind(this.handler, {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
      index: true,
    });
    // Which messages hold a word; not there, the call says that there is no search.
    tables.search?.bind(this.handler, { actions: ['Query'], keys: ['WORDS#*'] });
    // Tickets; the subscriptions of a user's live connections when a membership changes; the connections that a logout or a ban ends.
    tables.connections.bind(this.handler, {
      actions: ['PutItem', 'Query', 'GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      keys: ['TICKET#*', 'RATE#*', 'CONN#*', 'USER#*', 'SUBS#*'],
    });
    // It signs access tokens.
    keys.bind(this.handler);
    identifyTokens(this.handler, settings);
    limitCalls(this.handler, settings.limits);
    keepFor(this.handler, settings);
    this.handler.addEnvironment(ENV.accessTokenSeconds, String(settings.accessTokenSeconds));

    this.api = new apigateway.HttpApi(this, 'Api', {
      description: `Parley ${settings.stage}, HTTP`,
      createDefaultStage: false,
      defaultIntegration: new HttpLambdaIntegration('Handler', this.handler),
      ...(settings.allowedOrigins.length > 0 && { corsPreflight: cors(settings.allowedOrigins) }),
    });
    this.stage = new apigateway.HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      detailedMetricsEnabled: true,
      throttle: { rateLimit: settings.throttleRate, burstLimit: settings.throttleBurst },
      accessLogSettings: httpAccessLog(this, settings),
    });
  }
}

/** Credentials stay off: a token travels in a header that a page must set itself, never in a cookie. */
function cors(allowedOrigins: readonly string[]): apigateway.CorsPreflightOptions {
  const { GET, POST, PUT, PATCH, DELETE } = apigateway.CorsHttpMethod;
  return {
    allowOrigins: [...allowedOrigins],
    allowMethods: [GET, POST, PUT, PATCH, DELETE],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['retry-after'],
    maxAge: PREFLIGHT_MAX_AGE,
  };
}
