import { describe, expect, it } from 'vitest';
import { createPartStore } from '../../functions/runtime/part-store.ts';
import { StorageFailed } from '../../functions/runtime/storage-failed.ts';
import { type AwsRequest, AwsUnreachable } from '../../shared/aws/client.ts';
import { bucketAt, createPresigner } from '../../shared/aws/presign.ts';
import { StorageUnavailable } from '../../shared/chat/file-store.ts';

const environment = { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' };
const bucket = bucketAt('files', environment);
const PART = { part: 1, size: 5, etag: 'abc' };

/** A store whose S3 gives one answer to everything. */
function answering(status: number, body: string) {
  const asked: AwsRequest[] = [];
  const send = async (request: AwsRequest) => {
    asked.push(request);
    return { status, body };
  };
  const presigner = createPresigner(bucket, environment);
  return { asked, store: createPartStore(send, bucket, { presigner, mark: 'state=unattached' }) };
}

const error = (code: string) => `<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`;

describe('uploads in parts', () => {
  it('begin with the file’s type and the mark', async () => {
    const { store, asked } = answering(200, '<X><UploadId>id</UploadId></X>');
    expect(await store.begin({ key: 'parts/a b/c', contentType: 'text/plain' })).toBe('id');
    expect(asked).toMatchObject([
      {
        method: 'POST',
        path: '/files/parts/a%20b/c?uploads',
        headers: { 'content-type': 'text/plain', 'x-amz-tagging': 'state=unattached' },
      },
    ]);
  });

  it('tell the parts that came, as S3 and its emulators write their tags', async () => {
    const part = (number: number, etag: string) =>
      `<Part><PartNumber>${number}</PartNumber><LastModified>x</LastModified><ETag>${etag}</ETag><Size>5</Size></Part>`;
    const body = `<ListPartsResult>${part(1, '&quot;a&quot;')}\n${part(2, '"b"')}${part(3, '&#34;c&#34;')}</ListPartsResult>`;
    expect(await answering(200, body).store.list('k', 'id')).toEqual([
      { part: 1, size: 5, etag: 'a' },
      { part: 2, size: 5, etag: 'b' },
      { part: 3, size: 5, etag: 'c' },
    ]);
    expect(await answering(200, '<ListPartsResult></ListPartsResult>').store.list('k', 'id')).toEqual([]);
    expect(await answering(404, error('NoSuchUpload')).store.list('k', 'id')).toBeUndefined();
  });

  it('become one by their tags', async () => {
    const { store, asked } = answering(200, '<CompleteMultipartUploadResult/>');
    expect(await store.complete('k', 'an/id', [PART])).toBe(true);
    expect(asked[0]?.path).toBe('/files/k?uploadId=an%2Fid');
    expect(asked[0]?.body).toContain('<Part><PartNumber>1</PartNumber><ETag>"abc"</ETag></Part>');
    expect(await answering(404, error('NoSuchUpload')).store.complete('k', 'id', [PART])).toBe(false);
    expect(await answering(400, error('InvalidPart')).store.complete('k', 'id', [PART])).toBe(false);
  });

  it('fail where S3 refuses, also after it began its answer, and are unavailable where it can’t now', async () => {
    const complete = (status: number, body: string) =>
      answering(status, body).store.complete('k', 'id', [PART]);
    await expect(complete(200, error('InternalError'))).rejects.toThrow(StorageUnavailable);
    await expect(complete(200, error('AccessDenied'))).rejects.toThrow(StorageFailed);
    await expect(complete(503, error('SlowDown'))).rejects.toThrow(StorageUnavailable);
    const refused = answering(403, error('AccessDenied')).store;
    await expect(refused.list('k', 'id')).rejects.toThrow(StorageFailed);
    await expect(refused.begin({ key: 'k', contentType: 'a/b' })).rejects.toThrow(StorageFailed);
    const send = async () => {
      throw new AwsUnreachable('no answer');
    };
    const presigner = createPresigner(bucket, environment);
    const deaf = createPartStore(send, bucket, { presigner, mark: 'a=b' });
    await expect(deaf.list('k', 'id')).rejects.toThrow(StorageUnavailable);
  });
});
