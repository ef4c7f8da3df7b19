import { describe, expect, it } from 'vitest';
import { toLambda } from '../../functions/http/lambda.ts';
import { eventOf } from '../helper/http-app.ts';

/** Tells what request the handler made of an event. */
const echo = toLambda(async (request, { requestId }) =>
  Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
    requestId,
  }),
);

async function seen(event: ReturnType<typeof eventOf>) {
  const result = await echo(event);
  return JSON.parse(result.body ?? '');
}

describe('an event of API Gateway', () => {
  it('becomes the request that it stands for', async () => {
    const request = await seen(eventOf('POST', '/api/rooms/x/join?limit=2&limit=3', { body: { a: 'ü' } }));
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://api.invalid/api/rooms/x/join?limit=2&limit=3',
      body: '{"a":"ü"}',
      requestId: 'request-1',
    });
    expect(request.headers['content-type']).toBe('application/json');
  });

  it('has its body decoded where it comes in base64', async () => {
    const event = eventOf('POST', '/x', { raw: Buffer.from('{"a":"ü"}').toString('base64') });
    expect((await seen({ ...event, isBase64Encoded: true })).body).toBe('{"a":"ü"}');
  });

  it('keeps a path as it was sent', async () => {
    expect((await seen(eventOf('GET', '/api/rooms/%E2%82%AC/a%2Fb'))).url).toBe(
      'https://api.invalid/api/rooms/%E2%82%AC/a%2Fb',
    );
  });

  it('loses a body that GET can not have, and headers that can not be', async () => {
    const request = await seen(eventOf('GET', '/x', { raw: 'body', headers: { odd: 'a\nb', even: 'fine' } }));
    expect(request.body).toBe('');
    expect(request.headers).not.toHaveProperty('odd');
    expect(request.headers.even).toBe('fine');
  });

  it('gets an answer with status, headers and body, as text', async () => {
    const handler = toLambda(() => new Response(null, { status: 204, headers: { 'x-a': 'b' } }));
    expect(await handler(eventOf('DELETE', '/x'))).toEqual({
      statusCode: 204,
      headers: { 'x-a': 'b' },
      body: '',
      isBase64Encoded: false,
    });
  });

  it('comes from who asked CloudFront, where CloudFront says so, and nobody else', async () => {
    const source = async (edgeMark: string, headers: Record<string, string>) => {
      let found: string | undefined;
      const handler = toLambda((_, bindings) => {
        found = bindings.source;
        return new Response(null, { status: 204 });
      }, edgeMark);
      await handler(eventOf('GET', '/x', { headers }));
      return found;
    };
    const own = eventOf('GET', '/x').requestContext.http.sourceIp;
    const viewer = '2001:db8::7';
    expect(await source('mark', { 'x-origin-mark': 'mark', 'x-viewer-address': viewer })).toBe(viewer);
    expect(await source('mark', { 'x-origin-mark': 'guess', 'x-viewer-address': viewer })).toBe(own);
    expect(await source('mark', { 'x-viewer-address': viewer })).toBe(own);
    expect(await source('mark', { 'x-origin-mark': 'mark' })).toBe(own);
    expect(await source('', { 'x-origin-mark': '', 'x-viewer-address': viewer })).toBe(own);
  });
});
