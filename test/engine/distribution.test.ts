import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodingFor, isPacked } from '../../local/cdn/compression.ts';
import { pathPattern } from '../../local/cdn/path-pattern.ts';
import { startEngine } from '../../local/engine.ts';
import {
  config,
  defaultBehavior,
  PAGES,
  type SiteEngine,
  startSite,
  withDistribution,
} from './distribution-helper.ts';
import { changedSample, removeFolders, type Template } from './engine-helper.ts';

const PAGE = '<!doctype html><title>page</title>';
const SCRIPT = `/* ${'long enough '.repeat(200)} */`;

let site: SiteEngine;
beforeAll(async () => {
  site = await startSite();
  const put = (Key: string, Body: string, ContentType: string) =>
    site.s3.send(new PutObjectCommand({ Bucket: PAGES, Key, Body, ContentType, CacheControl: 'no-cache' }));
  await put('open/index.html', PAGE, 'text/html');
  await put('open/app.js', SCRIPT, 'text/javascript');
  await put('open/undefinedundefined.txt', 'nothing of Node', 'text/plain');
  await put('closed/index.html', PAGE, 'text/html');
});
afterAll(async () => {
  await site?.close();
  await removeFolders();
});

const get = (path: string, init: RequestInit = {}) =>
  fetch(`${site.http}${path}`, { redirect: 'manual', ...init });

interface Event {
  readonly headers: Readonly<Record<string, string>>;
  readonly rawQueryString: string;
  readonly cookies: readonly string[];
}

describe('a distribution', () => {
  it('serves the files of its bucket, below the path of the origin', async () => {
    const response = await get('/app.js');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/javascript');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toBe(SCRIPT);
    const head = await get('/app.js', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('passes conditions and ranges on', async () => {
    const tag = (await get('/index.html')).headers.get('etag') ?? '';
    expect((await get('/index.html', { headers: { 'if-none-match': tag } })).status).toBe(304);
    const part = await get('/index.html', { headers: { range: 'bytes=1-8' } });
    expect([part.status, await part.text()]).toEqual([206, PAGE.slice(1, 9)]);
  });

  it('passes what its behaviours say on to the API, by the first pattern that fits', async () => {
    const response = await get('/api/event?a=1', {
      headers: {
        'x-secret': 'seen',
        'x-mark': 'forged',
        'x-viewer': 'forged',
        'x-kept': 'kept',
        cookie: 'b=2',
      },
    });
    const event = (await response.json()) as Event;
    expect(event.headers).toMatchObject({
      'x-mark': 'of the origin',
      'x-viewer': '127.0.0.1',
      'x-kept': 'kept',
    });
    expect(event.headers).not.toHaveProperty('x-secret');
    expect(event.rawQueryString).toBe('a=1&added=yes');
    expect(event.cookies).toEqual(['b=2', 'tasted=once']);
    expect((await get('/api/nothing-there', { method: 'DELETE' })).status).toBe(404);
  });

  it('answers 403 to a method that the behaviour does not allow', async () => {
    const response = await get('/index.html', { method: 'POST', body: 'x' });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('not configured to allow the HTTP request method');
  });

  it('has no more of the bucket than the policy of the bucket gives to this distribution', async () => {
    // Not even that there is no such file: for that it would need the right to list.
    const missing = await get('/missing.css');
    expect([missing.status, await missing.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
    const direct = await fetch(`${site.storageEndpoint}/${PAGES}/open/index.html`);
    expect(direct.status).toBe(403);
  });
});

describe('a response headers policy', () => {
  it('adds its headers, on this machine with the addresses of this machine', async () => {
    const { headers } = await get('/index.html');
    expect(headers.get('content-security-policy')).toBe(
      `connect-src 'self' ${site.storageEndpoint}/${PAGES}/ ${site.http.replace('http', 'ws')}/dev`,
    );
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=60; includeSubDomains; preload',
      'x-xss-protection': '1; mode=block',
      'x-sample': 'policy',
      'content-type': 'text/html',
    });
    expect(headers.get('x-amz-id-2')).toBe(null);
  });

  it('lets stand what the origin says where it does not override', async () => {
    const { headers } = await get('/api/event');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('x-sample')).toBe('policy');
  });
});

describe('a function of CloudFront', () => {
  it('sends a request elsewhere, or answers it', async () => {
    expect(await (await get('/any/view')).text()).toBe(PAGE);
    const moved = await get('/gone');
    expect([moved.status, moved.headers.get('location'), await moved.text()]).toEqual([
      302,
      '/viewer-request',
      'moved',
    ]);
    expect(moved.headers.get('x-sample')).toBe('policy');
  });

  it('has nothing of Node.js', async () => {
    expect(await (await get('/node')).text()).toBe('nothing of Node');
  });

  it('that fails, or returns nothing of use, is a 503', async () => {
    for (const path of ['/fails', '/nothing']) expect((await get(path)).status, path).toBe(503);
    expect(site.logs.map(({ text }) => text).join('\n')).toContain('on purpose');
  });
});

describe('compression', () => {
  it('packs what is worth it, in the best way that the viewer takes', async () => {
    const packed = async (accepted: string) => {
      const { headers, body } = await raw('/app.js', accepted);
      return { encoding: headers.get('content-encoding'), tag: headers.get('etag') ?? '', body };
    };
    const br = await packed('gzip, br');
    expect(br.encoding).toBe('br');
    expect(br.tag).toMatch(/^W\//);
    expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT);
    const gzip = await packed('gzip');
    expect(gzip.encoding).toBe('gzip');
    expect(gunzipSync(gzip.body).toString()).toBe(SCRIPT);
    expect((await packed('identity')).encoding).toBe(null);
    expect((await raw('/index.html', 'br')).headers.get('content-encoding')).toBe(null);
    // The weak tag of packed bytes is as good as the strong one.
    expect((await get('/app.js', { headers: { 'if-none-match': br.tag } })).status).toBe(304);
  });

  it('is for whole answers of some types and sizes', () => {
    const headers = { 'content-type': 'text/css; charset=utf-8', 'content-length': '1000' };
    expect(isPacked(200, headers)).toBe(true);
    expect(isPacked(206, headers)).toBe(false);
    expect(isPacked(200, { ...headers, 'content-length': '999' })).toBe(false);
    expect(isPacked(200, { ...headers, 'content-length': '10000001' })).toBe(false);
    expect(isPacked(200, { ...headers, 'content-encoding': 'gzip' })).toBe(false);
    expect(isPacked(200, { ...headers, 'content-type': 'image/png' })).toBe(false);
    expect(encodingFor(['br', 'gzip'], 'br;q=0, gzip;q=0.1')).toBe('gzip');
    expect(encodingFor(['gzip'], 'br')).toBe(undefined);
    expect(encodingFor([], 'gzip')).toBe(undefined);
  });
});

/** Without fetch, which unpacks what it gets. */
async function raw(path: string, accepted: string): Promise<{ headers: Headers; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request(`${site.http}${path}`, { headers: { 'accept-encoding': accepted } }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({
        headers: new Headers(response.headers as Record<string, string>),
        body: Buffer.concat(chunks),
      });
    })
      .once('error', reject)
      .end();
  });
}

describe('path patterns', () => {
  it.each([
    ['*', '/anything/at/all', true],
    ['/api/*', '/api/rooms/x', true],
    ['api/*', '/api/rooms/x', true],
    ['/api/*', '/API/rooms', false],
    ['/api/*', '/api', false],
    ['/health', '/health', true],
    ['/health', '/healthy', false],
    ['/a?.js', '/ab.js', true],
    ['/a?.js', '/a.js', false],
    ['/.well-known/*', '/xwell-known/jwks.json', false],
    ['*.jpg', '/deep/picture.jpg', true],
  ])('%s and %s: %s', (pattern, path, fits) => {
    expect(pathPattern(pattern)(path)).toBe(fits);
  });
});

describe('a distribution that the engine can’t serve', () => {
  type Change = (template: Template) => void;
  const inConfig =
    (properties: object): Change =>
    (template) => {
      Object.assign(config(template), properties);
    };
  const inDefault =
    (properties: object): Change =>
    (template) => {
      Object.assign(defaultBehavior(template), properties);
    };
  const inApi =
    (properties: object): Change =>
    (template) => {
      Object.assign((config(template).CacheBehaviors as object[])[0] ?? {}, properties);
    };
  const inPart =
    (id: string, path: string, properties: object): Change =>
    ({ Resources }) => {
      Object.assign(Resources[id]?.Properties[path] ?? {}, properties);
    };

  it.each<[string, string, Change]>([
    ['error pages', 'CustomErrorResponses', inConfig({ CustomErrorResponses: [{ ErrorCode: 404 }] })],
    ['groups of origins', 'OriginGroups', inConfig({ OriginGroups: { Quantity: 1, Items: [{}] } })],
    [
      'countries',
      'Restrictions',
      inConfig({ Restrictions: { GeoRestriction: { RestrictionType: 'blacklist' } } }),
    ],
    ['one that is off', 'Enabled', inConfig({ Enabled: false })],
    ['an origin elsewhere', 'Origins', inConfig({ Origins: [{ Id: 'pages', DomainName: 'example.com' }] })],
    ['Lambda@Edge', 'LambdaFunctionAssociations', inDefault({ LambdaFunctionAssociations: [{}] })],
    ['signed addresses', 'TrustedKeyGroups', inDefault({ TrustedKeyGroups: ['x'] })],
    ['settings of old', 'ForwardedValues', inDefault({ ForwardedValues: {} })],
    ['a foreign cache policy', 'CachePolicyId', inDefault({ CachePolicyId: 'x' })],
    ['a foreign headers policy', 'ResponseHeadersPolicyId', inDefault({ ResponseHeadersPolicyId: 'x' })],
    ['more for a bucket', 'OriginRequestPolicyId', inDefault({ OriginRequestPolicyId: 'x' })],
    ['less for an API', 'OriginRequestPolicyId', inApi({ OriginRequestPolicyId: undefined })],
    ['kept answers of an API', 'CachePolicyId', inApi({ CachePolicyId: { Ref: 'Cache' } })],
    [
      'functions on the way back',
      'FunctionAssociations',
      inDefault({ FunctionAssociations: [{ EventType: 'viewer-response', FunctionARN: 'x' }] }),
    ],
    [
      'CORS of its own',
      'CorsConfig',
      inPart('Headers', 'ResponseHeadersPolicyConfig', { CorsConfig: { OriginOverride: true } }),
    ],
    [
      'stores of functions',
      'KeyValueStoreAssociations',
      inPart('Paths', 'FunctionConfig', { KeyValueStoreAssociations: [{}] }),
    ],
    [
      'signatures now and then',
      'SigningBehavior',
      inPart('Access', 'OriginAccessControlConfig', { SigningBehavior: 'no-override' }),
    ],
    [
      'a second one',
      'DistributionConfig',
      ({ Resources }) => {
        Resources.Another = { ...Resources.Site, Type: 'AWS::CloudFront::Distribution', Properties: {} };
      },
    ],
  ])('is refused by name: %s', async (_, name, change) => {
    const assemblyDirectory = await changedSample((template) => {
      withDistribution(template);
      change(template);
    });
    await expect(startEngine({ assemblyDirectory, logLevel: 'error' })).rejects.toMatchObject({
      code: 'property_unsupported',
      message: expect.stringMatching(new RegExp(`AWS::CloudFront::\\w+ \\w+ .*; ${name}: `)),
    });
  });
});

describe('the engine', () => {
  it('lets CloudFront in by the policy of the bucket alone', async () => {
    const foreign = await startSite((template) => {
      const policy = template.Resources.PagesPolicy?.Properties.PolicyDocument as {
        Statement: { Condition: object }[];
      };
      for (const statement of policy.Statement)
        statement.Condition = { StringEquals: { 'AWS:SourceArn': 'arn:aws:cloudfront::1:distribution/E1' } };
    });
    try {
      await foreign.s3.send(new PutObjectCommand({ Bucket: PAGES, Key: 'open/index.html', Body: PAGE }));
      expect((await fetch(`${foreign.http}/index.html`)).status).toBe(403);
    } finally {
      await foreign.close();
    }
  });

  it('tells its own address as that of the distribution', async () => {
    expect(site.outputs.Site).toBe(site.http);
  });
});
