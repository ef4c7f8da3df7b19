/** Posts to single connections through API Gateway's `@connections`, over a kept-alive pool. */
import type { Dispatcher } from 'undici';
// By path, as in shared/aws/client.ts: the package's entry is three times the size.
import errors from 'undici/lib/core/errors.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import { canonicalPathOf, createSigner, credentialsOf, encodeSegment, sha256 } from '../aws/sign.ts';
import { isLoopback } from './loopback.ts';

/** A socket as `@connections` knows it. */
export interface Target {
  readonly connection: string;
  /** Base address, no slash at its end. */
  readonly callback: string;
}

/** A frame's bytes with their hash, computed once for all connections that get it. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * What became of a request. `done`: it took effect. `gone`: there is no such connection. `again`: it may succeed later (throttled,
 * a full buffer, a failure there, no answer in time). `refused`: it never will, and that is not the connection's fault.
 */
export type Outcome = 'done' | 'gone' | 'again' | 'refused';

export interface Poster {
  post(target: Target, payload: Payload): Promise<Outcome>;
  /** Closes the connection. */
  close(target: Target): Promise<Outcome>;
}

/** An answer takes milliseconds; past this time the post is taken for lost. */
export const POST_TIMEOUT_MS = 2_000;
/** Sockets to one host: more than are in flight by plan (lane.ts), so that posts which hang do not hold up others. */
const CONNECTIONS_PER_HOST = 256;
/** Idle connections are closed by AWS after about 20 seconds; ours go first, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 15_000;

export function createPayload(text: string): Payload {
  const bytes = Buffer.from(text);
  return { bytes, sha256: sha256(bytes) };
}

/** `@connections` belongs to this service, whatever the domain. */
const SERVICE = 'execute-api';

const NO_BODY: Payload = createPayload('');

/** What all connections of one API have in common. */
interface Api {
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly canonicalPath: string;
  /** One process of this machine, which holds both the API's port and the sockets of its clients. */
  readonly oneProcess: boolean;
}

/**
 * @param environment region and credentials, as Lambda gives them to a function.
 * @param options.now epoch milliseconds, for signatures.
 */
export function createPoster(
  environment: Readonly<Record<string, string | undefined>>,
  options: { readonly now?: () => number; readonly timeoutMs?: number } = {},
): Poster {
  const now = options.now ?? Date.now;
  const timeout = options.timeoutMs ?? POST_TIMEOUT_MS;
  const agent = new Agent({
    connections: CONNECTIONS_PER_HOST,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
  const sign = createSigner(environment.AWS_REGION ?? 'us-east-1', SERVICE, credentialsOf(environment));
  const apis = new Map<string, Api>();

  function apiOf(callback: string): Api {
    const known = apis.get(callback);
    if (known) return known;
    const url = new URL(callback);
    const path = `${url.pathname.replace(/\/$/, '')}/@connections/`;
    const api = {
      origin: url.origin,
      host: url.host,
      path,
      canonicalPath: canonicalPathOf(path),
      oneProcess: isLoopback(url.host),
    };
    apis.set(callback, api);
    return api;
  }

  function request(method: 'POST' | 'DELETE', target: Target, payload: Payload): Promise<Outcome> {
    const api = apiOf(target.callback);
    const id = encodeSegment(target.connection);
    const headers = sign({
      method,
      host: api.host,
      canonicalPath: api.canonicalPath + encodeSegment(id),
      bodyHash: payload.sha256,
      now: now(),
    });
    const sent = {
      origin: api.origin,
      path: api.path + id,
      method,
      headers,
      body: method === 'POST' ? payload.bytes : null,
    };
    return dispatch(agent, sent, api.oneProcess);
  }

  return {
    post: (target, payload) => request('POST', target, payload),
    close: (target) => request('DELETE', target, NO_BODY),
  };
}

/** Sends, and looks at the status alone: no stream is made for a body that nobody reads. */
function dispatch(
  agent: Dispatcher,
  options: Dispatcher.DispatchOptions,
  oneProcess: boolean,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0;
    agent.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_, statusCode) {
        status = statusCode;
      },
      onResponseData() {},
      onResponseEnd() {
        resolve(outcomeOf(status));
      },
      onResponseError(_, error) {
        resolve(outcomeOfError(error, oneProcess));
      },
    });
  });
}

/**
 * On AWS a port where nobody listens passes: API Gateway is many machines. Where one process holds the port and the sockets it is
 * dead, and they with it: nothing to wait for, as the clients know already and come back (P4).
 */
function outcomeOfError(error: Error & { readonly code?: string }, oneProcess: boolean): Outcome {
  if (error instanceof errors.InvalidArgumentError) return 'refused';
  return oneProcess && error.code === 'ECONNREFUSED' ? 'gone' : 'again';
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'done';
  if (status === 410) return 'gone';
  return status === 429 || status >= 500 ? 'again' : 'refused';
}
