/** The bucket that files lie in, as the stack's environment names it. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { bucketAt, createPresigner, encodeKey } from '../../shared/aws/presign.ts';
import { createQueue, type Queue } from '../../shared/aws/queue.ts';
import {
  FIRST_BYTES,
  type FileSigner,
  type FileStore,
  type PartStore,
} from '../../shared/chat/file-store.ts';
import { ENV } from '../../shared/environment.ts';
import { createPartStore } from './part-store.ts';
import type { Runtime } from './runtime.ts';
import { StorageFailed } from './storage-failed.ts';

type FileRuntime = Pick<Runtime, 'send' | 'environment'>;

/** Copying within S3 takes some seconds for each gigabyte. */
const COPY_TIMEOUT_MS = 240_000;
const CALL_TIMEOUT_MS = 10_000;
/** An image is read as a whole: 32 MiB at most. */
const READ_TIMEOUT_MS = 30_000;
/** Seconds that an address of our own need be good. */
const READ_SECONDS = 60;

/** @throws {Error} where the environment names no bucket. */
export function createFileSigner({ environment }: Pick<Runtime, 'environment'>): FileSigner {
  return createPresigner(bucketOf(environment), environment);
}

/** @throws {Error} where the environment names no bucket; {StorageFailed} from its calls. */
export function createUploads({ send, environment }: FileRuntime): PartStore {
  const bucket = bucketOf(environment);
  return createPartStore(send, bucket, { presigner: createPresigner(bucket, environment), mark: UNATTACHED });
}

/** The queue that `queues/keep-files` reads. @throws {Error} where the environment names none. */
export function createFileQueue({ send, environment }: FileRuntime): Queue {
  const url = environment[ENV.filesQueue];
  if (!url) throw new Error(`unable to start; ${ENV.filesQueue} is not set`);
  return createQueue({ send, origin: serviceOrigin('sqs', environment), url });
}

/** @throws {Error} where the environment names no bucket; {StorageFailed} from its calls. */
export function createFileStore({ send, environment }: FileRuntime): FileStore {
  const bucket = bucketOf(environment);
  const presigner = createPresigner(bucket, environment);
  const call = (method: 'PUT' | 'DELETE', key: string, query: string, more: object = {}) =>
    send({
      service: 's3',
      origin: bucket.origin,
      method,
      path: `${bucket.path}/${encodeKey(key)}${query}`,
      timeoutMs: CALL_TIMEOUT_MS,
      ...more,
    });
  return {
    async readStart(key, count = FIRST_BYTES) {
      // Not by the signed sender, which gives text: these are bytes.
      const address = presigner.address({ key, expiresSeconds: READ_SECONDS });
      const response = await fetch(address, {
        headers: { range: `bytes=0-${count - 1}` },
        signal: AbortSignal.timeout(READ_TIMEOUT_MS),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (!response.ok) throw new StorageFailed('read the upload', response.status);
      return { bytes, etag: response.headers.get('etag') ?? '' };
    },

    async keep(from, to, etag) {
      const { status, body } = await call('PUT', to, '', {
        headers: {
          'x-amz-copy-source': `/${bucket.name}/${encodeKey(from)}`,
          'x-amz-copy-source-if-match': etag,
          'x-amz-tagging-directive': 'REPLACE',
          'x-amz-tagging': UNATTACHED,
        },
        timeoutMs: COPY_TIMEOUT_MS,
      });
      if (status === 412) return false;
      // A copy that takes long is begun with 200 before it is done, and may end in an error all the same.
      if (status !== 200 || body.includes('<Error>')) throw new StorageFailed('keep the upload', status);
      return true;
    },

    async add(key, contentType, bytes) {
      const headers = { 'content-type': contentType, 'x-amz-tagging': UNATTACHED };
      const { status } = await call('PUT', key, '', { headers, body: Buffer.from(bytes) });
      if (status !== 200) throw new StorageFailed('put the file', status);
    },

    async unmark(key) {
      const { status } = await call('DELETE', key, '?tagging');
      if (status !== 204) throw new StorageFailed('unmark the file', status);
    },

    async drop(key) {
      const { status } = await call('DELETE', key, '');
      if (status !== 204) throw new StorageFailed('delete the file', status);
    },
  };
}

/** The mark by which the bucket's lifecycle knows what no message has taken (infra/files.ts says the same). */
const UNATTACHED = 'state=unattached';

function bucketOf(environment: Runtime['environment']) {
  const name = environment[ENV.filesBucket];
  if (!name) throw new Error(`unable to start; ${ENV.filesBucket} is not set`);
  return bucketAt(name, environment);
}
