/** Files of a folder over HTTP: kept packed, told when nothing changed, and nothing else of the folder reachable. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { HTTP_STATUS, ParleyError } from '../../shared/protocol/errors.ts';

/** What is served under a path, and how. */
export type Served = (
  | {
      /** Name of a file in the folder, without the `.gz` that it has there. */
      readonly file: string;
    }
  | {
      /** What is known only where it runs. */
      readonly text: string;
    }
) & {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
};

interface Packed {
  readonly bytes: Buffer;
  readonly tag: string;
}

/** Seconds that a browser may keep a file without asking: short, as a deployment changes it under the same name. */
const CACHE_CONTROL = 'public, max-age=300';

/**
 * @param folder holds each file as `<name>.gz`
 * @param files what is served, by path
 * @returns a handler of API Gateway's payload format 2.0, for GET and HEAD alike
 */
export function serveFiles(folder: string, files: Readonly<Record<string, Served>>) {
  const loaded = new Map<Served, Packed>();

  function load(served: Served): Packed {
    const known = loaded.get(served);
    if (known) return known;
    const bytes = 'text' in served ? gzipSync(served.text) : readFileSync(join(folder, `${served.file}.gz`));
    const packed = { bytes, tag: createHash('sha256').update(bytes).digest('base64url').slice(0, 22) };
    loaded.set(served, packed);
    return packed;
  }

  return async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const path = event.rawPath.replace(/(.)\/+$/, '$1');
    const { method } = event.requestContext.http;
    const served = isRead(method) && Object.hasOwn(files, path) ? files[path] : undefined;
    const common = { 'x-request-id': event.requestContext.requestId, 'x-content-type-options': 'nosniff' };
    if (!served) return refuse(common);
    const { bytes, tag } = load(served);
    const packed = takesGzip(event.headers['accept-encoding']);
    // A tag for each form: one that a cache keeps must not be taken for the other.
    const etag = `"${tag}${packed ? '-gzip' : ''}"`;
    const headers = { ...common, 'cache-control': CACHE_CONTROL, etag, vary: 'accept-encoding' };
    if (event.headers['if-none-match']?.includes(etag)) return { statusCode: 304, headers };
    const whole = {
      statusCode: 200,
      headers: {
        ...headers,
        'content-type': served.type,
        ...served.headers,
        ...(packed && { 'content-encoding': 'gzip' }),
      },
    };
    if (method === 'HEAD') return whole;
    return packed
      ? { ...whole, body: bytes.toString('base64'), isBase64Encoded: true }
      : { ...whole, body: gunzipSync(bytes).toString('utf8') };
  };
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** RFC 9110, section 12.5.3: named, and not with a weight of nothing. */
function takesGzip(header: string | undefined): boolean {
  return /(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[\d.]+\s*)?(,|$)/i.test(header ?? '');
}

function refuse(headers: Readonly<Record<string, string>>): APIGatewayProxyStructuredResultV2 {
  const refusal = new ParleyError('not_found', 'answer', 'there is no such call');
  return {
    statusCode: HTTP_STATUS.not_found,
    headers: { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ error: refusal.toWire() }),
  };
}
