/**
 * Who signed a request, in its headers or in its query.
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html
 */
import type { Caller, ServiceCaller } from '../services/call.ts';
import { StorageError } from './errors.ts';
import type { Identity, StorageRequest } from './request.ts';
import { isSameSignature, parseScope, parseTimestamp, type Scope, sign, stringToSign } from './signature.ts';

/** Credentials that the engine issued. */
export interface KnownKey {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly caller: Caller | ServiceCaller;
}

export interface Verifier {
  readonly region: string;
  find(accessKeyId: string): KnownKey | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** How far a signed request's time may be from the service's, milliseconds. */
const SKEW_MS = 15 * 60 * 1000;
/** Seven days, in seconds. */
const LONGEST_EXPIRY_SECONDS = 604_800;
const UNSIGNED = 'UNSIGNED-PAYLOAD';

export function identityOf({ caller }: KnownKey): Identity {
  return 'service' in caller ? { kind: 'service', caller } : { kind: 'function', caller };
}

/** @throws StorageError as S3 refuses the signature */
export function authenticate(request: StorageRequest, verifier: Verifier): Identity {
  const { authorization } = request.incoming.headers;
  if (request.isPresigned && authorization !== undefined) {
    throw new StorageError('InvalidArgument', {
      message:
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    });
  }
  if (request.isPresigned) return authenticateQuery(request, verifier);
  if (authorization === undefined) return { kind: 'anonymous' };
  return authenticateHeader(request, authorization, verifier);
}

function authenticateHeader(request: StorageRequest, authorization: string, verifier: Verifier): Identity {
  const fields =
    /^AWS4-HMAC-SHA256\s+Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)$/.exec(
      authorization,
    );
  const scope = parseScope(fields?.[1] ?? '');
  if (!fields || !scope) throw new StorageError('AuthorizationHeaderMalformed');
  const key = verifier.find(scope.accessKeyId);
  if (!key) return { kind: 'user' };
  checkRegion(scope, verifier.region, 'AuthorizationHeaderMalformed');
  checkToken(request.header('x-amz-security-token'), key);
  const timestamp = request.header('x-amz-date') ?? '';
  const signedAt = parseTimestamp(timestamp);
  const payloadHash = request.header('x-amz-content-sha256');
  if (Number.isNaN(signedAt) || !timestamp.startsWith(scope.date)) {
    throw new StorageError('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    });
  }
  if (payloadHash === undefined) {
    throw new StorageError('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    });
  }
  if (Math.abs(verifier.now() - signedAt) > SKEW_MS) {
    throw new StorageError('RequestTimeTooSkewed', {
      details: {
        RequestTime: timestamp,
        ServerTime: new Date(verifier.now()).toISOString(),
        MaxAllowedSkewMilliseconds: SKEW_MS,
      },
    });
  }
  const signedHeaders = (fields[2] ?? '').split(';');
  checkSignedHeaders(request, signedHeaders);
  const text = stringToSign({ ...requestParts(request), signedHeaders, payloadHash }, scope, timestamp);
  checkSignature({ text, scope, key, provided: fields[3] ?? '' });
  return identityOf(key);
}

function authenticateQuery(request: StorageRequest, verifier: Verifier): Identity {
  const parameter = (name: string) => request.parameter(`X-Amz-${name}`) ?? '';
  const scope = parseScope(parameter('Credential'));
  const timestamp = parameter('Date');
  const signedAt = parseTimestamp(timestamp);
  const expires = Number(parameter('Expires'));
  if (
    parameter('Algorithm') !== 'AWS4-HMAC-SHA256' ||
    !scope ||
    !timestamp.startsWith(scope.date) ||
    Number.isNaN(signedAt) ||
    parameter('SignedHeaders') === '' ||
    parameter('Signature') === '' ||
    parameter('Expires') === ''
  ) {
    throw new StorageError('AuthorizationQueryParametersError', {
      message:
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    });
  }
  if (!Number.isInteger(expires) || expires < 0 || expires > LONGEST_EXPIRY_SECONDS) {
    throw new StorageError('AuthorizationQueryParametersError', {
      message: `X-Amz-Expires must be between 0 and ${LONGEST_EXPIRY_SECONDS} seconds`,
    });
  }
  // Unlike a call, an address is for others to use: keys that nobody issued open nothing.
  const key = verifier.find(scope.accessKeyId);
  if (!key) throw new StorageError('InvalidAccessKeyId', { details: { AWSAccessKeyId: scope.accessKeyId } });
  checkRegion(scope, verifier.region, 'AuthorizationQueryParametersError');
  checkToken(request.parameter('X-Amz-Security-Token') ?? request.header('x-amz-security-token'), key);
  if (signedAt - verifier.now() > SKEW_MS) {
    throw new StorageError('AccessDenied', { message: 'Request is not yet valid' });
  }
  const end = signedAt + expires * 1000;
  if (verifier.now() > end) {
    throw new StorageError('AccessDenied', {
      message: 'Request has expired',
      details: {
        'X-Amz-Expires': expires,
        Expires: new Date(end).toISOString(),
        ServerTime: new Date(verifier.now()).toISOString(),
      },
    });
  }
  const signedHeaders = parameter('SignedHeaders').split(';');
  checkSignedHeaders(request, signedHeaders);
  const parts = requestParts(request);
  const query = parts.query.filter(([name]) => name !== 'X-Amz-Signature');
  const payloadHash = request.parameter('X-Amz-Content-Sha256') ?? UNSIGNED;
  const text = stringToSign({ ...parts, query, signedHeaders, payloadHash }, scope, timestamp);
  checkSignature({ text, scope, key, provided: parameter('Signature') });
  return identityOf(key);
}

function requestParts({ method, path, query, incoming }: StorageRequest) {
  return { method, path, query, headers: incoming.headers };
}

/** What is not signed could be anybody's: `host` and all of `x-amz-…` must be. */
function checkSignedHeaders({ incoming }: StorageRequest, signedHeaders: readonly string[]): void {
  const present = Object.keys(incoming.headers).filter(
    (name) => name === 'host' || name.startsWith('x-amz-'),
  );
  const missing = present.filter((name) => !signedHeaders.includes(name));
  if (missing.length === 0) return;
  throw new StorageError('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    details: { HeadersNotSigned: missing.join(', ') },
  });
}

/** Also of a form's policy. @throws StorageError */
export function checkRegion(
  { region, service }: Scope,
  expected: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): void {
  if (service !== 's3') {
    throw new StorageError(code, { message: `Error parsing the credential; incorrect service "${service}"` });
  }
  if (region !== expected) {
    throw new StorageError(code, {
      message: `Error parsing the credential; the region '${region}' is wrong; expecting '${expected}'`,
      details: { Region: expected },
    });
  }
}

/** Session credentials are good with their token only. @throws StorageError `InvalidToken` */
export function checkToken(token: string | undefined, key: KnownKey): void {
  if (token === undefined || !isSameSignature(key.sessionToken, token))
    throw new StorageError('InvalidToken');
}

/** @throws StorageError `SignatureDoesNotMatch` */
export function checkSignature(signed: {
  readonly text: string;
  readonly scope: Scope;
  readonly key: KnownKey;
  readonly provided: string;
}): void {
  const { text, scope, key, provided } = signed;
  if (isSameSignature(sign(key.secretAccessKey, scope, text), provided)) return;
  throw new StorageError('SignatureDoesNotMatch', {
    details: { AWSAccessKeyId: scope.accessKeyId, StringToSign: text, SignatureProvided: provided },
  });
}
