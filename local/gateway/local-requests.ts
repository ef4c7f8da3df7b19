/** Requests for the engine's own addresses, `/_local/…`, at whichever gateway they come in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './body.ts';

export interface LocalCall {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** `body` is JSON. */
export interface LocalAnswer {
  readonly status: number;
  readonly body: string;
}

/** No fault plan is nearly as large. */
const BODY_BYTES = 1024 * 1024;

export function answerLocal(
  request: IncomingMessage,
  response: ServerResponse,
  ask: (call: LocalCall) => Promise<LocalAnswer>,
): void {
  const { method = 'GET', url = '' } = request;
  readBody(request, BODY_BYTES, (bytes) => {
    void ask({ method, url, body: bytes?.toString('utf8') ?? '' }).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
}
