/** The bytes of an upload, from the socket to the disk, a chunk at a time, checked on the way. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type Chunks, decodeChunks, type Trailers } from './aws-chunked.ts';
import type { Blob, BucketStore } from './bucket-store.ts';
import { checksumDigest } from './checksums.ts';
import { StorageError } from './errors.ts';
import type { StorageRequest } from './request.ts';

/** Of one upload, whole object or part: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const UPLOAD_BYTES = 5 * 1024 ** 3;

export interface Received {
  readonly blob: Blob;
  /** MD5 of the bytes, in hexadecimal digits. */
  readonly etag: string;
  readonly checksum?: { readonly algorithm: string; readonly value: string };
}

interface Expected {
  readonly md5?: string;
  readonly sha256?: string;
  readonly checksum?: { readonly algorithm: string; readonly value?: string };
}

/**
 * Writes what a client sends into a new blob.
 *
 * @throws StorageError where it is too large, cut off, or not what its checksums say; nothing is left then
 */
export async function receive(store: BucketStore, request: StorageRequest): Promise<Received> {
  const { incoming } = request;
  const payloadHash = request.header('x-amz-content-sha256') ?? '';
  const isChunked =
    payloadHash.startsWith('STREAMING-') ||
    (request.header('content-encoding') ?? '').includes('aws-chunked');
  const length = request.header(isChunked ? 'x-amz-decoded-content-length' : 'content-length');
  if (length === undefined) throw new StorageError('MissingContentLength');
  const size = Number(length);
  if (size > UPLOAD_BYTES) {
    throw new StorageError('EntityTooLarge', {
      details: { ProposedSize: size, MaxSizeAllowed: UPLOAD_BYTES },
    });
  }
  const trailers: Trailers = new Map();
  const chunks: Chunks = isChunked ? decodeChunks(incoming, trailers) : incoming;
  const expected = expectedOf(request, payloadHash);
  const received = await write(store, chunks, { ...expected, size, trailers });
  return received;
}

function expectedOf(request: StorageRequest, payloadHash: string): Expected {
  const md5 = request.header('content-md5');
  if (md5 !== undefined && Buffer.from(md5, 'base64').length !== 16) throw new StorageError('InvalidDigest');
  const [announced = ''] = (request.header('x-amz-trailer') ?? '').split(',');
  const sent = Object.entries(request.headersAfter('x-amz-checksum-')).find(
    ([name]) => !['mode', 'algorithm', 'type'].includes(name),
  );
  const trailing = /^x-amz-checksum-(\w+)$/.exec(announced.trim().toLowerCase())?.[1];
  const algorithm = sent?.[0] ?? trailing;
  return {
    ...(md5 !== undefined && { md5 }),
    ...(/^[0-9a-f]{64}$/.test(payloadHash) && { sha256: payloadHash }),
    ...(algorithm !== undefined && {
      checksum: { algorithm, ...(sent?.[1] !== undefined && { value: sent[1] }) },
    }),
  };
}

/** @param limits - `size`: where it is known beforehand; `most`: beyond it nothing is kept */
export async function write(
  store: BucketStore,
  chunks: Chunks,
  limits: Expected & { readonly size?: number; readonly most?: number; readonly trailers?: Trailers },
): Promise<Received> {
  const { size, most = UPLOAD_BYTES, trailers, checksum } = limits;
  const md5 = createHash('md5');
  const sha256 = limits.sha256 === undefined ? undefined : createHash('sha256');
  const digest = checksum && checksumDigest(checksum.algorithm);
  if (checksum && !digest) {
    throw new StorageError('NotImplemented', { message: `The engine has no checksum ${checksum.algorithm}` });
  }
  const name = store.newBlob();
  let written = 0;
  try {
    const file = await open(store.placeOf(name), 'wx', 0o600);
    try {
      for await (const chunk of chunks) {
        written += chunk.length;
        // The rest is read and dropped, so that the client gets to hear the answer.
        if (written > Math.min(size ?? most, most)) continue;
        md5.update(chunk);
        sha256?.update(chunk);
        digest?.update(chunk);
        await file.appendFile(chunk);
      }
    } finally {
      await file.close();
    }
    if (size === undefined && written > most) {
      throw new StorageError('EntityTooLarge', { details: { ProposedSize: written, MaxSizeAllowed: most } });
    }
    if (size !== undefined && written !== size) throw new StorageError('IncompleteBody');
    const etag = md5.digest();
    if (limits.md5 !== undefined && etag.toString('base64') !== limits.md5)
      throw new StorageError('BadDigest');
    if (sha256 && sha256.digest('hex') !== limits.sha256) throw new StorageError('XAmzContentSHA256Mismatch');
    const blob = { name, size: written };
    if (!checksum || !digest) return { blob, etag: etag.toString('hex') };
    const value = digest.value();
    const claimed = checksum.value ?? trailers?.get(`x-amz-checksum-${checksum.algorithm}`);
    if (claimed !== value) {
      throw new StorageError('BadDigest', {
        message: `The ${checksum.algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      });
    }
    return { blob, etag: etag.toString('hex'), checksum: { algorithm: checksum.algorithm, value } };
  } catch (error) {
    await store.discard([{ name, size: written }]);
    throw error;
  }
}
