import { type Json, type JsonObject, objectOf, type TemplateResource } from './cloud-assembly.ts';
import type {
  FunctionModel,
  HttpApiModel,
  RouteThrottle,
  ThrottleModel,
  WebSocketApiModel,
  WebSocketRouteModel,
} from './model.ts';
import { functionArnOf } from './read-functions.ts';
import { type AssemblyReader, flagOf, numberOf, type ResolvedResource, textOf, textsOf } from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/** API Gateway's integration time-outs, which are also the most it allows (WebSocket) or its default (HTTP). */
const WEBSOCKET_TIMEOUT_MS = 29_000;
const HTTP_TIMEOUT_MS = 30_000;

interface Integration {
  readonly template: TemplateResource;
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly payloadFormatVersion: string;
}

/** Everything of one API, gathered by its id. */
function partsOf(reader: AssemblyReader, functions: readonly FunctionModel[]) {
  const integrations = new Map<string, Integration>();
  for (const { template, properties } of reader.ofType('AWS::ApiGatewayV2::Integration')) {
    const kind = textOf(properties.IntegrationType);
    if (kind !== 'AWS_PROXY' || properties.IntegrationSubtype !== undefined) {
      throw unsupportedProperty(
        template,
        'IntegrationType',
        `${String(kind)}; the engine runs Lambda proxies only`,
      );
    }
    const uri = String(properties.IntegrationUri);
    const arn = /\/functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? uri;
    const functionArn = functionArnOf(arn, functions);
    if (!functions.some((f) => f.arn === functionArn)) {
      throw unsupportedProperty(template, 'IntegrationUri', `${arn} is no function of this stack`);
    }
    integrations.set(`integrations/${template.logicalId}`, {
      template,
      functionArn,
      timeoutMs: numberOf(properties.TimeoutInMillis, 0),
      payloadFormatVersion: String(properties.PayloadFormatVersion ?? '1.0'),
    });
  }
  const answering = new Set(
    reader
      .ofType('AWS::ApiGatewayV2::RouteResponse')
      .filter(({ properties }) => properties.RouteResponseKey === '$default')
      .map(({ properties }) => String(properties.RouteId)),
  );
  const routesOf = (apiId: string) =>
    reader
      .ofType('AWS::ApiGatewayV2::Route')
      .filter(({ properties }) => properties.ApiId === apiId)
      .map(({ template, properties }) => {
        const authorization = textOf(properties.AuthorizationType) ?? 'NONE';
        if (authorization !== 'NONE') {
          throw unsupportedProperty(
            template,
            'AuthorizationType',
            `${authorization}; the engine runs no authorizers`,
          );
        }
        const integration = integrations.get(String(properties.Target));
        if (!integration)
          throw unsupportedProperty(template, 'Target', 'it names no integration of this stack');
        return { template, properties, integration, routeKey: String(properties.RouteKey) };
      });
  return { routesOf, answering };
}

export function readApis(reader: AssemblyReader, functions: readonly FunctionModel[]) {
  const { routesOf, answering } = partsOf(reader, functions);
  const webSocketApis: WebSocketApiModel[] = [];
  const httpApis: HttpApiModel[] = [];
  for (const api of reader.ofType('AWS::ApiGatewayV2::Api')) {
    const apiId = api.identity.ref;
    refuseProperties(api.template, {
      Body: 'the engine reads no OpenAPI documents',
      BodyS3Location: 'the engine reads no OpenAPI documents',
      Target: 'quick create is not read; declare a route and an integration',
    });
    const routes = routesOf(apiId);
    const stage = { ...api.origin, apiId, ...stageOf(reader, api) };
    if (api.properties.ProtocolType === 'WEBSOCKET') {
      webSocketApis.push({
        ...stage,
        routeSelectionExpression: textOf(api.properties.RouteSelectionExpression) ?? '$request.body.action',
        routes: routes.map(
          ({ template, properties, integration, routeKey }): WebSocketRouteModel => ({
            routeKey,
            functionArn: integration.functionArn,
            // The body travels back only where both are declared: the selection and the response.
            routeResponse:
              properties.RouteResponseSelectionExpression === '$default' && answering.has(template.logicalId),
            integrationTimeoutMs: integration.timeoutMs || WEBSOCKET_TIMEOUT_MS,
          }),
        ),
      });
    } else {
      httpApis.push({
        ...stage,
        routes: routes.map(({ integration, routeKey }) => {
          if (integration.payloadFormatVersion !== '2.0') {
            throw unsupportedProperty(
              integration.template,
              'PayloadFormatVersion',
              'the engine speaks version 2.0 only',
            );
          }
          const { functionArn, timeoutMs } = integration;
          return { routeKey, functionArn, integrationTimeoutMs: timeoutMs || HTTP_TIMEOUT_MS };
        }),
        ...corsOf(api),
      });
    }
  }
  return { webSocketApis, httpApis };
}

function stageOf(
  reader: AssemblyReader,
  api: ResolvedResource,
): { stageName: string; throttle?: ThrottleModel; accessLogFormat?: string } {
  const [stage, ...others] = reader
    .ofType('AWS::ApiGatewayV2::Stage')
    .filter(({ properties }) => properties.ApiId === api.identity.ref);
  if (!stage || others.length > 0) {
    throw unsupportedProperty(
      api.template,
      'stages',
      `one is needed, ${stage ? others.length + 1 : 0} are declared`,
    );
  }
  const throttle = throttleOf(stage.properties);
  const accessLogFormat = textOf(objectOf(stage.properties.AccessLogSettings).Format);
  return {
    stageName: String(stage.properties.StageName),
    ...(throttle && { throttle }),
    ...(accessLogFormat !== undefined && { accessLogFormat }),
  };
}

/** Settings of a route stand for the whole of the stage's: what they leave out has no limit of its own. */
function throttleOf({ DefaultRouteSettings, RouteSettings }: JsonObject): ThrottleModel | undefined {
  const read = (settings: Json | undefined): RouteThrottle => {
    const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = objectOf(settings);
    return {
      rateLimit: numberOf(rate, Number.POSITIVE_INFINITY),
      burstLimit: numberOf(burst, Number.POSITIVE_INFINITY),
    };
  };
  const routes = Object.entries(objectOf(RouteSettings)).map(([key, settings]) => [key, read(settings)]);
  const own = read(DefaultRouteSettings);
  if (routes.length === 0 && own.rateLimit === Number.POSITIVE_INFINITY) return undefined;
  return { ...own, ...(routes.length > 0 && { routes: Object.fromEntries(routes) }) };
}

function corsOf(api: ResolvedResource): Pick<HttpApiModel, 'cors'> {
  if (api.properties.CorsConfiguration === undefined) return {};
  const cors = objectOf(api.properties.CorsConfiguration);
  return {
    cors: {
      allowOrigins: textsOf(cors.AllowOrigins),
      allowMethods: textsOf(cors.AllowMethods),
      allowHeaders: textsOf(cors.AllowHeaders),
      exposeHeaders: textsOf(cors.ExposeHeaders),
      allowCredentials: flagOf(cors.AllowCredentials),
      ...(cors.MaxAge !== undefined && { maxAgeSeconds: numberOf(cors.MaxAge, 0) }),
    },
  };
}
