import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFiles } from '../../functions/http/files.ts';
import { eventOf } from '../helper/http-app.ts';

let folder: string;
let handler: ReturnType<typeof serveFiles>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-files-'));
  await writeFile(join(folder, 'page.html.gz'), gzipSync('<p>ü</p>'));
  await writeFile(join(folder, 'secret.txt.gz'), gzipSync('no'));
  handler = serveFiles(folder, {
    '/api/page': { file: 'page.html', type: 'text/html; charset=utf-8', headers: { 'x-more': 'yes' } },
  });
});
afterAll(() => rm(folder, { recursive: true }));

const ask = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<APIGatewayProxyStructuredResultV2> => handler(eventOf(method, path, { headers }));

describe('files', () => {
  it('come packed to who unpacks, and plain to who does not', async () => {
    const plain = await ask('GET', '/api/page');
    expect(plain).toMatchObject({ statusCode: 200, body: '<p>ü</p>' });
    expect(plain.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'x-more': 'yes' });
    expect(plain.headers).not.toHaveProperty('content-encoding');
    const packed = await ask('GET', '/api/page/', { 'accept-encoding': 'br;q=1, gzip;q=0.8' });
    expect(packed).toMatchObject({ statusCode: 200, isBase64Encoded: true });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(Buffer.from(packed.body ?? '', 'base64')).toString()).toBe('<p>ü</p>');
  });

  it.each(['identity', 'gzip;q=0', 'gzip; q=0.0', 'br, gzip;q=0 , x', 'xgzip'])(
    'are not packed for `%s`',
    async (accept) => {
      expect((await ask('GET', '/api/page', { 'accept-encoding': accept })).body).toBe('<p>ü</p>');
    },
  );

  it('are not sent again to who has them, in each form', async () => {
    for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
      const first = await ask('GET', '/api/page', headers);
      const etag = String(first.headers?.etag);
      const again = await ask('GET', '/api/page', { ...headers, 'if-none-match': `"other", ${etag}` });
      expect(again).toMatchObject({ statusCode: 304, headers: { etag } });
      expect(again.body).toBeUndefined();
      expect((await ask('GET', '/api/page', { ...headers, 'if-none-match': '"other"' })).statusCode).toBe(
        200,
      );
    }
  });

  it('have no body for HEAD', async () => {
    const head = await ask('HEAD', '/api/page');
    expect(head).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(head.body).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('have no call %s', async (method) => {
    expect((await ask(method, '/api/page')).statusCode).toBe(404);
  });

  it('P8: show nothing of the folder but what is listed', async () => {
    for (const path of [
      '/api/secret.txt',
      '/secret.txt',
      '/api/page/../secret.txt',
      '/constructor',
      '/api/page.html',
      '/',
    ]) {
      const answer = await ask('GET', path);
      expect(answer.statusCode, path).toBe(404);
      expect(JSON.parse(answer.body ?? '')).toEqual({
        error: { code: 'not_found', message: 'unable to answer; there is no such call' },
      });
    }
  });
});
