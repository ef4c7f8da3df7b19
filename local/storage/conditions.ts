/** What a request says about the object that it wants: conditions and ranges. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */
import type { StoredObject } from './bucket-store.ts';
import { StorageError } from './errors.ts';
import type { StorageRequest } from './request.ts';

/** Bytes of an object, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** @returns true where the client has it already: 304. @throws StorageError `PreconditionFailed` */
export function isUnchanged(request: StorageRequest, { etag, modified }: StoredObject): boolean {
  // Times of HTTP have whole seconds.
  const seconds = Math.floor(modified / 1000) * 1000;
  const [match, noneMatch] = [request.header('if-match'), request.header('if-none-match')];
  const since = Date.parse(request.header('if-modified-since') ?? '');
  const unlessSince = Date.parse(request.header('if-unmodified-since') ?? '');
  if (match !== undefined ? !namesTag(match, etag) : seconds > unlessSince) {
    const Condition = match !== undefined ? 'If-Match' : 'If-Unmodified-Since';
    throw new StorageError('PreconditionFailed', { details: { Condition } });
  }
  return noneMatch !== undefined ? namesTag(noneMatch, etag) : seconds <= since;
}

/** Conditions of a write: `If-None-Match: *` and `If-Match`. @throws StorageError `PreconditionFailed`, `NoSuchKey` */
export function checkWrite(request: StorageRequest, before: StoredObject | undefined): void {
  const [match, noneMatch] = [request.header('if-match'), request.header('if-none-match')];
  if (noneMatch !== undefined) {
    if (noneMatch !== '*') {
      throw new StorageError('NotImplemented', { message: 'If-None-Match of a write knows * only' });
    }
    if (before) throw new StorageError('PreconditionFailed', { details: { Condition: 'If-None-Match' } });
  }
  if (match === undefined) return;
  if (!before) throw new StorageError('NoSuchKey');
  if (!namesTag(match, before.etag)) {
    throw new StorageError('PreconditionFailed', { details: { Condition: 'If-Match' } });
  }
}

function namesTag(header: string, etag: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  return tags.includes('*') || tags.includes(etag);
}

/**
 * One range; of several, and of what is none, nothing is heard: S3 answers with the whole.
 *
 * @throws StorageError `InvalidRange`
 */
export function rangeOf(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, from = '', to = ''] = match;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (first >= size || (from === '' && Number(to) === 0)) {
    throw new StorageError('InvalidRange', {
      details: { RangeRequested: header ?? '', ActualObjectSize: size },
    });
  }
  return { first, last };
}
