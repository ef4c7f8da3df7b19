/** Picks a WebSocket route for a message by the API's route selection expression. */
import type { WebSocketApiModel, WebSocketRouteModel } from '../assembly/model.ts';

const DEFAULT_ROUTE = '$default';

export interface Routes {
  readonly connect: WebSocketRouteModel | undefined;
  readonly disconnect: WebSocketRouteModel | undefined;
  /** The route for a message; `undefined` where none matches and there is no `$default`. */
  select(body: string): WebSocketRouteModel | undefined;
}

/**
 * `$request.body.action`, `${request.body.action}` and texts that hold several `${…}` are understood.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
 *
 * A message that is not JSON, or whose expression has no value, takes `$default`. So does one that names `$connect` or
 * `$disconnect`: a client must not reach those by a message.
 * @throws Error for an expression of another form
 */
export function createRoutes(model: WebSocketApiModel): Routes {
  const byKey = new Map(model.routes.map((route) => [route.routeKey, route]));
  const evaluate = compile(model.routeSelectionExpression);
  return {
    connect: byKey.get('$connect'),
    disconnect: byKey.get('$disconnect'),
    select(body) {
      const key = evaluate(body);
      const route = key === undefined || key.startsWith('$') ? undefined : byKey.get(key);
      return route ?? byKey.get(DEFAULT_ROUTE);
    },
  };
}

function compile(expression: string): (body: string) => string | undefined {
  const whole = /^\$request\.body\.([\w.-]+)$/.exec(expression);
  const parts = (whole ? `\${request.body.${whole[1]}}` : expression).split(/\$\{request\.body\.([\w.-]+)\}/);
  if (parts.length < 3)
    throw new Error(
      `unable to route messages; the route selection expression ${expression} is not understood`,
    );
  const paths = parts.map((part, index) => (index % 2 === 1 ? part.split('.') : undefined));
  return (body) => {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return undefined; // not JSON: $default
    }
    let key = '';
    for (const [index, path] of paths.entries()) {
      const text = path ? lookup(value, path) : parts[index];
      if (text === undefined) return undefined;
      key += text;
    }
    return key;
  };
}

function lookup(value: unknown, path: readonly string[]): string | undefined {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : undefined;
}
