/** Objects as a whole: put, get, look at, copy, delete. */
import { createReadStream } from 'node:fs';
import { receive, UPLOAD_BYTES } from './body.ts';
import type { BucketStore, StoredObject } from './bucket-store.ts';
import { checkWrite, isUnchanged, type Range, rangeOf } from './conditions.ts';
import { describe } from './description.ts';
import { StorageError } from './errors.ts';
import {
  type Answer,
  ENCRYPTED,
  find,
  type Operation,
  type OperationCall,
  objectArn,
  onObject,
  quoted,
  readText,
  XML,
} from './operation.ts';
import { checkKey, type StorageRequest } from './request.ts';
import { childrenOf, document, element, parseXml, textOf } from './xml.ts';

/** Bytes read from a file at once. */
const READ_BYTES = 256 * 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const DELETED_AT_ONCE = 1000;
/** Keys of a kilobyte and what stands around them. */
const DELETE_BYTES = 2 * 1024 * 1024;
/** Parameters of a signed address that change headers of the answer. */
const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** What a request says of the object that it makes. */
export function describeRequest(request: StorageRequest) {
  const names = [
    ...Object.keys(request.incoming.headers),
    ...request.query.map(([name]) => name.toLowerCase()),
  ];
  return describe((name) => request.header(name), names);
}

export const putObject: Operation = {
  name: 'PutObject',
  permissions: ({ model, request }) =>
    onObject(
      'PutObject',
      ...(request.header('x-amz-tagging') === undefined ? [] : ['PutObjectTagging']),
    )({ model, request }),
  async run(call) {
    const { request, model, store } = call;
    const description = describeRequest(request);
    // Known before the bytes come; looked at again when they are there.
    checkWrite(request, store.get(request.key));
    call.proceed();
    const { blob, etag, checksum } = await receive(store, request);
    const object: StoredObject = {
      ...description,
      key: request.key,
      size: blob.size,
      etag,
      modified: call.now(),
      blobs: [blob],
      ...(checksum && { checksum }),
    };
    await putOrDiscard(store, object, (before) => checkWrite(request, before));
    call.notify({ bucket: model, name: 'ObjectCreated:Put', key: object.key, object });
    return { status: 200, headers: { etag: quoted(etag), ...ENCRYPTED, ...checksumHeader(object) } };
  },
};

export async function putOrDiscard(
  store: BucketStore,
  object: StoredObject,
  check: (before: StoredObject | undefined) => void = () => {},
): Promise<void> {
  try {
    await store.put(object, check);
  } catch (error) {
    await store.discard(object.blobs);
    throw error;
  }
}

export const getObject: Operation = {
  name: 'GetObject',
  permissions: onObject('GetObject'),
  run: async (call) => read(call, true),
};

export const headObject: Operation = {
  name: 'HeadObject',
  permissions: onObject('GetObject'),
  run: async (call) => read(call, false),
};

function read(call: OperationCall, withBody: boolean): Answer {
  const { request, store } = call;
  const object = find(call);
  const headers = { ...headersOf(object), ...overrides(call) };
  if (isUnchanged(request, object)) return { status: 304, headers };
  const range = rangeOf(request.header('range'), object.size);
  const { first, last } = range ?? { first: 0, last: object.size - 1 };
  const whole: Answer = {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'content-length': String(last - first + 1),
      ...(range && { 'content-range': `bytes ${first}-${last}/${object.size}` }),
      ...(request.header('x-amz-checksum-mode') === 'ENABLED' && !range && checksumHeader(object)),
    },
  };
  return withBody ? { ...whole, body: bytesOf(store, object, { first, last }) } : whole;
}

function headersOf(object: StoredObject): Record<string, string> {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const tags = Object.keys(object.tags).length;
  return {
    'accept-ranges': 'bytes',
    'last-modified': new Date(object.modified).toUTCString(),
    etag: quoted(object.etag),
    ...ENCRYPTED,
    ...object.headers,
    ...Object.fromEntries(metadata),
    ...(tags > 0 && { 'x-amz-tagging-count': String(tags) }),
  };
}

function overrides({ request, identity }: OperationCall): Record<string, string> {
  const found = OVERRIDES.flatMap((name) => {
    const value = request.parameter(`response-${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (found.length > 0 && identity.kind === 'anonymous') {
    throw new StorageError('InvalidRequest', {
      message: 'Request specific response headers cannot be used for anonymous GET requests.',
    });
  }
  return Object.fromEntries(found);
}

function checksumHeader({ checksum }: StoredObject): Record<string, string> {
  return checksum ? { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value } : {};
}

/** Bytes of an object, blob after blob, however many, a chunk at a time; they stay until they are read. */
function bytesOf(store: BucketStore, object: StoredObject, range: Range): AsyncIterable<Buffer> {
  return readBlobs(store, object, range, store.hold(object));
}

async function* readBlobs(
  store: BucketStore,
  object: StoredObject,
  { first, last }: Range,
  release: () => Promise<void>,
): AsyncIterable<Buffer> {
  try {
    let offset = 0;
    for (const { name, size } of object.blobs) {
      const [start, end] = [Math.max(first - offset, 0), Math.min(last - offset, size - 1)];
      offset += size;
      if (start > end) continue;
      yield* createReadStream(store.placeOf(name), { start, end, highWaterMark: READ_BYTES });
    }
  } finally {
    await release();
  }
}

export const copyObject: Operation = {
  name: 'CopyObject',
  permissions: onObject('PutObject'),
  async run(call) {
    const { request, model, store } = call;
    const [, from = '', key = ''] =
      /^\/?([^/]+)\/(.+?)(?:\?versionId=null)?$/s.exec(
        decodeSource(request.header('x-amz-copy-source') ?? ''),
      ) ?? [];
    const source = call.bucket(from);
    call.authorize([{ action: 's3:GetObject', resource: objectArn(source.model, key) }]);
    const found = find(call, source, checkKey(key));
    const wanted = request.header('x-amz-copy-source-if-match');
    if (wanted !== undefined && wanted.replaceAll('"', '') !== found.etag) {
      throw new StorageError('PreconditionFailed', { details: { Condition: 'x-amz-copy-source-If-Match' } });
    }
    const replaces = request.header('x-amz-metadata-directive') === 'REPLACE';
    const tagsReplaced = request.header('x-amz-tagging-directive') === 'REPLACE';
    if (source.model === model && key === request.key && !replaces) {
      throw new StorageError('InvalidRequest', {
        message:
          'This copy request is illegal because it is trying to copy an object to itself without changing the object’s metadata, storage class, website redirect location or encryption attributes.',
      });
    }
    if (found.size > UPLOAD_BYTES) {
      throw new StorageError('InvalidRequest', {
        message: 'The specified copy source is larger than the maximum allowable size for a copy source',
      });
    }
    const stated = describeRequest(request);
    if (Object.keys(tagsReplaced ? stated.tags : found.tags).length > 0) {
      call.authorize(onObject('PutObjectTagging')(call));
    }
    const release = source.store.hold(found);
    try {
      const object: StoredObject = {
        ...found,
        ...(replaces && { headers: stated.headers, metadata: stated.metadata }),
        ...(tagsReplaced && { tags: stated.tags }),
        key: request.key,
        modified: call.now(),
        blobs: await source.store.duplicate(found.blobs, store),
      };
      await putOrDiscard(store, object);
      call.notify({ bucket: model, name: 'ObjectCreated:Copy', key: object.key, object });
      const result = [
        element('LastModified', new Date(object.modified).toISOString()),
        element('ETag', quoted(object.etag)),
      ];
      return { status: 200, headers: { ...XML, ...ENCRYPTED }, body: document('CopyObjectResult', result) };
    } finally {
      await release();
    }
  },
};

function decodeSource(source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    throw new StorageError('InvalidArgument', { message: 'Invalid copy source encoding.' });
  }
}

export const deleteObject: Operation = {
  name: 'DeleteObject',
  permissions: onObject('DeleteObject'),
  async run(call) {
    await remove(call, call.request.key);
    return { status: 204 };
  },
};

/** What is not there is deleted as well, but nobody is told. */
async function remove({ store, model, notify }: OperationCall, key: string): Promise<void> {
  const before = await store.delete(key);
  if (before) notify({ bucket: model, name: 'ObjectRemoved:Delete', key });
}

export const deleteObjects: Operation = {
  name: 'DeleteObjects',
  // Each key by itself: those that may not go are told beside those that went.
  permissions: () => [],
  async run(call) {
    const root = parseXml(await readText(call, DELETE_BYTES));
    const keys = root ? childrenOf(root, 'Object').map((object) => textOf(object, 'Key')) : [];
    if (root?.name !== 'Delete' || keys.length === 0 || keys.length > DELETED_AT_ONCE) {
      throw new StorageError('MalformedXML');
    }
    const isQuiet = textOf(root, 'Quiet') === 'true';
    const result: string[] = [];
    for (const key of keys) {
      if (key === undefined || key === '') throw new StorageError('MalformedXML');
      try {
        call.authorize([{ action: 's3:DeleteObject', resource: objectArn(call.model, key) }]);
        await remove(call, key);
        if (!isQuiet) result.push(element('Deleted', [element('Key', key)]));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        const { code, message } = error;
        result.push(
          element('Error', [element('Key', key), element('Code', code), element('Message', message)]),
        );
      }
    }
    return { status: 200, headers: XML, body: document('DeleteResult', result) };
  },
};
