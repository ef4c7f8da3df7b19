/** Buckets and what lies in them. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
import { StorageError } from './errors.ts';
import { type Operation, type OperationCall, onBucket, onListing, quoted, XML } from './operation.ts';
import { uriEncode } from './signature.ts';
import { document, element } from './xml.ts';

/** Keys and common prefixes of one page. */
const PAGE = 1000;

interface Listing {
  /** Keys of objects and common prefixes, in one order. */
  readonly entries: readonly { readonly kind: 'object' | 'prefix'; readonly text: string }[];
  /** Where the next page goes on, exclusive; undefined on the last one. */
  readonly next: string | undefined;
}

function list(call: OperationCall, after: string, most: number): Listing {
  const prefix = call.request.parameter('prefix') ?? '';
  const delimiter = call.request.parameter('delimiter') ?? '';
  const entries: Listing['entries'][number][] = [];
  const start = Buffer.from(after);
  let last = '';
  for (const key of call.store.keys()) {
    if (!key.startsWith(prefix) || (after !== '' && Buffer.compare(Buffer.from(key), start) <= 0)) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : key.slice(0, at + delimiter.length);
    // A page that ended with a common prefix is followed by what does not begin so.
    if (common !== undefined && (common === last || common === after)) continue;
    if (entries.length === most) return { entries, next: last };
    last = common ?? key;
    entries.push({ kind: common === undefined ? 'object' : 'prefix', text: last });
  }
  return { entries, next: undefined };
}

function pageSize({ request }: OperationCall): number {
  const given = request.parameter('max-keys');
  const most = given === undefined ? PAGE : Number(given);
  if (Number.isInteger(most) && most >= 0) return Math.min(most, PAGE);
  throw new StorageError('InvalidArgument', {
    message: 'Provided max-keys not an integer or within integer range',
    details: { ArgumentName: 'max-keys', ArgumentValue: given ?? '' },
  });
}

/** With `encoding-type=url` keys come encoded, as XML can't hold them all. */
function encoder({ request }: OperationCall): (text: string) => string {
  return request.parameter('encoding-type') === 'url'
    ? (text) => uriEncode(text).replaceAll('%2F', '/').replaceAll('%20', '+')
    : (text) => text;
}

function documentOf(call: OperationCall, { entries }: Listing, head: readonly string[]): string {
  const { model, request, store } = call;
  const encode = encoder(call);
  const delimiter = request.parameter('delimiter');
  const objects = entries.flatMap(({ kind, text }) => {
    const object = kind === 'object' ? store.get(text) : undefined;
    if (!object) return [];
    const { key, modified, etag, size } = object;
    return element('Contents', [
      element('Key', encode(key)),
      element('LastModified', new Date(modified).toISOString()),
      element('ETag', quoted(etag)),
      element('Size', size),
      element('StorageClass', 'STANDARD'),
    ]);
  });
  const prefixes = entries
    .filter(({ kind }) => kind === 'prefix')
    .map(({ text }) => element('CommonPrefixes', [element('Prefix', encode(text))]));
  return document('ListBucketResult', [
    element('Name', model.name),
    element('Prefix', encode(request.parameter('prefix') ?? '')),
    ...(delimiter === undefined ? [] : [element('Delimiter', encode(delimiter))]),
    ...(request.parameter('encoding-type') === 'url' ? [element('EncodingType', 'url')] : []),
    ...head,
    ...objects,
    ...prefixes,
  ]);
}

export const listObjectsV2: Operation = {
  name: 'ListObjectsV2',
  permissions: onListing,
  async run(call) {
    const { request } = call;
    const token = request.parameter('continuation-token');
    const startAfter = request.parameter('start-after') ?? '';
    const most = pageSize(call);
    const after = token === undefined ? startAfter : Buffer.from(token, 'base64url').toString('utf8');
    const listing = most === 0 ? { entries: [], next: undefined } : list(call, after, most);
    const head = [
      element('KeyCount', listing.entries.length),
      element('MaxKeys', most),
      element('IsTruncated', listing.next !== undefined),
      ...(token === undefined ? [] : [element('ContinuationToken', token)]),
      ...(startAfter === '' ? [] : [element('StartAfter', encoder(call)(startAfter))]),
      ...(listing.next === undefined
        ? []
        : [element('NextContinuationToken', Buffer.from(listing.next).toString('base64url'))]),
    ];
    return { status: 200, headers: XML, body: documentOf(call, listing, head) };
  },
};

export const listObjects: Operation = {
  name: 'ListObjects',
  permissions: onListing,
  async run(call) {
    const marker = call.request.parameter('marker') ?? '';
    const most = pageSize(call);
    const listing = most === 0 ? { entries: [], next: undefined } : list(call, marker, most);
    const encode = encoder(call);
    const head = [
      element('Marker', encode(marker)),
      element('MaxKeys', most),
      element('IsTruncated', listing.next !== undefined),
      ...(listing.next === undefined ? [] : [element('NextMarker', encode(listing.next))]),
    ];
    return { status: 200, headers: XML, body: documentOf(call, listing, head) };
  },
};

export const headBucket: Operation = {
  name: 'HeadBucket',
  permissions: onBucket('ListBucket'),
  run: async () => ({ status: 200 }),
};
