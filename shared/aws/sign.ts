/**
 * AWS Signature Version 4 for the requests that a message costs: a handful of table calls, and a post for each connection. A general
 * signer parses the address and sorts out the headers anew for each; here the key is kept for its day, and what the caller knows
 * already (the body's hash, the path as it is signed) is given (measured by `npm run bench:post`). Steps and names are those of
 * "Create a signed AWS API request" in AWS's IAM user guide.
 */
import { createHmac, hash } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  readonly host: string;
  /** Path as it is sent, its segments percent-encoded once more (but for S3): what the canonical request holds. */
  readonly canonicalPath: string;
  /** Parameters in order, each part percent-encoded. */
  readonly canonicalQuery?: string;
  /** What else is signed, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** SHA-256 of the body, hex. */
  readonly bodyHash: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** @returns the headers to send: the given ones, and those of the signature; without `host`. */
export type Sign = (request: RequestToSign) => Record<string, string>;

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Credentials as Lambda gives them to a function. */
export function credentialsOf(environment: Readonly<Record<string, string | undefined>>): Credentials {
  return {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    ...(environment.AWS_SESSION_TOKEN ? { sessionToken: environment.AWS_SESSION_TOKEN } : {}),
  };
}

/** SHA-256 of a text or bytes, hex. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** @param service the signing name, for example `dynamodb`. */
export function createSigner(region: string, service: string, credentials: Credentials): Sign {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  let second = -1;
  let time = '';
  let day = '';
  let scope = '';
  let key: Buffer = Buffer.alloc(0);

  /** Dates and the key of a second are the same for every request within it. */
  function moveTo(now: number): void {
    const current = Math.floor(now / 1_000);
    if (current === second) return;
    second = current;
    time = new Date(current * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
    if (time.startsWith(day) && day !== '') return;
    day = time.slice(0, 8);
    scope = `${day}/${region}/${service}/aws4_request`;
    key = [day, region, service, 'aws4_request'].reduce(
      (secret: Buffer, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`),
    );
  }

  return ({ method, host, canonicalPath, canonicalQuery = '', headers, bodyHash, now }) => {
    moveTo(now);
    const sent: Record<string, string> = { ...headers, 'x-amz-date': time };
    if (sessionToken) sent['x-amz-security-token'] = sessionToken;
    const names = ['host', ...Object.keys(sent)].sort();
    let lines = '';
    for (const name of names) lines += `${name}:${name === 'host' ? host : sent[name]}\n`;
    const signedHeaders = names.join(';');
    const canonical = `${method}\n${canonicalPath}\n${canonicalQuery}\n${lines}\n${signedHeaders}\n${bodyHash}`;
    const toSign = `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    sent.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return sent;
  };
}

/** Percent-encodes a path's segments once more, as the canonical request of every service but S3 wants it. */
export function canonicalPathOf(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** A query's parameters as the canonical request holds them. @param query percent-encoded, as it is sent. */
export function canonicalQueryOf(query: string): string {
  return [...new URLSearchParams(query.replaceAll('+', '%2B'))]
    .map(([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`)
    .sort()
    .join('&');
}

/** A path segment with all but RFC 3986's unreserved characters percent-encoded. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
