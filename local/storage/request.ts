/** What a request asks for: bucket, key, query and headers, in path style (`/<bucket>/<key>`). */
import type { IncomingMessage } from 'node:http';
import type { Caller, ServiceCaller } from '../services/call.ts';
import { StorageError } from './errors.ts';

/** A key's length in UTF-8: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const KEY_BYTES = 1024;

/** Who asks. `service`: AWS itself, which is let in by bucket policies alone. `user`: signed with credentials that the engine did not issue; that is its user, who may do everything. */
export type Identity =
  | { readonly kind: 'function'; readonly caller: Caller }
  | { readonly kind: 'service'; readonly caller: ServiceCaller }
  | { readonly kind: 'user' }
  | { readonly kind: 'anonymous' };

export class StorageRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Decoded, in the order sent. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Empty for a request about all buckets. */
  readonly bucket: string;
  /** Empty for a request about the bucket. */
  readonly key: string;
  readonly incoming: IncomingMessage;
  readonly #parameters: ReadonlyMap<string, string>;

  /** @throws StorageError `InvalidURI`, `KeyTooLongError` */
  constructor(incoming: IncomingMessage) {
    const [path = '/', query = ''] = splitOnce(incoming.url ?? '/', '?');
    const [bucket = '', key = ''] = splitOnce(path.slice(1), '/');
    this.incoming = incoming;
    this.method = incoming.method ?? 'GET';
    this.path = path;
    this.query = query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const [name = '', value = ''] = splitOnce(pair, '=');
        return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))];
      });
    this.bucket = decode(bucket);
    this.key = checkKey(decode(key));
    this.#parameters = new Map(this.query);
  }

  parameter(name: string): string | undefined {
    return this.#parameters.get(name);
  }

  /** Whether its query begins with a signature: a presigned address. */
  get isPresigned(): boolean {
    return this.#parameters.has('X-Amz-Signature') || this.#parameters.has('X-Amz-Algorithm');
  }

  /** A header; `x-amz-…` may stand in the query of a presigned address instead. */
  header(name: string): string | undefined {
    const value = this.incoming.headers[name];
    if (value !== undefined) return typeof value === 'object' ? value.join(', ') : value;
    if (!this.isPresigned || !name.startsWith('x-amz-')) return undefined;
    return this.query.find(([parameter]) => parameter.toLowerCase() === name)?.[1];
  }

  /** Headers that begin so, in lower case, without that beginning. */
  headersAfter(prefix: string): Record<string, string> {
    const found: Record<string, string> = {};
    const names = [...Object.keys(this.incoming.headers), ...this.query.map(([name]) => name.toLowerCase())];
    for (const name of names) {
      const value = name.startsWith(prefix) ? this.header(name) : undefined;
      if (value !== undefined) found[name.slice(prefix.length)] = value;
    }
    return found;
  }
}

/** @throws StorageError `KeyTooLongError` */
export function checkKey(key: string): string {
  const size = Buffer.byteLength(key);
  if (size <= KEY_BYTES) return key;
  throw new StorageError('KeyTooLongError', { details: { Size: size, MaxSizeAllowed: KEY_BYTES } });
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StorageError('InvalidURI');
  }
}
