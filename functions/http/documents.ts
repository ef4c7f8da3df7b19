/**
 * The documents of both APIs and the page to try them on, as files beside the bundle: a function of their own, as it needs no right
 * and no other call needs them.
 */
import { join } from 'node:path';
import { ENV } from '../../shared/environment.ts';
import { type Served, serveFiles } from './files.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const TYPES = { js: 'text/javascript', css: 'text/css', txt: 'text/plain', json: JSON_TYPE } as const;

/** What the page loads, each under `/api/docs/`. */
const PARTS = [
  'page.js',
  'page.css',
  'swagger-ui.js',
  'swagger-ui.css',
  'asyncapi.js',
  'asyncapi.css',
  'asyncapi.parsed.json',
  'licenses.txt',
] as const;

/** The files by path. @param webSocketUrl where the page finds the sockets, unless it runs on the engine */
export function documentFiles(webSocketUrl: string): Record<string, Served> {
  const parts = PARTS.map((file) => {
    const type = TYPES[file.slice(file.lastIndexOf('.') + 1) as keyof typeof TYPES];
    return [`/api/docs/${file}`, { file, type }] as const;
  });
  return {
    '/api/openapi.json': { file: 'openapi.json', type: JSON_TYPE },
    '/api/asyncapi.json': { file: 'asyncapi.json', type: JSON_TYPE },
    '/api/docs': {
      file: 'page.html',
      type: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': securityPolicy(webSocketUrl), 'referrer-policy': 'no-referrer' },
    },
    '/api/docs/settings.json': { text: JSON.stringify({ webSocketUrl }), type: JSON_TYPE },
    ...Object.fromEntries(parts),
  };
}

/** Nothing from elsewhere, no script or style in the page's own text, and no page that shows this one. */
function securityPolicy(webSocketUrl: string): string {
  const sockets = URL.canParse(webSocketUrl) ? ` ${new URL(webSocketUrl).origin}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export const handler = serveFiles(
  join(__dirname, 'files'),
  documentFiles(process.env[ENV.webSocketUrl] ?? ''),
);
