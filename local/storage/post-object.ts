/** Uploads by a form of a page. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { checkRegion, checkSignature, checkToken, identityOf, type Verifier } from './authenticate.ts';
import { UPLOAD_BYTES, write } from './body.ts';
import type { StoredObject } from './bucket-store.ts';
import { describe } from './description.ts';
import { StorageError } from './errors.ts';
import { putOrDiscard } from './objects.ts';
import { type Answer, ENCRYPTED, type OperationCall, objectArn, quoted, XML } from './operation.ts';
import { checkFields, type PostPolicy, parsePolicy, sizeRange } from './post-policy.ts';
import { checkKey, type Identity, type StorageRequest } from './request.ts';
import { parseScope } from './signature.ts';
import { parseTagging } from './tagging.ts';
import { element } from './xml.ts';

/** All fields before the file. */
const FIELDS_BYTES = 20 * 1024;

/** The fields before the file, by lower-case name, and the file, not read yet. */
export interface PostForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: BusboyFileStream;
  readonly fileName: string;
}

/** Reads up to the file. What comes after it is passed over. @throws StorageError */
export function readForm({ incoming }: StorageRequest): Promise<PostForm> {
  const type = incoming.headers['content-type'] ?? '';
  return new Promise((resolve, reject) => {
    const malformed = (message?: string) =>
      reject(new StorageError('MalformedPOSTRequest', message === undefined ? {} : { message }));
    let parser: BusboyInstance;
    try {
      parser = new Busboy({
        headers: { ...incoming.headers, 'content-type': type },
        limits: { fieldSize: FIELDS_BYTES, fieldNameSize: FIELDS_BYTES },
        // A page may send the file as a plain value.
        isPartAFile: (name) => name === 'file',
        preservePath: true,
      });
    } catch {
      malformed();
      return;
    }
    const fields = new Map<string, string>();
    let size = 0;
    parser.on('field', (name, value) => {
      size += name.length + Buffer.byteLength(value);
      if (size > FIELDS_BYTES) {
        reject(
          new StorageError('MaxPostPreDataLengthExceeded', {
            details: { MaxPostPreDataLengthBytes: FIELDS_BYTES },
          }),
        );
      }
      fields.set(name.toLowerCase(), value);
    });
    parser.on('file', (_name, file, fileName) => {
      // A form that is cut off ends its file in an error; whoever reads the file hears it.
      file.on('error', () => {});
      incoming.once('close', () => {
        if (!incoming.complete) file.destroy(new StorageError('IncompleteBody'));
      });
      resolve({ fields: new Map(fields), file, fileName: fileName ?? '' });
    });
    parser.on('finish', () =>
      reject(
        new StorageError('InvalidArgument', {
          message: 'POST requires exactly one file upload per request.',
          details: { ArgumentName: 'file', ArgumentValue: 0 },
        }),
      ),
    );
    parser.on('error', () => malformed());
    incoming.pipe(parser);
  });
}

/** Who signed a form's policy. @throws StorageError as S3 refuses it */
export function authenticateForm(
  fields: ReadonlyMap<string, string>,
  verifier: Verifier,
): { readonly identity: Identity; readonly policy: PostPolicy | undefined } {
  const policy = fields.get('policy');
  if (policy === undefined) return { identity: { kind: 'anonymous' }, policy: undefined };
  const scope = parseScope(fields.get('x-amz-credential') ?? '');
  const missing = ['x-amz-credential', 'x-amz-algorithm', 'x-amz-date', 'x-amz-signature'].find(
    (name) => !fields.has(name),
  );
  if (missing !== undefined || !scope || fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') {
    throw new StorageError('InvalidArgument', {
      message: `Bucket POST must contain a field named '${missing ?? 'X-Amz-Credential'}'.`,
    });
  }
  const key = verifier.find(scope.accessKeyId);
  if (!key) throw new StorageError('InvalidAccessKeyId', { details: { AWSAccessKeyId: scope.accessKeyId } });
  checkRegion(scope, verifier.region, 'AuthorizationQueryParametersError');
  checkSignature({ text: policy, scope, key, provided: fields.get('x-amz-signature') ?? '' });
  checkToken(fields.get('x-amz-security-token'), key);
  return { identity: identityOf(key), policy: parsePolicy(policy) };
}

/**
 * Puts the file of a form.
 *
 * @param call knows by now who signed the form
 */
export async function postObject(
  call: OperationCall,
  { fields, file, fileName }: PostForm,
  policy: PostPolicy | undefined,
): Promise<Answer> {
  const { model, store, now } = call;
  const key = checkKey((fields.get('key') ?? '').replaceAll('$' + '{filename}', fileName));
  if (key === '') {
    throw new StorageError('InvalidArgument', { message: "Bucket POST must contain a field named 'key'." });
  }
  if (policy) checkFields(policy, new Map([...fields, ['key', key], ['bucket', model.name]]), now());
  call.authorize([{ action: 's3:PutObject', resource: objectArn(model, key) }]);
  const tagging = fields.get('tagging');
  const tags = tagging === undefined ? undefined : new URLSearchParams(parseTagging(tagging)).toString();
  if (tags !== undefined)
    call.authorize([{ action: 's3:PutObjectTagging', resource: objectArn(model, key) }]);
  const values = tags === undefined ? fields : new Map([...fields, ['x-amz-tagging', tags]]);
  const description = describe((name) => values.get(name), values.keys());
  const { least, most } = policy ? sizeRange(policy) : { least: 0, most: UPLOAD_BYTES };
  const { blob, etag } = await write(store, file, { most: Math.min(most, UPLOAD_BYTES) });
  if (blob.size < least) {
    await store.discard([blob]);
    throw new StorageError('EntityTooSmall', { details: { ProposedSize: blob.size, MinSizeAllowed: least } });
  }
  const object: StoredObject = { ...description, key, size: blob.size, etag, modified: now(), blobs: [blob] };
  await putOrDiscard(store, object);
  call.notify({ bucket: model, name: 'ObjectCreated:Post', key, object });
  return answerOf(call, fields, object);
}

/** As the form wishes: a redirect, or 200, 201 with a document, or 204. */
function answerOf(
  { model, request }: OperationCall,
  fields: PostForm['fields'],
  object: StoredObject,
): Answer {
  const { key, etag } = object;
  const location = `http://${request.incoming.headers.host}/${model.name}/${encodeURIComponent(key)}`;
  const headers = { etag: quoted(etag), location, ...ENCRYPTED };
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (redirect !== undefined && URL.canParse(redirect)) {
    const to = new URL(redirect);
    for (const [name, value] of [
      ['bucket', model.name],
      ['key', key],
      ['etag', quoted(etag)],
    ] as const) {
      to.searchParams.set(name, value);
    }
    return { status: 303, headers: { ...headers, location: to.href } };
  }
  const status = fields.get('success_action_status');
  if (status === '200') return { status: 200, headers };
  if (status !== '201') return { status: 204, headers };
  const result = [
    element('Location', location),
    element('Bucket', model.name),
    element('Key', key),
    element('ETag', quoted(etag)),
  ];
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element('PostResponse', result)}`;
  return { status: 201, headers: { ...headers, ...XML }, body };
}
