/** One HTTP API: routes requests to its functions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpApiModel } from '../assembly/model.ts';
import { asTheyAre, type HeadersRule } from '../cdn/headers-policy.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { AccessLog } from './access-log.ts';
import { readBody } from './body.ts';
import { isCorsHeader, isPreflight, preflightHeaders, responseHeaders } from './cors.ts';
import type { GatewayCounters } from './counters.ts';
import { createHttpRecorder } from './http-access.ts';
import { httpEvent, httpResponse } from './http-payload.ts';
import { createRouter } from './http-routes.ts';
import { type IntegrationOutcome, integrate } from './integration.ts';
import { HTTP_PAYLOAD_BYTES } from './limits.ts';
import type { GatewayLog } from './log.ts';
import { type AccountThrottle, createThrottle, TOO_MANY_REQUESTS } from './throttle.ts';

/** Headers that belong to one hop; what an integration says about them is not passed on. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade']);

export interface HttpApiOptions {
  readonly model: HttpApiModel;
  readonly lambda: LambdaService;
  readonly newIdentifier: () => string;
  readonly counters: GatewayCounters;
  readonly log: GatewayLog;
  readonly accessLog: AccessLog | undefined;
  readonly account: AccountThrottle;
}

/** A request under way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly rule: HeadersRule;
}

/** @returns answers a request; the rule is of whoever passes it on, for the headers of the answer */
export function createHttpApi(
  options: HttpApiOptions,
): (request: IncomingMessage, response: ServerResponse, rule?: HeadersRule) => void {
  const { model, lambda, newIdentifier, counters, log, account } = options;
  const { cors } = model;
  const route = createRouter(model.routes);
  const prefix = model.stageName === '$default' ? '' : `/${model.stageName}`;
  const passes = createThrottle(model.throttle);
  const record = createHttpRecorder(model, options.accessLog);

  function answer(
    { request, response, rule }: Exchange,
    requestId: string,
    reply: {
      status: number;
      headers: Record<string, string>;
      cookies?: readonly string[];
      body: Buffer | string;
    },
  ): void {
    const headers: Record<string, string | readonly string[] | number> = {};
    for (const [name, value] of Object.entries(reply.headers))
      if (!HOP_BY_HOP.has(name) && !(cors && isCorsHeader(name))) headers[name] = value;
    if (cors) Object.assign(headers, responseHeaders(cors, request.headers.origin));
    if (reply.cookies?.length) headers['set-cookie'] = reply.cookies;
    headers['apigw-requestid'] = requestId;
    headers['content-length'] = Buffer.byteLength(reply.body);
    // What is given to `writeHead` alone can't be asked for afterwards, and the access log asks.
    if (options.accessLog) response.setHeader('content-length', headers['content-length']);
    response.writeHead(reply.status, rule(headers) as Record<string, string | string[] | number>);
    response.end(request.method === 'HEAD' ? undefined : reply.body);
  }

  const message = (status: number, text: string) => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: text }),
  });

  async function handle(exchange: Exchange, body: Buffer): Promise<void> {
    const { request, response } = exchange;
    const requestId = newIdentifier();
    const started = Date.now();
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const rawPath = decodedPath(mark < 0 ? url : url.slice(0, mark));
    if (!rawPath.startsWith(prefix)) return answer(exchange, requestId, message(404, 'Not Found'));
    const found = route(request.method ?? '', rawPath.slice(prefix.length));
    if (!found) return answer(exchange, requestId, message(404, 'Not Found'));
    const { routeKey } = found.route;
    if (!passes(routeKey) || !account.request()) {
      counters.throttles++;
      record(request, response, { routeKey, requestId, started });
      return answer(exchange, requestId, message(429, TOO_MANY_REQUESTS));
    }
    const event = httpEvent(request, {
      model,
      accountId: found.route.functionArn.split(':')[4] ?? '',
      routeKey,
      pathParameters: found.pathParameters,
      rawPath,
      rawQueryString: mark < 0 ? '' : url.slice(mark + 1),
      body,
      requestId,
      now: started,
    });
    const outcome = await integrate(lambda, found.route.functionArn, event, found.route.integrationTimeoutMs);
    record(request, response, { routeKey, requestId, started, outcome });
    const reply = outcome.ok ? httpResponse(outcome.payload) : undefined;
    if (reply) return answer(exchange, requestId, reply);
    counters.integrationFailures++;
    log({
      at: Date.now(),
      api: model.logicalId,
      routeKey,
      requestId,
      problem: describe(outcome),
    });
    const unavailable =
      !outcome.ok && (outcome.kind === 'integrationTimeout' || outcome.kind === 'throttled');
    answer(
      exchange,
      requestId,
      unavailable ? message(503, 'Service Unavailable') : message(500, 'Internal Server Error'),
    );
  }

  return (request, response, rule = asTheyAre) => {
    counters.httpRequests++;
    const { origin } = request.headers;
    if (cors && origin !== undefined && isPreflight(request.method ?? '', request.headers)) {
      request.resume();
      const headers = { ...preflightHeaders(cors, origin), 'apigw-requestid': newIdentifier() };
      response.writeHead(204, rule(headers) as Record<string, string>);
      response.end();
      return;
    }
    readBody(request, HTTP_PAYLOAD_BYTES, (body) => {
      const exchange = { request, response, rule };
      if (body) void handle(exchange, body);
      else answer(exchange, newIdentifier(), message(413, 'Request Entity Too Large'));
    });
  };
}

/**
 * HTTP APIs decode the path before they route it and hand it on, and cut it at a `?` that was encoded. Seen on AWS by
 * https://github.com/middleapi/standard-server/pull/93.
 */
function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path).split('?', 1)[0] ?? '';
  } catch {
    return path; // not a valid encoding: as it came
  }
}

function describe(outcome: IntegrationOutcome): string {
  if (outcome.ok) return 'the function returned no valid response';
  if (outcome.kind === 'integrationTimeout') return 'the integration timed out';
  return `${outcome.errorType}: ${outcome.errorMessage}`;
}
