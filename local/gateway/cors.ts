/**
 * CORS of HTTP APIs: with a configuration, the API answers preflights itself and its headers replace those of the integration.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { HttpApiModel } from '../assembly/model.ts';

export type CorsModel = NonNullable<HttpApiModel['cors']>;

export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Headers of the 204 that answers a preflight; none for an origin that is not allowed. */
export function preflightHeaders(cors: CorsModel, origin: string): Record<string, string> {
  const allowed = allowedOrigin(cors, origin);
  if (allowed === undefined) return {};
  return {
    'access-control-allow-origin': allowed,
    ...(cors.allowMethods.length > 0 && { 'access-control-allow-methods': cors.allowMethods.join(',') }),
    ...(cors.allowHeaders.length > 0 && { 'access-control-allow-headers': cors.allowHeaders.join(',') }),
    ...(cors.maxAgeSeconds !== undefined && { 'access-control-max-age': String(cors.maxAgeSeconds) }),
    ...(cors.allowCredentials && { 'access-control-allow-credentials': 'true' }),
  };
}

/** Headers that a response to a request with `Origin` gets. */
export function responseHeaders(cors: CorsModel, origin: string | undefined): Record<string, string> {
  const allowed = origin === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === undefined) return {};
  return {
    'access-control-allow-origin': allowed,
    ...(cors.exposeHeaders.length > 0 && { 'access-control-expose-headers': cors.exposeHeaders.join(',') }),
    ...(cors.allowCredentials && { 'access-control-allow-credentials': 'true' }),
  };
}

/** The CORS headers of an integration are ignored where the API has a configuration. */
export const isCorsHeader = (name: string): boolean => name.startsWith('access-control-');

function allowedOrigin(cors: CorsModel, origin: string): string | undefined {
  for (const allowed of cors.allowOrigins) {
    if (allowed === '*') return '*';
    if (allowed === origin) return origin;
    if (allowed.endsWith('://*') && origin.startsWith(allowed.slice(0, -1))) return origin;
  }
  return undefined;
}
