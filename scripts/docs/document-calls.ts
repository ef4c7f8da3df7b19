/** What the function of the documents answers, as the OpenAPI document describes it. */
import * as z from 'zod/mini';
import type { Endpoint } from '../../functions/http/endpoint.ts';

/** A call as a document needs it. */
export interface DescribedCall extends Pick<Endpoint, 'specification' | 'open'> {
  /** What it answers where that is not JSON. */
  readonly type?: 'text/html';
}

const common = { method: 'GET', tag: 'Service', status: 200 } as const;

export const documentCalls: readonly DescribedCall[] = [
  {
    open: true,
    specification: {
      ...common,
      path: '/api/openapi.json',
      operation: 'read the document of the HTTP API',
      summary: 'This document (OpenAPI 3.1).',
      answer: z.looseObject({ openapi: z.string() }),
    },
  },
  {
    open: true,
    specification: {
      ...common,
      path: '/api/asyncapi.json',
      operation: 'read the document of the WebSocket API',
      summary: 'The document of the WebSocket API (AsyncAPI 3.0).',
      answer: z.looseObject({ asyncapi: z.string() }),
    },
  },
  {
    open: true,
    type: 'text/html',
    specification: {
      ...common,
      path: '/api/docs',
      operation: 'try the APIs',
      summary: 'A page to read both documents and to try them on.',
    },
  },
];
