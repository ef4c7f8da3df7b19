/**
 * AWS Signature Version 4 for the one request that a message costs once per connection. A general signer hashes the body and parses
 * the address anew for each; here the key is kept for its day, the body's hash for its frame, and the address for its API
 * (measured by `npm run bench:post`). Steps and names are those of "Create a signed AWS API request" in AWS's IAM user guide.
 */
import { createHmac, hash } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface PostToSign {
  readonly method: 'POST' | 'DELETE';
  readonly host: string;
  /** Path as it is sent, its segments percent-encoded once more: what the canonical request holds. */
  readonly canonicalPath: string;
  /** SHA-256 of the body, hex. */
  readonly bodyHash: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

export type SignPost = (post: PostToSign) => Record<string, string>;

/** `@connections` belongs to this service, whatever the domain. */
const SERVICE = 'execute-api';
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** SHA-256 of a text or bytes, hex. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** @returns a function that gives the headers of a signed request, without `host`. */
export function createPostSigner(region: string, credentials: Credentials): SignPost {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signedHeaders = sessionToken ? 'host;x-amz-date;x-amz-security-token' : 'host;x-amz-date';
  const tokenLine = sessionToken ? `x-amz-security-token:${sessionToken}\n` : '';
  let second = -1;
  let time = '';
  let day = '';
  let scope = '';
  let key: Buffer = Buffer.alloc(0);

  /** Dates and the key of a second are the same for every post within it. */
  function moveTo(now: number): void {
    const current = Math.floor(now / 1_000);
    if (current === second) return;
    second = current;
    time = new Date(current * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
    if (time.startsWith(day) && day !== '') return;
    day = time.slice(0, 8);
    scope = `${day}/${region}/${SERVICE}/aws4_request`;
    key = [day, region, SERVICE, 'aws4_request'].reduce(
      (secret: Buffer, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`),
    );
  }

  return ({ method, host, canonicalPath, bodyHash, now }) => {
    moveTo(now);
    const canonical = `${method}\n${canonicalPath}\n\nhost:${host}\nx-amz-date:${time}\n${tokenLine}\n${signedHeaders}\n${bodyHash}`;
    const toSign = `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    return {
      authorization: `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
      'x-amz-date': time,
      ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
    };
  };
}

/** Percent-encodes a path's segments once more, as the canonical request of every service but S3 wants it. */
export function canonicalPathOf(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** A path segment with all but RFC 3986's unreserved characters percent-encoded. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
