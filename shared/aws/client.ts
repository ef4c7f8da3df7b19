/**
 * Signed calls to AWS over a kept-alive pool: what the hot path of every message uses for DynamoDB and `PostToConnection`.
 *
 * The SDK's own clients cost several times the CPU for the same bytes (measured by `npm run bench:post`), and a message costs
 * a handful of table calls and one post per connection. `sign.ts` signs, `undici` keeps the connections.
 */
import type { Dispatcher } from 'undici';
// By path: the package's entry would bring its fetch, its caches and its mocks into every bundle, 260 KB.
import errors from 'undici/lib/core/errors.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import {
  canonicalPathOf,
  canonicalQueryOf,
  createSigner,
  credentialsOf,
  encodeSegment,
  type Sign,
  sha256,
} from './sign.ts';

/** An answer as it came: the status and the whole body. */
export interface AwsResponse {
  readonly status: number;
  readonly body: string;
}

export interface AwsRequest {
  /** Signing name of the service: `dynamodb`, `execute-api`, `lambda`. */
  readonly service: string;
  /** Scheme and host, for example `https://dynamodb.eu-central-1.amazonaws.com`. */
  readonly origin: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, percent-encoded. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Milliseconds until the call is given up. */
  readonly timeoutMs: number;
}

export type AwsSend = (request: AwsRequest) => Promise<AwsResponse>;

/** The call got no answer: refused, reset or out of time. Whether it took effect is not known. */
export class AwsUnreachable extends Error {
  override readonly name = 'AwsUnreachable';
}

/** Idle connections are closed by AWS after about 20 seconds; ours go first, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 15_000;
/** Connections to one host: enough for a room's posts at once, few enough for a small Lambda. */
const CONNECTIONS_PER_HOST = 64;

/**
 * A sender that signs with the credentials in the environment (which Lambda fixes for the life of an execution environment).
 *
 * @throws {AwsUnreachable} from each call that gets no answer.
 */
export function createAwsSend(environment: Readonly<Record<string, string | undefined>>): AwsSend {
  const agent = new Agent({
    connections: CONNECTIONS_PER_HOST,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
  });
  const region = environment.AWS_REGION ?? 'us-east-1';
  const credentials = credentialsOf(environment);
  const signers = new Map<string, Sign>();
  const hosts = new Map<string, string>();

  function signerOf(service: string): Sign {
    const sign = signers.get(service) ?? createSigner(region, service, credentials);
    signers.set(service, sign);
    return sign;
  }

  function hostOf(origin: string): string {
    const host = hosts.get(origin) ?? new URL(origin).host;
    hosts.set(origin, host);
    return host;
  }

  return ({ service, origin, method, path, headers = {}, body = '', timeoutMs }) => {
    const mark = path.indexOf('?');
    const bodyHash = sha256(body);
    const signed = signerOf(service)({
      method,
      host: hostOf(origin),
      ...(mark < 0
        ? { canonicalPath: signedPath(service, path) }
        : {
            canonicalPath: signedPath(service, path.slice(0, mark)),
            canonicalQuery: canonicalQueryOf(path.slice(mark + 1)),
          }),
      headers: service === 's3' ? { ...headers, 'x-amz-content-sha256': bodyHash } : headers,
      bodyHash,
      now: Date.now(),
    });
    return dispatch(agent, service, {
      origin,
      path,
      method,
      headers: signed,
      body: body === '' ? null : body,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  };
}

/** S3 alone signs a path as it is, and wants the hash of the body told. */
function signedPath(service: string, path: string): string {
  if (service !== 's3') return canonicalPathOf(path);
  return path
    .split('/')
    .map((segment) => encodeSegment(decodeURIComponent(segment)))
    .join('/');
}

/** Without the stream that `request` makes of each body: an answer is small and wanted whole. */
function dispatch(
  agent: Dispatcher,
  service: string,
  options: Dispatcher.DispatchOptions,
): Promise<AwsResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    agent.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_, statusCode) {
        status = statusCode;
      },
      onResponseData(_, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const [only] = chunks;
        const whole = only && chunks.length === 1 ? only : Buffer.concat(chunks);
        resolve({ status, body: whole.toString('utf8') });
      },
      onResponseError(_, error) {
        const unanswered = error instanceof errors.UndiciError || isSocketError(error);
        reject(unanswered ? new AwsUnreachable(`no answer from ${service}`, { cause: error }) : error);
      },
    });
  });
}

function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

/** Services by their signing name, which is also their host's, with the name that the SDKs' variables give them. */
const SERVICE_VARIABLES = {
  dynamodb: 'DYNAMODB',
  lambda: 'LAMBDA',
  secretsmanager: 'SECRETS_MANAGER',
  sns: 'SNS',
  sqs: 'SQS',
} as const;

/** The address of a service: what the environment overrides, as the SDKs read it, else AWS's own. */
export function serviceOrigin(
  service: keyof typeof SERVICE_VARIABLES,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const override =
    environment[`AWS_ENDPOINT_URL_${SERVICE_VARIABLES[service]}`] ?? environment.AWS_ENDPOINT_URL;
  return override ?? `https://${service}.${environment.AWS_REGION ?? 'us-east-1'}.amazonaws.com`;
}
