/** Which operation a request names. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
import { StorageError } from './errors.ts';
import { headBucket, listObjects, listObjectsV2 } from './lists.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from './multipart.ts';
import { copyObject, deleteObject, deleteObjects, getObject, headObject, putObject } from './objects.ts';
import type { Operation } from './operation.ts';
import type { StorageRequest } from './request.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tagging.ts';

/** Parameters that make another operation of the same method and path. */
const SUBRESOURCES = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'list-type',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
] as const;

/** By method, what the path names, and the parameter. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET bucket': listObjects,
  'GET bucket list-type': listObjectsV2,
  'GET bucket uploads': listMultipartUploads,
  'HEAD bucket': headBucket,
  'POST bucket delete': deleteObjects,
  'GET object': getObject,
  'GET object tagging': getObjectTagging,
  'GET object uploadId': listParts,
  'HEAD object': headObject,
  'PUT object': putObject,
  'PUT object copy': copyObject,
  'PUT object tagging': putObjectTagging,
  'PUT object uploadId': uploadPart,
  'POST object uploads': createMultipartUpload,
  'POST object uploadId': completeMultipartUpload,
  'DELETE object': deleteObject,
  'DELETE object tagging': deleteObjectTagging,
  'DELETE object uploadId': abortMultipartUpload,
};

/** @throws StorageError `NotImplemented` */
export function operationOf(request: StorageRequest): Operation {
  const { method, key } = request;
  const level = key === '' ? 'bucket' : 'object';
  const named = SUBRESOURCES.find((name) => request.parameter(name) !== undefined);
  const isCopy = method === 'PUT' && named === undefined && request.header('x-amz-copy-source') !== undefined;
  const parameter = isCopy ? 'copy' : named;
  const found = [method, level, ...(parameter === undefined ? [] : [parameter])].join(' ');
  const operation = Object.hasOwn(OPERATIONS, found) ? OPERATIONS[found] : undefined;
  if (operation) return operation;
  throw new StorageError('NotImplemented', { message: `The engine has no such operation of S3: ${found}` });
}

/** Whether it is a form of a page. */
export function isForm({ method, key, incoming }: StorageRequest): boolean {
  const type = incoming.headers['content-type'] ?? '';
  return method === 'POST' && key === '' && type.toLowerCase().startsWith('multipart/form-data');
}
