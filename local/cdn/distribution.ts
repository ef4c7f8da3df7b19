/** A CloudFront distribution: finds the behaviour for a request, and has its origin answer. Nothing is kept. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { BehaviorModel, DistributionModel } from '../assembly/distribution-model.ts';
import { plainAddress } from '../gateway/address.ts';
import { type BucketOrigin, createBucketOrigin, type StorageAccess } from './bucket-origin.ts';
import { encodingFor, isPacked, packedHeaders, packer } from './compression.ts';
import {
  type EdgeFunction,
  EdgeFunctionFailed,
  type EdgeRequest,
  type EdgeResponse,
  edgeFunction,
} from './edge-function.ts';
import { changeRequest, setHeader, toEdgeRequest } from './edge-request.ts';
import { type HeadersRule, headersRule } from './headers-policy.ts';
import { pathPattern } from './path-pattern.ts';

/** An API of the stack; the rule is for the headers of what it answers. */
export type ApiOrigin = (request: IncomingMessage, response: ServerResponse, rule: HeadersRule) => void;

export interface DistributionOptions {
  readonly model: DistributionModel;
  readonly storage: StorageAccess;
  readonly apiOf: (apiId: string) => ApiOrigin | undefined;
  readonly newIdentifier: () => string;
  /** What failed on the way to an answer. */
  readonly tell: (problem: string) => void;
}

export interface Distribution {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

interface Behavior extends BehaviorModel {
  readonly matches: (path: string) => boolean;
  readonly rule: HeadersRule;
  readonly atRequest: EdgeFunction | undefined;
}

/** Belong to one hop. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);

export function createDistribution(options: DistributionOptions): Distribution {
  const { model, apiOf, newIdentifier, tell } = options;
  const buckets = createBucketOrigin(options.storage);
  const behaviors = model.behaviors.map(
    (behavior): Behavior => ({
      ...behavior,
      matches: pathPattern(behavior.pathPattern),
      rule: headersRule(behavior.headersPolicy),
      atRequest: behavior.requestFunction && edgeFunction(behavior.requestFunction),
    }),
  );

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const behavior = behaviors.find(({ matches }) => matches(path));
    if (!behavior?.methods.includes(request.method ?? '')) return refuse(request, response, 403, NOT_ALLOWED);
    if (behavior.atRequest) {
      const before = toEdgeRequest(request, path, query);
      const after = await behavior.atRequest({
        version: '1.0',
        context: {
          distributionDomainName: model.domainName,
          distributionId: model.id,
          eventType: 'viewer-request',
          requestId: newIdentifier(),
        },
        viewer: { ip: plainAddress(request.socket.remoteAddress) },
        request: before,
      });
      if (isResponse(after)) return answerEdge(request, response, after, behavior.rule);
      changeRequest(request, before, after);
    }
    await answer(behavior, request, response);
  }

  async function answer(
    behavior: Behavior,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { origin, rule } = behavior;
    const url = request.url ?? '/';
    if (origin.kind === 'bucket') {
      const [asked = '/'] = url.split('?', 1);
      const root = asked === '/' && model.defaultRootObject ? `/${model.defaultRootObject}` : asked;
      await answerFromBucket(buckets, { behavior, request, response, path: `${origin.path}${root}` });
      return;
    }
    for (const [name, value] of Object.entries(origin.headers)) setHeader(request, name, value);
    request.url = `${origin.path}${url}`;
    const api = apiOf(origin.apiId);
    if (api) api(request, response, rule);
    else refuse(request, response, 502, 'The API is not served here.');
  }

  return {
    handle(request, response) {
      serve(request, response).catch((error: unknown) => {
        tell(String(error));
        if (response.headersSent) response.destroy();
        else if (error instanceof EdgeFunctionFailed) refuse(request, response, 503, error.message);
        else refuse(request, response, 502, 'The origin does not answer.');
      });
    },
    close: () => buckets.close(),
  };
}

interface BucketAnswer {
  readonly behavior: Behavior;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

async function answerFromBucket(
  buckets: BucketOrigin,
  { behavior, request, response, path }: BucketAnswer,
): Promise<void> {
  const { origin, encodings, rule } = behavior;
  if (origin.kind !== 'bucket') return;
  request.resume();
  const { method = 'GET', headers } = request;
  const { bucket, signed } = origin;
  const found = await buckets.read({ method, bucket, path, headers, signed });
  const status = found.statusCode ?? 502;
  const own = Object.fromEntries(Object.entries(found.headers).filter(([name]) => !HOP_BY_HOP.has(name)));
  const encoding = isPacked(status, own) ? encodingFor(encodings, headers['accept-encoding']) : undefined;
  const said = encoding ? packedHeaders(own, encoding) : own;
  response.writeHead(status, {
    ...(rule(encodings.length > 0 ? { ...said, vary: 'accept-encoding' } : said) as Record<string, string>),
  });
  if (encoding && method !== 'HEAD') await pipeline(found, packer(encoding), response);
  else await pipeline(found, response);
}

function isResponse(answer: EdgeRequest | EdgeResponse): answer is EdgeResponse {
  return 'statusCode' in answer;
}

function answerEdge(
  request: IncomingMessage,
  response: ServerResponse,
  { statusCode, headers = {}, body = '' }: EdgeResponse,
  rule: HeadersRule,
): void {
  request.resume();
  const own = Object.entries(headers).map(([name, { value }]) => [name.toLowerCase(), value]);
  response.writeHead(statusCode, rule(Object.fromEntries(own)) as Record<string, string>);
  if (typeof body === 'string') response.end(body);
  else response.end(Buffer.from(body.data, body.encoding === 'base64' ? 'base64' : 'utf8'));
}

const NOT_ALLOWED =
  'This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.';

/** As CloudFront words its own errors, in short. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  request.resume();
  const body = `<!DOCTYPE HTML>\n<title>ERROR: The request could not be satisfied</title>\n<h1>${status} ERROR</h1>\n<p>${escaped(text)}</p>\n`;
  response
    .writeHead(status, {
      'content-type': 'text/html',
      'content-length': Buffer.byteLength(body),
      server: 'CloudFront',
      'x-cache': 'Error from cloudfront',
    })
    .end(request.method === 'HEAD' ? undefined : body);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
