/** The documents of both APIs, as files beside the bundle: a function of their own, as it needs no right and no other call needs them. */
import { join } from 'node:path';
import { serveFiles } from './files.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

export const handler = serveFiles(join(__dirname, 'files'), {
  '/api/openapi.json': { file: 'openapi.json', type: JSON_TYPE },
  '/api/asyncapi.json': { file: 'asyncapi.json', type: JSON_TYPE },
});
