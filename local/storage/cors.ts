/**
 * CORS of a bucket. Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { BucketModel, CorsRule } from '../assembly/model.ts';
import { StorageError } from './errors.ts';

const NOT_ALLOWED =
  'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource’s CORS spec.';
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** Headers of the answer to a preflight. @throws StorageError `BadRequest`, `AccessForbidden` */
export function preflight(
  bucket: BucketModel | undefined,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const { origin } = headers;
  const method = headers['access-control-request-method'];
  if (origin === undefined) throw new StorageError('BadRequest');
  if (method === undefined) {
    throw new StorageError('BadRequest', { message: 'Invalid Access-Control-Request-Method: null' });
  }
  if (!bucket || bucket.cors.length === 0) throw new StorageError('AccessForbidden');
  const asked = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = bucket.cors.find(
    (one) => allows(one, origin, method) && asked.every((name) => one.allowedHeaders.some(like(name))),
  );
  if (!rule) throw new StorageError('AccessForbidden', { message: NOT_ALLOWED });
  return {
    ...common(rule, origin),
    ...(asked.length > 0 && { 'access-control-allow-headers': asked.join(', ') }),
    ...(rule.maxAgeSeconds !== undefined && { 'access-control-max-age': String(rule.maxAgeSeconds) }),
  };
}

/** Headers of the answer to a request from a page; none where no rule allows its origin and method. */
export function corsHeaders(
  bucket: BucketModel | undefined,
  method: string,
  origin: string | undefined,
): Record<string, string> {
  if (origin === undefined) return {};
  const rule = bucket?.cors.find((one) => allows(one, origin, method));
  return rule ? common(rule, origin) : {};
}

function common(rule: CorsRule, origin: string): Record<string, string> {
  const isAnyone = rule.allowedOrigins.includes('*');
  return {
    'access-control-allow-origin': isAnyone ? '*' : origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(rule.exposedHeaders.length > 0 && {
      'access-control-expose-headers': rule.exposedHeaders.join(', '),
    }),
    ...(!isAnyone && { 'access-control-allow-credentials': 'true' }),
    vary: VARY,
  };
}

function allows({ allowedOrigins, allowedMethods }: CorsRule, origin: string, method: string): boolean {
  return allowedMethods.includes(method) && allowedOrigins.some(like(origin));
}

/** A pattern has at most one `*`; names of headers have no case. */
function like(text: string): (pattern: string) => boolean {
  return (pattern) => {
    const [start = '', end] = pattern.toLowerCase().split('*');
    const lower = text.toLowerCase();
    if (end === undefined) return lower === start;
    return lower.length >= start.length + end.length && lower.startsWith(start) && lower.endsWith(end);
  };
}
