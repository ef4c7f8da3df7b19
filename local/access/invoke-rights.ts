import type { AssemblyModel } from '../assembly/model.ts';
import { functionArnOf } from '../assembly/read-functions.ts';
import { EngineError } from '../errors.ts';
import { likeArn } from './patterns.ts';

const API_GATEWAY = 'apigateway.amazonaws.com';

interface Route {
  readonly routeKey: string;
  readonly functionArn: string;
  readonly constructPath: string;
  /** What API Gateway says it calls from. */
  readonly sourceArn: string;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html */
function routesOf({ region, account, webSocketApis, httpApis }: AssemblyModel): Route[] {
  const arn = (rest: string) => `arn:aws:execute-api:${region}:${account}:${rest}`;
  const webSocket = webSocketApis.flatMap(({ apiId, stageName, constructPath, routes }) =>
    routes.map(({ routeKey, functionArn }) => {
      return { routeKey, functionArn, constructPath, sourceArn: arn(`${apiId}/${stageName}/${routeKey}`) };
    }),
  );
  const http = httpApis.flatMap(({ apiId, stageName, constructPath, routes }) =>
    routes.map(({ routeKey, functionArn }) => {
      // `GET /a/{b}` calls from `<api>/<stage>/GET/a/{b}`.
      const path = routeKey.replace(' ', '');
      return { routeKey, functionArn, constructPath, sourceArn: arn(`${apiId}/${stageName}/${path}`) };
    }),
  );
  return [...webSocket, ...http];
}

/**
 * Checks that API Gateway may invoke the function of each route. On AWS a stack without the right deploys, and each
 * call of the route fails; here it does not start.
 *
 * @throws EngineError `access_denied`
 */
export function checkInvokeRights(model: AssemblyModel): void {
  const permissions = model.invokePermissions
    .filter(({ principal }) => principal === API_GATEWAY)
    .map(({ functionArn, sourceArn }) => ({
      functionArn: functionArnOf(functionArn, model.functions),
      covers: sourceArn === undefined ? () => true : likeArn(sourceArn),
    }));
  for (const route of routesOf(model)) {
    const isAllowed = permissions.some(
      ({ functionArn, covers }) => functionArn === route.functionArn && covers(route.sourceArn),
    );
    if (isAllowed) continue;
    throw new EngineError(
      'access_denied',
      `unable to serve the route ${route.routeKey} of ${route.constructPath}; ` +
        `no AWS::Lambda::Permission lets ${API_GATEWAY} invoke ${route.functionArn} from ${route.sourceArn}`,
    );
  }
}
