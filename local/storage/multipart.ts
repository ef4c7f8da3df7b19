/** Uploads in parts. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { createHash, randomBytes } from 'node:crypto';
import { receive } from './body.ts';
import type { Part, Upload } from './bucket-store.ts';
import { checkWrite } from './conditions.ts';
import { StorageError } from './errors.ts';
import { describeRequest } from './objects.ts';
import {
  ENCRYPTED,
  type Operation,
  type OperationCall,
  onBucket,
  onObject,
  quoted,
  readText,
  XML,
} from './operation.ts';
import { childrenOf, document, element, parseXml, textOf } from './xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PARTS = 10_000;
/** Of each part but the last. */
export const LEAST_PART_BYTES = 5 * 1024 ** 2;
const OBJECT_BYTES = 5 * 1024 ** 4;
const LISTED_AT_ONCE = 1000;
/** Ten thousand parts with their tags and checksums. */
const COMPLETE_BYTES = 4 * 1024 ** 2;

/** @throws StorageError `NoSuchUpload` */
function uploadOf({ request, store }: OperationCall): Upload {
  const id = request.parameter('uploadId') ?? '';
  const upload = store.upload(id);
  if (upload?.key === request.key) return upload;
  throw new StorageError('NoSuchUpload', { details: { UploadId: id } });
}

export const createMultipartUpload: Operation = {
  name: 'CreateMultipartUpload',
  permissions: ({ model, request }) =>
    onObject(
      'PutObject',
      ...(request.header('x-amz-tagging') === undefined ? [] : ['PutObjectTagging']),
    )({ model, request }),
  async run({ request, store, model, now }) {
    const id = randomBytes(32).toString('base64url');
    await store.begin({ ...describeRequest(request), id, key: request.key, initiated: now() });
    const result = [element('Bucket', model.name), element('Key', request.key), element('UploadId', id)];
    const body = document('InitiateMultipartUploadResult', result);
    return { status: 200, headers: { ...XML, ...ENCRYPTED }, body };
  },
};

export const uploadPart: Operation = {
  name: 'UploadPart',
  permissions: onObject('PutObject'),
  async run(call) {
    const { request, store } = call;
    const upload = uploadOf(call);
    const number = Number(request.parameter('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > PARTS) {
      throw new StorageError('InvalidArgument', {
        message: `Part number must be an integer between 1 and ${PARTS}, inclusive`,
        details: { ArgumentName: 'partNumber', ArgumentValue: request.parameter('partNumber') ?? '' },
      });
    }
    if (request.header('x-amz-copy-source') !== undefined) {
      throw new StorageError('NotImplemented', { details: { Header: 'x-amz-copy-source' } });
    }
    call.proceed();
    const { blob, etag, checksum } = await receive(store, request);
    if (!(await store.putPart(upload, { number, etag, modified: call.now(), blob }))) {
      throw new StorageError('NoSuchUpload', { details: { UploadId: upload.id } });
    }
    return {
      status: 200,
      headers: {
        etag: quoted(etag),
        ...ENCRYPTED,
        ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
      },
    };
  },
};

export const completeMultipartUpload: Operation = {
  name: 'CompleteMultipartUpload',
  permissions: onObject('PutObject'),
  async run(call) {
    const { request, store, model } = call;
    const text = await readText(call, COMPLETE_BYTES);
    const upload = uploadOf(call);
    const parts = partsOf(text, upload);
    const md5 = createHash('md5');
    for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
    const size = parts.reduce((sum, { blob }) => sum + blob.size, 0);
    if (size > OBJECT_BYTES) {
      throw new StorageError('EntityTooLarge', {
        details: { ProposedSize: size, MaxSizeAllowed: OBJECT_BYTES },
      });
    }
    const { headers, metadata, tags, key } = upload;
    const object = {
      headers,
      metadata,
      tags,
      key,
      size,
      etag: `${md5.digest('hex')}-${parts.length}`,
      modified: call.now(),
      blobs: parts.map(({ blob }) => blob),
    };
    if (!(await store.complete(upload, parts, object, (before) => checkWrite(request, before)))) {
      throw new StorageError('NoSuchUpload', { details: { UploadId: upload.id } });
    }
    call.notify({ bucket: model, name: 'ObjectCreated:CompleteMultipartUpload', key, object });
    const result = [
      element('Location', `http://${request.incoming.headers.host}${request.path}`),
      element('Bucket', model.name),
      element('Key', key),
      element('ETag', quoted(object.etag)),
    ];
    const body = document('CompleteMultipartUploadResult', result);
    return { status: 200, headers: { ...XML, ...ENCRYPTED }, body };
  },
};

/** The parts that the client names, each of them there. @throws StorageError */
function partsOf(text: string, upload: Upload): Part[] {
  const root = parseXml(text);
  const named = root?.name === 'CompleteMultipartUpload' ? childrenOf(root, 'Part') : [];
  if (named.length === 0) throw new StorageError('MalformedXML');
  let last = 0;
  const parts = named.map((one) => {
    const number = Number(textOf(one, 'PartNumber'));
    if (!Number.isInteger(number)) throw new StorageError('MalformedXML');
    if (number <= last) throw new StorageError('InvalidPartOrder');
    last = number;
    const part = upload.parts.get(number);
    const etag = (textOf(one, 'ETag') ?? '').replaceAll('"', '');
    if (part?.etag === etag) return part;
    throw new StorageError('InvalidPart', {
      details: { UploadId: upload.id, PartNumber: number, ETag: etag },
    });
  });
  const short = parts.slice(0, -1).find(({ blob }) => blob.size < LEAST_PART_BYTES);
  if (!short) return parts;
  throw new StorageError('EntityTooSmall', {
    details: {
      ProposedSize: short.blob.size,
      MinSizeAllowed: LEAST_PART_BYTES,
      PartNumber: short.number,
      ETag: short.etag,
    },
  });
}

export const abortMultipartUpload: Operation = {
  name: 'AbortMultipartUpload',
  permissions: onObject('AbortMultipartUpload'),
  async run(call) {
    await call.store.abort(uploadOf(call));
    return { status: 204 };
  },
};

export const listParts: Operation = {
  name: 'ListParts',
  permissions: onObject('ListMultipartUploadParts'),
  async run(call) {
    const { request, model } = call;
    const upload = uploadOf(call);
    const most = Math.min(Number(request.parameter('max-parts') ?? LISTED_AT_ONCE), LISTED_AT_ONCE);
    const marker = Number(request.parameter('part-number-marker') ?? 0);
    const parts = [...upload.parts.values()]
      .filter(({ number }) => number > marker)
      .sort((a, b) => a.number - b.number);
    const page = parts.slice(0, most);
    const result = [
      element('Bucket', model.name),
      element('Key', upload.key),
      element('UploadId', upload.id),
      element('PartNumberMarker', marker),
      element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      element('MaxParts', most),
      element('IsTruncated', parts.length > page.length),
      ...page.map(({ number, etag, modified, blob }) =>
        element('Part', [
          element('PartNumber', number),
          element('LastModified', new Date(modified).toISOString()),
          element('ETag', quoted(etag)),
          element('Size', blob.size),
        ]),
      ),
    ];
    return { status: 200, headers: XML, body: document('ListPartsResult', result) };
  },
};

/** As many as there are: uploads that nobody ended are few. */
export const listMultipartUploads: Operation = {
  name: 'ListMultipartUploads',
  permissions: onBucket('ListBucketMultipartUploads'),
  async run({ request, model, store }) {
    const prefix = request.parameter('prefix') ?? '';
    const found = store.uploads().filter(({ key }) => key.startsWith(prefix));
    found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated - b.initiated);
    const result = [
      element('Bucket', model.name),
      element('Prefix', prefix),
      element('MaxUploads', LISTED_AT_ONCE),
      element('IsTruncated', false),
      ...found.map(({ key, id, initiated }) =>
        element('Upload', [
          element('Key', key),
          element('UploadId', id),
          element('Initiated', new Date(initiated).toISOString()),
        ]),
      ),
    ];
    return { status: 200, headers: XML, body: document('ListMultipartUploadsResult', result) };
  },
};
