/**
 * Route selection of HTTP APIs: the most specific route wins.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
 */

export interface HttpRoute {
  /** `GET /pets/{id}`, `ANY /{proxy+}` or `$default`. */
  readonly routeKey: string;
}

export interface RouteMatch<Route extends HttpRoute> {
  readonly route: Route;
  /** Decoded values of the route's path variables. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

/** A fixed text beats a variable, and that beats a greedy one; compared segment by segment. */
const RANK = { text: 0, variable: 1, greedy: 2 } as const;

interface Compiled<Route> {
  readonly route: Route;
  readonly method: string;
  readonly segments: readonly Segment[];
}

/** @returns finds the route for a method and a decoded path; `undefined` where there is none */
export function createRouter<Route extends HttpRoute>(
  routes: readonly Route[],
): (method: string, path: string) => RouteMatch<Route> | undefined {
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  const compiled = routes
    .filter((route) => route !== fallback)
    .map(compile)
    .sort(bySpecificity);
  return (method, path) => {
    const parts = path.split('/').slice(1);
    for (const candidate of compiled) {
      if (candidate.method !== 'ANY' && candidate.method !== method) continue;
      const pathParameters = match(candidate.segments, parts);
      if (pathParameters) return { route: candidate.route, pathParameters };
    }
    return fallback && { route: fallback, pathParameters: {} };
  };
}

function compile<Route extends HttpRoute>(route: Route): Compiled<Route> {
  const [method = '', path = ''] = route.routeKey.split(' ');
  const segments = path
    .split('/')
    .slice(1)
    .map((text): Segment => {
      const variable = /^\{([^}+]+)(\+?)\}$/.exec(text);
      if (!variable) return { kind: 'text', text };
      return { kind: variable[2] ? 'greedy' : 'variable', name: variable[1] ?? '' };
    });
  return { route, method, segments };
}

function bySpecificity(a: Compiled<unknown>, b: Compiled<unknown>): number {
  for (let index = 0; index < Math.max(a.segments.length, b.segments.length); index++) {
    const left = a.segments[index];
    const right = b.segments[index];
    const difference = (left ? RANK[left.kind] : -1) - (right ? RANK[right.kind] : -1);
    if (difference !== 0) return difference;
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

function match(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.kind === 'greedy') {
      parameters[segment.name] = parts.slice(index).join('/');
      return parameters;
    }
    if (segment.kind === 'text' ? segment.text !== part : part === '') return undefined;
    if (segment.kind === 'variable') parameters[segment.name] = part;
  }
  return parts.length === segments.length ? parameters : undefined;
}
