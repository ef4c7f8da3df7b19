/** The documents of both APIs, as `npm run docs` made them. */
import * as z from 'zod/mini';
import asyncApi from '../../docs/api/asyncapi.json' with { type: 'json' };
import openApi from '../../docs/api/openapi.json' with { type: 'json' };
import { openEndpoint } from './endpoint.ts';

const common = { method: 'GET', tag: 'Service', status: 200, cache: 'public, max-age=300' } as const;

const httpDocument = openEndpoint(
  {
    ...common,
    path: '/api/openapi.json',
    operation: 'read the document of the HTTP API',
    summary: 'This document (OpenAPI 3.1).',
    answer: z.looseObject({ openapi: z.string() }),
  },
  async () => openApi,
);

const socketDocument = openEndpoint(
  {
    ...common,
    path: '/api/asyncapi.json',
    operation: 'read the document of the WebSocket API',
    summary: 'The document of the WebSocket API (AsyncAPI 3.0).',
    answer: z.looseObject({ asyncapi: z.string() }),
  },
  async () => asyncApi,
);

export const documentEndpoints = [httpDocument, socketDocument];
