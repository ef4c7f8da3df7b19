/** What a client says about an object beside its bytes, in headers or in the fields of a form. */
import type { Description } from './bucket-store.ts';
import { StorageError } from './errors.ts';

type Lookup = (name: string) => string | undefined;

const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
];
const DEFAULT_TYPE = 'binary/octet-stream';
const METADATA = 'x-amz-meta-';
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const METADATA_BYTES = 2048;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const TAGS = 10;
const TAG_KEY_CHARACTERS = 128;
const TAG_VALUE_CHARACTERS = 256;
const REFUSED = [
  'x-amz-object-lock-',
  'x-amz-server-side-encryption-',
  'x-amz-grant-',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
];

/** @throws StorageError for what S3 would refuse, and for what the engine does not have */
export function describe(lookup: Lookup, names: Iterable<string>): Description {
  const metadata: Record<string, string> = {};
  for (const name of names) {
    const value = lookup(name);
    if (value === undefined) continue;
    if (name.startsWith(METADATA)) metadata[name.slice(METADATA.length)] = value;
    if (REFUSED.some((start) => name.startsWith(start))) {
      throw new StorageError('NotImplemented', { details: { Header: name } });
    }
  }
  const size = Object.entries(metadata).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
  if (size > METADATA_BYTES) {
    throw new StorageError('MetadataTooLarge', { details: { Size: size, MaxSizeAllowed: METADATA_BYTES } });
  }
  const encryption = lookup('x-amz-server-side-encryption') ?? 'AES256';
  if (encryption !== 'AES256') {
    throw new StorageError('NotImplemented', { details: { Header: 'x-amz-server-side-encryption' } });
  }
  const acl = lookup('x-amz-acl') ?? lookup('acl') ?? 'private';
  if (acl !== 'private' && acl !== 'bucket-owner-full-control') {
    throw new StorageError('AccessControlListNotSupported');
  }
  const headers: Record<string, string> = { 'content-type': DEFAULT_TYPE };
  for (const name of STORED_HEADERS) {
    const value = lookup(name);
    if (value !== undefined && value !== '') headers[name] = value;
  }
  const encodings = (lookup('content-encoding') ?? '').split(',').map((one) => one.trim());
  const encoding = encodings.filter((one) => one !== '' && one !== 'aws-chunked').join(',');
  if (encoding !== '') headers['content-encoding'] = encoding;
  return { headers, metadata, tags: parseTags(lookup('x-amz-tagging')) };
}

/** Tags as the header has them: `a=1&b=2`. @throws StorageError `InvalidTag`, `BadRequest` */
export function parseTags(header: string | undefined): Record<string, string> {
  return checkTags([...new URLSearchParams(header ?? '')]);
}

/** @throws StorageError `InvalidTag`, `BadRequest` */
export function checkTags(tags: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  if (tags.length > TAGS) {
    throw new StorageError('BadRequest', { message: `Object tags cannot be greater than ${TAGS}` });
  }
  const names = new Set(tags.map(([key]) => key));
  const fits = tags.every(
    ([key, value]) => key !== '' && key.length <= TAG_KEY_CHARACTERS && value.length <= TAG_VALUE_CHARACTERS,
  );
  if (names.size < tags.length || !fits) throw new StorageError('InvalidTag');
  return Object.fromEntries(tags);
}
