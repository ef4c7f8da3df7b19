/** What an operation is given, and what it answers. */
import type { BucketModel } from '../assembly/model.ts';
import type { NeededPermission } from '../services/call.ts';
import type { BucketStore, StoredObject } from './bucket-store.ts';
import { StorageError } from './errors.ts';
import type { BucketEvent } from './notifications.ts';
import type { Identity, StorageRequest } from './request.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A document, or bytes of an object. */
  readonly body?: string | AsyncIterable<Buffer>;
}

/** A bucket that is open. */
export interface OpenBucket {
  readonly model: BucketModel;
  readonly store: BucketStore;
}

export interface OperationCall extends OpenBucket {
  readonly request: StorageRequest;
  readonly identity: Identity;
  /** @throws StorageError `AccessDenied` */
  authorize(permissions: readonly NeededPermission[]): void;
  /** @throws StorageError `NoSuchBucket` */
  bucket(name: string): OpenBucket;
  /** Tells who shall hear of it. */
  notify(event: BucketEvent): void;
  /** Lets a client send its body that asked before (`Expect: 100-continue`). */
  proceed(): void;
  now(): number;
}

export interface Operation {
  readonly name: string;
  /** What the caller needs before anything is looked at; where it depends on the body, the operation asks itself. */
  permissions(call: Pick<OperationCall, 'model' | 'request'>): readonly NeededPermission[];
  run(call: OperationCall): Promise<Answer>;
}

export function objectArn({ arn }: BucketModel, key: string): string {
  return `${arn}/${key}`;
}

/** One right on the object of the request. */
export function onObject(...actions: readonly string[]): Operation['permissions'] {
  return ({ model, request }) =>
    actions.map((name) => ({ action: `s3:${name}`, resource: objectArn(model, request.key) }));
}

/** One right on the bucket of the request. */
export function onBucket(name: string): Operation['permissions'] {
  return ({ model }) => [{ action: `s3:${name}`, resource: model.arn }];
}

/** The right to list, with what conditions on it look at. */
export function onListing({ model, request }: Pick<OperationCall, 'model' | 'request'>): NeededPermission[] {
  const values = ['prefix', 'delimiter', 'max-keys'].flatMap((name) => {
    const value = request.parameter(name);
    return value === undefined ? [] : [[`s3:${name}`, [value]] as const];
  });
  return [{ action: 's3:ListBucket', resource: model.arn, context: () => Object.fromEntries(values) }];
}

/**
 * The object, or the answer that S3 gives where there is none: who may not list is not told whether it exists.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 *
 * @throws StorageError `NoSuchKey`, `AccessDenied`
 */
export function find(call: OperationCall, bucket: OpenBucket = call, key = call.request.key): StoredObject {
  const object = bucket.store.get(key);
  if (object) return object;
  call.authorize([{ action: 's3:ListBucket', resource: bucket.model.arn }]);
  throw new StorageError('NoSuchKey', { details: { Key: key } });
}

/** The whole body of a request that is XML, which none is large. @throws StorageError `MalformedXML` */
export async function readText({ request, proceed }: OperationCall, most: number): Promise<string> {
  proceed();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.incoming) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
  }
  if (size > most) throw new StorageError('MalformedXML');
  return Buffer.concat(chunks).toString('utf8');
}

export const XML = { 'content-type': 'application/xml' } as const;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingServerSideEncryption.html: every object has it. */
export const ENCRYPTED = { 'x-amz-server-side-encryption': 'AES256' } as const;

export function quoted(etag: string): string {
  return `"${etag}"`;
}
