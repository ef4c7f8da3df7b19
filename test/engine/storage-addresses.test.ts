import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolders, temporaryFolder } from './engine-helper.ts';
import { CLOSED, FILES, ORIGIN, postForm, type StorageEngine, startStorage, told } from './storage-helper.ts';

let engine: StorageEngine;

beforeAll(async () => {
  engine = await startStorage();
  await engine.s3.send(
    new PutObjectCommand({ Bucket: FILES, Key: 'a b', Body: 'hello', ContentType: 'text/html' }),
  );
});
afterAll(async () => {
  await engine?.close();
  await removeFolders();
});

const stored = async (Key: string) => {
  const { Body, ...rest } = await engine.s3.send(new GetObjectCommand({ Bucket: FILES, Key }));
  return { ...rest, text: await Body?.transformToString() };
};

describe('a presigned address', () => {
  it('opens an object to whoever has it, with the headers that it names', async () => {
    const url = await engine.address('GetObject', {
      Bucket: FILES,
      Key: 'a b',
      ResponseContentDisposition: 'attachment; filename="a b.txt"',
      ResponseContentType: 'application/octet-stream',
    });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="a b.txt"');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('works with curl, which resolves no name', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), 'by curl');
    const curl = (...args: string[]) => promisify(execFile)('curl', ['-sS', ...args]);
    await curl('-T', join(folder, 'file'), await engine.address('PutObject', { Bucket: FILES, Key: 'curl' }));
    const { stdout } = await curl(
      '-r',
      '3-',
      await engine.address('GetObject', { Bucket: FILES, Key: 'curl' }),
    );
    expect(stdout).toBe('curl');
  });

  it('is good for its time only', async () => {
    const url = await engine.address(
      'GetObject',
      { Bucket: FILES, Key: 'a b' },
      { options: { expiresIn: 1 } },
    );
    expect((await fetch(url)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await told(await fetch(url))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: 'Request has expired',
    });
  });

  it('is good for what was signed only', async () => {
    const url = await engine.address('GetObject', { Bucket: FILES, Key: 'a b' });
    const refusals = [
      url.replace('a%20b', 'other'),
      url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=90000'),
      `${url}&response-content-type=text%2Fhtml`,
    ];
    for (const changed of refusals) {
      expect(await told(await fetch(changed))).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    }
    expect(await told(await fetch(url, { method: 'PUT', body: 'x' }))).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    expect(await told(await fetch(url, { headers: { 'x-amz-acl': 'public-read' } }))).toMatchObject({
      status: 403,
      message: 'There were headers present in the request which were not signed',
    });
    const twice = await fetch(url, { headers: { authorization: 'Bearer x' } });
    expect(await told(twice)).toMatchObject({ status: 400, code: 'InvalidArgument' });
    const unknown = url.replace(/ASIA\w+/, 'ASIAUNKNOWN');
    expect(await told(await fetch(unknown))).toMatchObject({ status: 403, code: 'InvalidAccessKeyId' });
    const long = url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801');
    expect(await told(await fetch(long))).toMatchObject({
      status: 400,
      code: 'AuthorizationQueryParametersError',
    });
    const tokenless = url.replace(/X-Amz-Security-Token=[^&]+/, 'X-Amz-Security-Token=x');
    expect(await told(await fetch(tokenless))).toMatchObject({ status: 400, code: 'InvalidToken' });
    const bare = await told(await fetch(url.split('?')[0] ?? ''));
    expect(bare).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  it('gives no more than the role of its signer has', async () => {
    const url = await engine.address('PutObject', { Bucket: CLOSED, Key: 'x' });
    expect(await told(await fetch(url, { method: 'PUT', body: 'x' }))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: expect.stringContaining('s3:PutObject'),
    });
  });

  it('holds the client to the headers that were signed', async () => {
    const url = await engine.address(
      'PutObject',
      { Bucket: FILES, Key: 'signed', ContentType: 'image/png', ContentLength: 3 },
      { options: { signableHeaders: ['content-type', 'content-length'] } },
    );
    const put = (type: string, body: string) =>
      fetch(url, { method: 'PUT', body, headers: { 'content-type': type } }).then(told);
    expect(await put('text/html', 'abc')).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(await put('image/png', 'abcd')).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(await put('image/png', 'abc')).toMatchObject({ status: 200 });
    expect(await stored('signed')).toMatchObject({ ContentType: 'image/png', text: 'abc' });
  });
});

describe('a form', () => {
  const conditions = (more: unknown[] = []) => ({
    Bucket: FILES,
    Key: 'form',
    Conditions: [['content-length-range', 2, 10], ['eq', '$Content-Type', 'text/plain'], ...more],
    Fields: { 'Content-Type': 'text/plain' },
    Expires: 60,
  });

  it('puts a file under the key and with the headers that were signed', async () => {
    const form = await engine.form(conditions([['starts-with', '$x-amz-meta-who', 'al']]));
    const sent = await postForm({ ...form, fields: { ...form.fields, 'x-amz-meta-who': 'alice' } }, 'hello');
    expect(sent.status).toBe(204);
    expect(sent.response.headers.get('etag')).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(await stored('form')).toMatchObject({
      ContentType: 'text/plain',
      Metadata: { who: 'alice' },
      text: 'hello',
    });
  });

  it('answers as it wishes', async () => {
    const wish = async (name: string, value: string) => {
      const form = await engine.form({ ...conditions([['eq', `$${name}`, value]]) });
      return postForm({ ...form, fields: { ...form.fields, [name]: value } }, 'hello');
    };
    const created = await wish('success_action_status', '201');
    expect([created.status, created.text]).toEqual([201, expect.stringContaining('<Key>form</Key>')]);
    expect((await wish('success_action_status', '200')).status).toBe(200);
    const redirected = await wish('success_action_redirect', 'http://127.0.0.1/done?x=1');
    expect(redirected.status).toBe(303);
    expect(redirected.response.headers.get('location')).toMatch(
      /^http:\/\/127.0.0.1\/done\?x=1&bucket=sample-files&key=form&etag=/,
    );
  });

  it('takes the file’s own name where the key asks for it', async () => {
    const form = await engine.form({
      Bucket: FILES,
      Key: `named/\${filename}`,
      Conditions: [['starts-with', '$key', 'named/']],
    });
    expect(await postForm(form, 'hello')).toMatchObject({ status: 204 });
    expect(await stored('named/a file.txt')).toMatchObject({ text: 'hello' });
  });

  it('keeps to the size that was signed', async () => {
    const form = await engine.form(conditions());
    expect(await postForm(form, 'x')).toMatchObject({ status: 400, code: 'EntityTooSmall' });
    const large = await postForm(form, 'x'.repeat(11));
    expect(large).toMatchObject({ status: 400, code: 'EntityTooLarge' });
    expect(large.text).toContain('<MaxSizeAllowed>10</MaxSizeAllowed>');
    expect(await postForm(form, 'x'.repeat(10))).toMatchObject({ status: 204 });
  });

  it('keeps to every condition, and to nothing that has none', async () => {
    const { url, fields } = await engine.form(conditions());
    const refused = async (changes: Record<string, string>) =>
      (await postForm({ url, fields: { ...fields, ...changes } }, 'hello')).message;
    expect(await refused({ key: 'other' })).toMatch(
      /^Invalid according to Policy: Policy Condition failed: \[.*key.*form/,
    );
    expect(await refused({ 'Content-Type': 'text/html' })).toMatch(/Policy Condition failed/);
    expect(await refused({ acl: 'private' })).toBe('Invalid according to Policy: Extra input fields: acl');
    expect(await refused({ 'x-amz-meta-a': '1' })).toBe(
      'Invalid according to Policy: Extra input fields: x-amz-meta-a',
    );
    expect((await postForm({ url, fields: { ...fields, 'x-ignore-this': '1' } }, 'hello')).status).toBe(204);
    // The same policy at another bucket.
    const elsewhere = await postForm({ url: url.replace(FILES, CLOSED), fields }, 'hello');
    expect(elsewhere).toMatchObject({
      status: 403,
      message: expect.stringContaining('Policy Condition failed'),
    });
  });

  it('is good for its time, its signature and its role only', async () => {
    const { url, fields } = await engine.form(conditions());
    const forged = await postForm({ url, fields: { ...fields, 'X-Amz-Signature': '0'.repeat(64) } }, 'hello');
    expect(forged).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    const widened = JSON.parse(Buffer.from(fields.Policy ?? '', 'base64').toString());
    widened.expiration = '2099-01-01T00:00:00Z';
    const Policy = Buffer.from(JSON.stringify(widened)).toString('base64');
    expect(await postForm({ url, fields: { ...fields, Policy } }, 'hello')).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    const short = await engine.form({ ...conditions(), Expires: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await postForm(short, 'hello')).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Policy expired.',
    });
    const sealed = await engine.form({ Bucket: FILES, Key: 'sealed/x' });
    expect(await postForm(sealed, 'hello')).toMatchObject({
      status: 403,
      message: expect.stringContaining('s3:PutObject'),
    });
    const unsigned = await postForm({ url, fields: { key: 'form' } }, 'hello');
    expect(unsigned).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  it('is one file after its fields', async () => {
    const { url, fields } = await engine.form(conditions());
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    expect(await told(await fetch(url, { method: 'POST', body }))).toMatchObject({
      status: 400,
      code: 'InvalidArgument',
      message: 'POST requires exactly one file upload per request.',
    });
    expect(await postForm({ url, fields: { ...fields, large: 'x'.repeat(30_000) } }, 'hello')).toMatchObject({
      status: 400,
      code: 'MaxPostPreDataLengthExceeded',
    });
    const broken = await fetch(url, {
      method: 'POST',
      body: 'no form',
      headers: { 'content-type': 'multipart/form-data' },
    });
    expect(await told(broken)).toMatchObject({ status: 400, code: 'MalformedPOSTRequest' });
  });
});

describe('a page of another origin', () => {
  const preflight = (origin: string, headers: Record<string, string>) =>
    fetch(`${engine.storageEndpoint}/${FILES}/a`, { method: 'OPTIONS', headers: { origin, ...headers } });

  it('is told beforehand what the bucket’s rules allow', async () => {
    const allowed = await preflight(ORIGIN, {
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type, x-amz-meta-a',
    });
    expect(allowed.status).toBe(200);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, PUT, POST',
      'access-control-allow-headers': 'content-type, x-amz-meta-a',
      'access-control-max-age': '300',
      'access-control-expose-headers': 'ETag',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    });
    const other = await preflight('https://chat.example.com', { 'access-control-request-method': 'GET' });
    expect(other.headers.get('access-control-allow-origin')).toBe('https://chat.example.com');
    for (const [origin, method, headers] of [
      ['http://evil.test', 'PUT', ''],
      [ORIGIN, 'DELETE', ''],
      [ORIGIN, 'PUT', 'authorization'],
    ] as const) {
      const refused = await preflight(origin, {
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      });
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    }
    const closed = await fetch(`${engine.storageEndpoint}/${CLOSED}/a`, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'GET' },
    });
    expect(await told(closed)).toMatchObject({ status: 403, code: 'AccessForbidden' });
  });

  it('may read answers and errors where a rule allows it, and no others', async () => {
    const url = await engine.address('GetObject', { Bucket: FILES, Key: 'a b' });
    const headersFor = async (address: string, origin: string) =>
      (await fetch(address, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await headersFor(url, ORIGIN)).toBe(ORIGIN);
    expect(await headersFor(`${url}x`, ORIGIN)).toBe(ORIGIN);
    expect(await headersFor(url, 'http://evil.test')).toBe(null);
    const form = await engine.form({ Bucket: FILES, Key: 'cors' });
    const { response } = await postForm(form, 'hello', { origin: ORIGIN });
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  });
});
