/** The HTTP API as its Lambda function runs it, on a real database and a real secret, called through its event handler. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { createApp } from '../../functions/http/app.ts';
import { endpoints } from '../../functions/http/endpoints.ts';
import { type HttpHandler, toLambda } from '../../functions/http/lambda.ts';
import { createServices, type Services } from '../../functions/http/services.ts';
import { createRuntime, type Runtime } from '../../functions/runtime/runtime.ts';
import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { HTTP_STATUS, WireError } from '../../shared/protocol/errors.ts';
import {
  CHAT_TABLE_NAME,
  CONNECTIONS_TABLE_NAME,
  type Database,
  SEARCH_TABLE_NAME,
  startDatabase,
} from './database.ts';
import { type SecretsManager, startSecretsManager } from './secrets-manager.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed JSON; undefined where the body is empty. */
  readonly body: unknown;
}

export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpApp {
  readonly database: Database;
  readonly secrets: SecretsManager;
  readonly services: Services;
  readonly runtime: Runtime;
  readonly handler: HttpHandler;
  /** Log lines so far. */
  readonly log: string[];
  /** Sets the clock of all that runs here, epoch milliseconds; undefined: the real one. */
  setClock(now: number | undefined): void;
  /** @param target path with its query. */
  ask(method: string, target: string, options?: Ask): Promise<Reply>;
  /** Registers a user with a name that nobody has. */
  newUser(name?: string): Promise<{ user: string; token: string; refreshToken: string; password: string }>;
  stop(): Promise<void>;
}

let users = 0;

/** @param settings what the stack would say beside: variables of the environment. */
export async function startHttpApp(settings: Readonly<Record<string, string>> = {}): Promise<HttpApp> {
  const [database, secrets] = await Promise.all([startDatabase({ streams: false }), startSecretsManager()]);
  const environment = {
    ...database.environment,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
    CHAT_TABLE: CHAT_TABLE_NAME,
    CONNECTIONS_TABLE: CONNECTIONS_TABLE_NAME,
    SEARCH_TABLE: SEARCH_TABLE_NAME,
    TOKEN_ISSUER: 'parley-test',
    TOKEN_AUDIENCE: 'parley-test',
    ACCESS_TOKEN_SECONDS: '900',
    SIGNING_KEYS_SECRET: 'keys',
    FILES_BUCKET: 'files',
    // Nobody listens there.
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
    SERVICE_VERSION: '1.2.3',
    ...settings,
  };
  const log: string[] = [];
  let fixed: number | undefined;
  const now = () => fixed ?? Date.now();
  const made = createRuntime(environment);
  const runtime: Runtime = {
    ...made,
    context: { ...made.context, ...database.tables(now), now },
    logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
  };
  const secret = createSecret({ send: runtime.send, origin: secrets.endpoint, id: 'keys' });
  await ensureSigningKeys({ secret, chat: runtime.context.chat, now });
  const services = createServices(runtime);
  const app = createApp(services, endpoints);
  const handler = toLambda((request, bindings) => app.fetch(request, bindings));

  async function ask(method: string, target: string, options: Ask = {}): Promise<Reply> {
    const result = await handler(eventOf(method, target, options));
    const text = result.body ?? '';
    const reply = {
      status: result.statusCode ?? 0,
      headers: result.headers as Record<string, string>,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    };
    expectDocumented(method, target, reply);
    return reply;
  }

  return {
    database,
    secrets,
    services,
    runtime,
    handler,
    log,
    ask,
    setClock: (to) => {
      fixed = to;
    },
    async newUser(name = `user-${++users}`) {
      const password = `password of ${name}`;
      const reply = await ask('POST', '/api/auth/register', { body: { username: name, password } });
      if (reply.status !== 201) throw new Error(`unable to register ${name}; ${reply.text}`);
      const { accessToken, refreshToken } = reply.body as { accessToken: string; refreshToken: string };
      return { user: name, token: accessToken, refreshToken, password };
    },
    async stop() {
      await Promise.all([database.stop(), secrets.stop()]);
    },
  };
}

const ErrorBody = z.strictObject({ error: WireError });

/** Whatever a test looks at: an answer is what the call's schema says and no more, and a refusal has the status of its code. */
function expectDocumented(method: string, target: string, reply: Reply): void {
  if (reply.status >= 400) {
    const { error } = z.parse(ErrorBody, reply.body);
    expect(reply.status).toBe(HTTP_STATUS[error.code]);
    expect(error.message).toMatch(/^unable to .+; .+$/);
    return;
  }
  // A slash at the end is no segment: the call is the one without.
  const path = (target.split('?')[0] ?? '').replace(/\/+$/, '');
  const called = endpoints.find(
    ({ specification: { method: its, path: template } }) =>
      its === method && new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const { status, made = status } = called?.specification ?? {};
  expect([status, made]).toContain(reply.status);
  const schema = called?.specification.answer;
  // What the schema does not know is gone from what it gives.
  if (schema) expect(z.parse(schema, reply.body)).toEqual(reply.body);
  else expect(reply.text).toBe('');
}

/** What API Gateway makes of a request (payload format 2.0). */
export function eventOf(method: string, target: string, options: Ask = {}): APIGatewayProxyEventV2 {
  const [rawPath = '', rawQueryString = ''] = target.split('?');
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: {
      host: 'api.example.com',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'request-1',
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1_767_225_600_000,
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: false,
  };
}
