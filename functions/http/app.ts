/** The Hono app: routes made from endpoints, one shape of answer and of error. */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { readJson } from './body.ts';
import { type Endpoint, Made, Redirect } from './endpoint.ts';
import { errorResponse, logRefusal, refusalOf } from './errors.ts';
import type { Services } from './services.ts';

/** What the host gives with a request. */
export interface Bindings {
  /** API Gateway's id of the request; a new one is made where the host has none. */
  readonly requestId?: string;
  /** Address of who asks, as the gateway saw it. */
  readonly source?: string;
}

type AppEnvironment = { Bindings: Bindings };

/** Header that names the request: what a user gives to support finds the log lines. */
export const REQUEST_ID_HEADER = 'x-request-id';

export function createApp(services: Services, endpoints: readonly Endpoint[]): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();
  for (const endpoint of endpoints) {
    const { method, path, operation } = endpoint.specification;
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      respond(c, services, path, operation, () => run(c, services, endpoint)),
    );
  }
  app.notFound((c) =>
    respond(c, services, 'none', 'answer', async () => {
      throw new ParleyError('not_found', 'answer', 'there is no such call');
    }),
  );
  return app;
}

async function run(c: Context<AppEnvironment>, services: Services, endpoint: Endpoint): Promise<Response> {
  const { status: usual, made, cache } = endpoint.specification;
  const outcome = await endpoint.run({
    params: c.req.param(),
    query: c.req.query(),
    json: (operation) => readJson(c.req.raw, operation),
    token: bearerToken(c.req.header('authorization')),
    origin: c.req.header('origin'),
    source: c.env?.source ?? '',
    services,
  });
  if (outcome instanceof Redirect) {
    return new Response(null, {
      status: 302,
      headers: { 'cache-control': 'no-store', location: outcome.location },
    });
  }
  const isMade = outcome instanceof Made;
  const answer = isMade ? outcome.answer : outcome;
  const status = (isMade && made) || usual;
  const headers = { 'cache-control': cache ?? 'no-store' };
  return status === 204
    ? new Response(null, { status, headers })
    : Response.json(answer, { status, headers });
}

/** Answers, whatever happens, and leaves one log line. */
async function respond(
  c: Context<AppEnvironment>,
  services: Services,
  route: string,
  operation: string,
  work: () => Promise<Response>,
): Promise<Response> {
  const startedAt = services.context.now();
  const requestId = c.env?.requestId ?? services.context.newId();
  const logger = services.logger.with({ requestId, route: `${c.req.method} ${route}` });
  const response = await work().catch((error: unknown) => {
    const refusal = refusalOf(error, operation);
    logRefusal(logger, refusal);
    return errorResponse(refusal);
  });
  response.headers.set(REQUEST_ID_HEADER, requestId);
  response.headers.set('x-content-type-options', 'nosniff');
  logger.info('answered', { status: response.status, ms: services.context.now() - startedAt });
  return response;
}

/** RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1). */
function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1];
}
