import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolders, temporaryFolder } from './engine-helper.ts';
import { CLOSED, FILES, type StorageEngine, startStorage, told } from './storage-helper.ts';

const PART = 5 * 1024 ** 2;

let engine: StorageEngine;

beforeAll(async () => {
  engine = await startStorage();
});
afterAll(async () => {
  await engine?.close();
  await removeFolders();
});

async function begin(Key: string, more: object = {}) {
  const { UploadId } = await engine.s3.send(
    new CreateMultipartUploadCommand({ Bucket: FILES, Key, ...more }),
  );
  const at = { Bucket: FILES, Key, UploadId };
  const part = (PartNumber: number, Body: string | Buffer) =>
    engine.s3
      .send(new UploadPartCommand({ ...at, PartNumber, Body }))
      .then(({ ETag }) => ({ PartNumber, ETag }));
  const complete = (Parts: object[]) =>
    engine.s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
  return { at, part, complete };
}

const read = async (Key: string, Range?: string) => {
  const { Body } = await engine.s3.send(new GetObjectCommand({ Bucket: FILES, Key, Range }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

describe('an upload in parts', () => {
  it('becomes one object, in the order of the numbers', async () => {
    const { part, complete, at } = await begin('parts', { ContentType: 'video/mp4', Metadata: { a: '1' } });
    const [second, first] = await Promise.all([part(7, 'the end'), part(2, Buffer.alloc(PART, 'a'))]);
    const listed = await engine.s3.send(new ListPartsCommand(at));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [2, PART],
      [7, 7],
    ]);
    const { ETag } = await complete([first, second]);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const head = await engine.s3.send(new HeadObjectCommand({ Bucket: FILES, Key: 'parts' }));
    expect(head).toMatchObject({ ContentLength: PART + 7, ContentType: 'video/mp4', Metadata: { a: '1' } });
    // Over the seam of the two parts.
    expect((await read('parts', `bytes=${PART - 2}-${PART + 2}`)).toString()).toBe('aathe');
    await expect(complete([first])).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('is done by AWS’s own uploader', async () => {
    const body = Buffer.alloc(2 * PART + 3, 'xyz');
    await new Upload({
      client: engine.s3,
      params: { Bucket: FILES, Key: 'uploader', Body: body },
      partSize: PART,
    }).done();
    expect((await read('uploader')).equals(body)).toBe(true);
  });

  it('is refused with parts that are missing, in disorder or too small', async () => {
    const { part, complete } = await begin('refused');
    const [small, last] = [await part(1, 'small'), await part(2, 'last')];
    await expect(complete([small, last])).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete([last, small])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete([{ PartNumber: 3, ETag: '"x"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete([{ ...small, ETag: last.ETag }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete([])).rejects.toMatchObject({ name: 'MalformedXML' });
    await expect(part(10_001, 'x')).rejects.toMatchObject({ name: 'InvalidArgument' });
    expect(await engine.call('HeadObject', { Bucket: FILES, Key: 'refused' })).toMatchObject({ status: 404 });
    // A part that is sent again takes the place of the first.
    await complete([await part(1, 'again')]);
    expect((await read('refused')).toString()).toBe('again');
  });

  it('is gone when it is aborted', async () => {
    const { at, part } = await begin('aborted');
    await part(1, 'x');
    await engine.s3.send(new AbortMultipartUploadCommand(at));
    await expect(part(2, 'x')).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const { Uploads = [] } = await engine.s3.send(
      new ListMultipartUploadsCommand({ Bucket: FILES, Prefix: 'aborted' }),
    );
    expect(Uploads).toEqual([]);
  });

  it('is completed once, though it is asked for twice at the same moment', async () => {
    const { part, complete } = await begin('twice');
    const only = await part(1, 'once');
    const outcomes = await Promise.allSettled([complete([only]), complete([only])]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await read('twice')).toString()).toBe('once');
  });

  it('takes a part by a presigned address in exactly the size that was signed', async () => {
    const at = { Bucket: FILES, Key: 'by size' };
    const { UploadId } = await engine.call('CreateMultipartUpload', at);
    const parameters = { ...at, UploadId, PartNumber: 1, ContentLength: 5 };
    const url = await engine.address('UploadPart', parameters, {
      options: { signableHeaders: ['content-length'] },
    });
    const put = async (body: string | ReadableStream, address = url) => {
      const response = await fetch(address, { method: 'PUT', body, duplex: 'half' } as RequestInit);
      return told(response);
    };
    for (const body of ['four', 'sixsix', new Blob(['12345']).stream()]) {
      expect(await put(body)).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    }
    expect(await put('12345', url.replace('partNumber=1', 'partNumber=2'))).toMatchObject({ status: 403 });
    const listed = () => engine.call('ListParts', { ...at, UploadId });
    expect((await listed()).Parts).toBeUndefined();
    expect(await put('12345')).toMatchObject({ status: 200 });
    expect(await listed()).toMatchObject({ Parts: [{ PartNumber: 1, Size: 5 }] });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: '"827ccb0eea8a706c4c34a16891f84e7b"' }] };
    await engine.call('CompleteMultipartUpload', { ...at, UploadId, MultipartUpload });
    // Its upload has ended: nothing can be put in its place.
    expect(await put('12345')).toMatchObject({ status: 404, code: 'NoSuchUpload' });
    expect((await read('by size')).toString()).toBe('12345');
  });

  it('keeps the tags that it began with, for which the role needs a right', async () => {
    const at = { Bucket: FILES, Key: 'tagged' };
    expect(await engine.call('CreateMultipartUpload', { ...at, Tagging: 'state=new' })).toMatchObject({
      error: 'AccessDenied',
    });
    const { part, complete } = await begin('tagged', { Tagging: 'state=new' });
    await complete([await part(1, 'x')]);
    const { TagSet } = await engine.s3.send(new GetObjectTaggingCommand(at));
    expect(TagSet).toEqual([{ Key: 'state', Value: 'new' }]);
  });

  it('goes by presigned addresses, a part each, and needs the rights of the signer', async () => {
    const at = { Bucket: FILES, Key: 'by address' };
    const { UploadId } = await engine.call('CreateMultipartUpload', at);
    const url = await engine.address('UploadPart', { ...at, UploadId, PartNumber: 1 });
    const put = await fetch(url, { method: 'PUT', body: 'part' });
    const Parts = [{ PartNumber: 1, ETag: put.headers.get('etag') }];
    expect(await engine.call('ListParts', { ...at, UploadId })).toMatchObject({ Parts: [{ Size: 4 }] });
    expect(
      await engine.call('CompleteMultipartUpload', { ...at, UploadId, MultipartUpload: { Parts } }),
    ).toMatchObject({
      status: 200,
    });
    expect((await read('by address')).toString()).toBe('part');
    expect(await engine.call('CreateMultipartUpload', { ...at, Bucket: CLOSED })).toMatchObject({
      error: 'AccessDenied',
    });
    const { UploadId: other } = await engine.call('CreateMultipartUpload', at);
    expect(await engine.call('AbortMultipartUpload', { ...at, UploadId: other })).toMatchObject({
      status: 204,
    });
  });
});

describe('kept data', () => {
  it('holds objects and unfinished uploads over a restart', async () => {
    const dataDirectory = await temporaryFolder();
    const first = await startStorage(undefined, { dataDirectory });
    const at = { Bucket: FILES, Key: 'kept/ü' };
    await first.call('PutObject', { ...at, Body: 'hello', Metadata: { file: 'a/b' } });
    const { UploadId } = await first.call('CreateMultipartUpload', { ...at, Key: 'unfinished' });
    const part = { ...at, Key: 'unfinished', UploadId, PartNumber: 1, Body: 'first' };
    const { ETag } = await first.call('UploadPart', part);
    await first.close();
    const second = await startStorage(undefined, { dataDirectory });
    expect(await second.call('GetObject', at)).toMatchObject({ text: 'hello', Metadata: { file: 'a/b' } });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const done = await second.call('CompleteMultipartUpload', {
      ...at,
      Key: 'unfinished',
      UploadId,
      MultipartUpload,
    });
    expect(done).toMatchObject({ status: 200 });
    expect(await second.call('GetObject', { Bucket: FILES, Key: 'unfinished' })).toMatchObject({
      text: 'first',
    });
    await second.close();
  });
});
