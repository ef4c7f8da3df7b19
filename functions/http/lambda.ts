/** From API Gateway's payload format 2.0 to a request, and back. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { Bindings } from './app.ts';
import { errorResponse } from './errors.ts';
import { sourceOf } from './source.ts';

/** Anything that answers requests. */
type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>;

export type HttpHandler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * A Lambda handler for what answers requests. Hono's own adapter is deprecated, and answers a strange request in plain text.
 *
 * @param edgeMark what CloudFront says to the API that nobody else can; empty: no CloudFront is before it
 */
export function toLambda(fetch: Fetch, edgeMark = ''): HttpHandler {
  return async (event) => {
    const { requestId } = event.requestContext;
    const request = toRequest(event);
    const response = request
      ? await fetch(request, { requestId, source: sourceOf(event, edgeMark) })
      : errorResponse(new ParleyError('bad_request', 'answer', 'the request is not valid HTTP'));
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
      isBase64Encoded: false,
    };
  };
}

/** @returns undefined for what no request can be made of. */
function toRequest(event: APIGatewayProxyEventV2): Request | undefined {
  const { method } = event.requestContext.http;
  const query = event.rawQueryString ? `?${event.rawQueryString}` : '';
  const hasBody = event.body !== undefined && method !== 'GET' && method !== 'HEAD';
  try {
    return new Request(`https://api.invalid${toPath(event.rawPath)}${query}`, {
      method,
      headers: toHeaders(event.headers),
      ...(hasBody ? { body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8') } : {}),
    });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** API Gateway decodes the path. What an address can't hold is encoded again, or it would be cut off or taken for a slash. */
function toPath(rawPath: string): string {
  return rawPath.replace(/[^\x21-\x7e]|[?#\\]/gu, (character) =>
    encodeURIComponent(character.toWellFormed()),
  );
}

/** Without what can't stand in a header: none of it is read here. */
function toHeaders(from: Readonly<Record<string, string | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value);
  }
  return headers;
}
