/** Uploads in parts, in the bucket that files lie in. */
import { type AwsRequest, type AwsResponse, type AwsSend, AwsUnreachable } from '../../shared/aws/client.ts';
import { type Bucket, encodeKey, type Presigner } from '../../shared/aws/presign.ts';
import { type PartStore, StorageUnavailable, type StoredPart } from '../../shared/chat/file-store.ts';
import { StorageFailed } from './storage-failed.ts';

const CALL_TIMEOUT_MS = 5_000;
/** S3 may take a while to make some hundred parts one; an API waits for 29 seconds. */
const COMPLETE_TIMEOUT_MS = 20_000;
const NOT_FOUND = 404;

/** @throws from its calls: {StorageUnavailable}; {StorageFailed} where S3 refused. */
export function createPartStore(
  send: AwsSend,
  bucket: Bucket,
  { presigner, mark }: { readonly presigner: Presigner; readonly mark: string },
): PartStore {
  async function call(
    method: 'GET' | 'POST',
    key: string,
    query: string,
    more: Partial<Pick<AwsRequest, 'headers' | 'body' | 'timeoutMs'>> = {},
  ): Promise<AwsResponse> {
    try {
      const path = `${bucket.path}/${encodeKey(key)}?${query}`;
      const request = { service: 's3', origin: bucket.origin, method, path, timeoutMs: CALL_TIMEOUT_MS };
      const response = await send({ ...request, ...more });
      if (response.status < 500) return response;
      throw new StorageUnavailable(`S3 answered ${response.status}`);
    } catch (error) {
      if (error instanceof AwsUnreachable)
        throw new StorageUnavailable('no answer from S3', { cause: error });
      throw error;
    }
  }
  const naming = (upload: string) => `uploadId=${encodeURIComponent(upload)}`;

  return {
    partAddress: presigner.partAddress,

    async begin({ key, contentType }) {
      const headers = { 'content-type': contentType, 'x-amz-tagging': mark };
      const { status, body } = await call('POST', key, 'uploads', { headers });
      const upload = textOf(body, 'UploadId');
      if (status !== 200 || !upload) throw new StorageFailed('begin the upload', status);
      return upload;
    },

    async list(key, upload) {
      const { status, body } = await call('GET', key, naming(upload));
      if (status === NOT_FOUND) return undefined;
      if (status !== 200) throw new StorageFailed('list the parts', status);
      return [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(
        ([, text = '']): StoredPart => ({
          part: Number(textOf(text, 'PartNumber')),
          size: Number(textOf(text, 'Size')),
          etag: (textOf(text, 'ETag') ?? '').replace(/&quot;|&#34;|"/g, ''),
        }),
      );
    },

    async complete(key, upload, parts) {
      const named = parts.map(
        ({ part, etag }) => `<Part><PartNumber>${part}</PartNumber><ETag>"${etag}"</ETag></Part>`,
      );
      const { status, body } = await call('POST', key, naming(upload), {
        headers: { 'content-type': 'application/xml' },
        body: `<CompleteMultipartUpload>${named.join('')}</CompleteMultipartUpload>`,
        timeoutMs: COMPLETE_TIMEOUT_MS,
      });
      // What takes long is begun with 200 before it is done, and may end in an error all the same.
      const code = /<Error>/.test(body) ? textOf(body, 'Code') : undefined;
      if (status === NOT_FOUND || code === 'NoSuchUpload' || code === 'InvalidPart') return false;
      if (code === 'InternalError' || code === 'SlowDown')
        throw new StorageUnavailable(`S3 answered ${code}`);
      if (status !== 200 || code !== undefined) throw new StorageFailed('complete the upload', status);
      return true;
    },
  };
}

/** Text of an element that has no other in it. */
function textOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
