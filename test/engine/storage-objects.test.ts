import { request } from 'node:http';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolders } from './engine-helper.ts';
import { CLOSED, FILES, type StorageEngine, startStorage } from './storage-helper.ts';

let engine: StorageEngine;

beforeAll(async () => {
  engine = await startStorage();
});
afterAll(async () => {
  await engine?.close();
  await removeFolders();
});

const put = (Key: string, Body = 'hello', more: object = {}) =>
  engine.s3.send(new PutObjectCommand({ Bucket: FILES, Key, Body, ...more }));

describe('a function at S3', () => {
  it('puts, gets, looks at, copies and deletes objects', async () => {
    const parameters = { Bucket: FILES, Key: 'a/grüße & <co>.txt' };
    const made = await engine.call('PutObject', {
      ...parameters,
      Body: 'hello',
      ContentType: 'text/plain',
      ContentDisposition: 'attachment',
      Metadata: { who: 'alice' },
    });
    expect(made).toMatchObject({ status: 200, ETag: '"5d41402abc4b2a76b9719d911017c592"' });
    const described = {
      ContentType: 'text/plain',
      ContentDisposition: 'attachment',
      Metadata: { who: 'alice' },
    };
    expect(await engine.call('GetObject', parameters)).toMatchObject({ text: 'hello', ...described });
    expect(await engine.call('HeadObject', parameters)).toMatchObject({ ContentLength: 5, ...described });
    const copy = { Bucket: FILES, Key: 'b', CopySource: encodeURI(`${FILES}/a/grüße & <co>.txt`) };
    expect(await engine.call('CopyObject', copy)).toMatchObject({ status: 200 });
    expect(await engine.call('DeleteObject', parameters)).toMatchObject({ status: 204 });
    expect(await engine.call('GetObject', parameters)).toMatchObject({ error: 'NoSuchKey', status: 404 });
    expect(await engine.call('GetObject', { Bucket: FILES, Key: 'b' })).toMatchObject({
      text: 'hello',
      ...described,
    });
  });

  it('needs the right to each action on the object', async () => {
    await put('sealed/x');
    const sealed = { Bucket: FILES, Key: 'sealed/x' };
    expect(await engine.call('GetObject', sealed)).toMatchObject({ text: 'hello' });
    expect(await engine.call('PutObject', { ...sealed, Body: 'no' })).toMatchObject({
      error: 'AccessDenied',
      status: 403,
      message: expect.stringMatching(
        /not authorized to perform: s3:PutObject on resource: arn:aws:s3:::sample-files\/sealed\/x with an explicit deny/,
      ),
    });
    expect(await engine.call('PutObject', { Bucket: CLOSED, Key: 'x', Body: 'no' })).toMatchObject({
      error: 'AccessDenied',
    });
    // The right to tag comes by itself.
    expect(
      await engine.call('PutObject', { Bucket: FILES, Key: 'x', Body: 'no', Tagging: 'a=1' }),
    ).toMatchObject({
      error: 'AccessDenied',
      message: expect.stringContaining('s3:PutObjectTagging'),
    });
    expect(engine.logs.map(({ text }) => text).join('\n')).toMatch(
      /denied s3:PutObject on arn:aws:s3:::sample-closed\/x/,
    );
  });

  it('is told that an object is not there only where it may list', async () => {
    expect(await engine.call('GetObject', { Bucket: FILES, Key: 'none' })).toMatchObject({
      error: 'NoSuchKey',
    });
    expect(await engine.call('GetObject', { Bucket: CLOSED, Key: 'none' })).toMatchObject({
      error: 'AccessDenied',
      status: 403,
    });
    expect(await engine.call('HeadObject', { Bucket: CLOSED, Key: 'none' })).toMatchObject({ status: 403 });
    expect(await engine.call('HeadObject', { Bucket: FILES, Key: 'none' })).toMatchObject({ status: 404 });
    expect(await engine.call('GetObject', { Bucket: 'nobody', Key: 'none' })).toMatchObject({
      error: 'NoSuchBucket',
    });
  });

  it('deletes many at once, and is told which it may not', async () => {
    await Promise.all([put('many/1'), put('many/2')]);
    const Objects = ['many/1', 'many/2', 'many/not there'].map((Key) => ({ Key }));
    const deleted = await engine.call('DeleteObjects', { Bucket: FILES, Delete: { Objects } });
    expect(deleted.Deleted).toHaveLength(3);
    const refused = await engine.call('DeleteObjects', { Bucket: CLOSED, Delete: { Objects } });
    expect(refused.Errors).toMatchObject([{ Key: 'many/1', Code: 'AccessDenied' }, {}, {}]);
  });
});

describe('an object', () => {
  it('is read in ranges', async () => {
    await put('range', '0123456789');
    const range = async (Range: string) => {
      const { Body, ContentRange } = await engine.s3.send(
        new GetObjectCommand({ Bucket: FILES, Key: 'range', Range }),
      );
      return [await Body?.transformToString(), ContentRange];
    };
    expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
    expect(await range('bytes=7-')).toEqual(['789', 'bytes 7-9/10']);
    expect(await range('bytes=-2')).toEqual(['89', 'bytes 8-9/10']);
    expect(await range('bytes=5-99')).toEqual(['56789', 'bytes 5-9/10']);
    expect(await range('bytes=0-1,3-4')).toEqual(['0123456789', undefined]);
    await expect(range('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  it('is answered by its conditions', async () => {
    const { ETag } = await put('conditions');
    const head = (more: object) =>
      engine.s3.send(new HeadObjectCommand({ Bucket: FILES, Key: 'conditions', ...more }));
    await expect(head({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await expect(head({ IfMatch: '"other"' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await expect(head({ IfModifiedSince: new Date() })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(put('conditions', 'x', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await put('conditions', 'x', { IfMatch: ETag });
    await expect(put('conditions', 'y', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
  });

  it('is not stored where its bytes are not what their checksums say', async () => {
    await expect(
      put('sum', 'x', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }),
    ).rejects.toMatchObject({
      name: 'BadDigest',
    });
    await expect(put('sum', 'x', { ContentMD5: Buffer.alloc(16).toString('base64') })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256']) {
      await put('sum', 'checked', { ChecksumAlgorithm });
      const { Body } = await engine.s3.send(new GetObjectCommand({ Bucket: FILES, Key: 'sum' }));
      expect(await Body?.transformToString()).toBe('checked');
    }
  });

  it('is not stored where the client goes away in the middle', async () => {
    const { hostname, port } = new URL(engine.storageEndpoint);
    const authorization =
      'AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00';
    await new Promise<void>((resolve) => {
      const outgoing = request({
        hostname,
        port,
        method: 'PUT',
        path: `/${FILES}/half`,
        headers: { 'content-length': 1000, authorization },
      });
      outgoing.on('error', () => resolve());
      outgoing.write('half', () => setTimeout(() => outgoing.destroy(), 50));
    });
    expect(await engine.call('HeadObject', { Bucket: FILES, Key: 'half' })).toMatchObject({ status: 404 });
  });

  it('keeps headers, metadata and tags when it is copied, unless they are replaced', async () => {
    await put('source', 'x', { ContentType: 'image/png', Metadata: { a: '1' }, Tagging: 'state=new' });
    const copy = (Key: string, more: object = {}) =>
      engine.s3.send(new CopyObjectCommand({ Bucket: FILES, Key, CopySource: `${FILES}/source`, ...more }));
    const head = (Key: string) => engine.s3.send(new HeadObjectCommand({ Bucket: FILES, Key }));
    await copy('copy');
    expect(await head('copy')).toMatchObject({ ContentType: 'image/png', Metadata: { a: '1' }, TagCount: 1 });
    await copy('copy', { MetadataDirective: 'REPLACE', ContentType: 'text/plain', Metadata: { b: '2' } });
    expect(await head('copy')).toMatchObject({ ContentType: 'text/plain', Metadata: { b: '2' } });
    await expect(copy('source')).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(copy('copy', { CopySourceIfMatch: '"other"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    const { ETag } = await head('source');
    await copy('copy', { CopySourceIfMatch: ETag });
    // A function that may not tag may not copy tags either.
    const input = { Bucket: FILES, Key: 'copy', CopySource: `${FILES}/source` };
    expect(await engine.call('CopyObject', input)).toMatchObject({ error: 'AccessDenied' });
  });
});

describe('a list', () => {
  const keys = ['list/a', 'list/b/1', 'list/b/2', 'list/c d+é', 'list/ü', 'list/🙂', 'list/\u{ffff}'];

  beforeAll(async () => {
    await Promise.all(keys.map((key) => put(key)));
  });

  it('has keys in the order of their bytes, in pages', async () => {
    const found: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await engine.s3.send(
        new ListObjectsV2Command({ Bucket: FILES, Prefix: 'list/', MaxKeys: 2, ContinuationToken }),
      );
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      found.push(...(page.Contents ?? []).map(({ Key }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(found).toEqual([
      'list/a',
      'list/b/1',
      'list/b/2',
      'list/c d+é',
      'list/ü',
      'list/\u{ffff}',
      'list/🙂',
    ]);
  });

  it('puts together what shares a prefix up to the delimiter', async () => {
    const input = { Bucket: FILES, Prefix: 'list/', Delimiter: '/' };
    const { CommonPrefixes, Contents } = await engine.s3.send(new ListObjectsV2Command(input));
    expect(CommonPrefixes).toEqual([{ Prefix: 'list/b/' }]);
    expect(Contents).toHaveLength(5);
    const second = await engine.s3.send(new ListObjectsCommand({ ...input, MaxKeys: 1, Marker: 'list/a' }));
    expect(second).toMatchObject({
      IsTruncated: true,
      NextMarker: 'list/b/',
      CommonPrefixes: [{ Prefix: 'list/b/' }],
    });
    const third = await engine.s3.send(new ListObjectsCommand({ ...input, MaxKeys: 1, Marker: 'list/b/' }));
    expect(third.Contents?.[0]?.Key).toBe('list/c d+é');
  });

  it('goes on after a key, encoded where it is asked for', async () => {
    const input = {
      Bucket: FILES,
      Prefix: 'list/',
      StartAfter: 'list/b/2',
      MaxKeys: 1,
      EncodingType: 'url',
    } as const;
    const { Contents } = await engine.s3.send(new ListObjectsV2Command(input));
    expect(Contents?.[0]?.Key).toBe('list/c+d%2B%C3%A9');
  });

  it('needs the right to list', async () => {
    expect(await engine.call('ListObjectsV2', { Bucket: CLOSED })).toMatchObject({ error: 'AccessDenied' });
    expect(await engine.call('ListObjectsV2', { Bucket: FILES, Prefix: 'list/a' })).toMatchObject({
      KeyCount: 1,
    });
  });
});

describe('what the engine does not have of S3', () => {
  it('is answered by name', async () => {
    expect(await engine.call('GetBucketAcl', { Bucket: FILES })).toMatchObject({
      error: 'NotImplemented',
      status: 501,
    });
    expect(await engine.call('GetObject', { Bucket: FILES, Key: 'a', VersionId: '1' })).toMatchObject({
      error: 'NotImplemented',
    });
    await expect(put('x', 'x', { ServerSideEncryption: 'aws:kms' })).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});
