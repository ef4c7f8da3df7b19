/**
 * Addresses and forms that let somebody else talk to one bucket of S3, once and for a while.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and sigv4-HTTPPOSTConstructPolicy.html
 */
import { createHmac } from 'node:crypto';
import aws4 from 'aws4';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a bucket is: behind a name of its own on AWS, in the path where the environment names another endpoint. */
export interface Bucket {
  readonly name: string;
  /** Scheme and host. */
  readonly origin: string;
  /** What comes before `/<key>`. */
  readonly path: string;
}

export function bucketAt(name: string, environment: Environment): Bucket {
  const override = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  if (override !== undefined) return { name, origin: new URL(override).origin, path: `/${name}` };
  return { name, origin: `https://${name}.s3.${regionOf(environment)}.amazonaws.com`, path: '' };
}

/** A form that puts one file. A client sends the fields, then the file as `file`. */
export interface Form {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Presigner {
  /** @param query parameters that change headers of the answer, `response-content-type` and the like. */
  address(request: {
    readonly key: string;
    readonly expiresSeconds: number;
    readonly query?: Readonly<Record<string, string>>;
  }): string;
  /** An address that takes one part of an upload, of exactly this size, bytes, by PUT. */
  partAddress(part: {
    readonly key: string;
    readonly upload: string;
    readonly part: number;
    readonly size: number;
    readonly expiresSeconds: number;
  }): string;
  /** A form for exactly this key, type and size, bytes. */
  form(file: {
    readonly key: string;
    readonly contentType: string;
    readonly size: number;
    readonly expiresSeconds: number;
    /** Epoch milliseconds. */
    readonly now: number;
  }): Form;
}

/** Signs with the credentials in the environment, which can do no more than the function's role. */
export function createPresigner(bucket: Bucket, environment: Environment): Presigner {
  const region = regionOf(environment);
  const credentials = {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    ...(environment.AWS_SESSION_TOKEN ? { sessionToken: environment.AWS_SESSION_TOKEN } : {}),
  };
  function sign(
    method: 'GET' | 'PUT',
    key: string,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): string {
    const parameters = new URLSearchParams(query).toString().replaceAll('+', '%20');
    const path = `${bucket.path}/${encodeKey(key)}?${parameters}`;
    const { host } = new URL(bucket.origin);
    const request = { service: 's3', region, host, method, path, headers: { ...headers }, signQuery: true };
    return `${bucket.origin}${aws4.sign(request, credentials).path}`;
  }

  return {
    address({ key, expiresSeconds, query = {} }) {
      return sign('GET', key, { ...query, 'X-Amz-Expires': String(expiresSeconds) });
    },

    partAddress({ key, upload, part, size, expiresSeconds }) {
      const query = { partNumber: String(part), uploadId: upload, 'X-Amz-Expires': String(expiresSeconds) };
      // A header that is signed must come as it was signed: a part of another size is refused before its bytes are looked at.
      return sign('PUT', key, query, { 'content-length': String(size) });
    },

    form({ key, contentType, size, expiresSeconds, now }) {
      const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
      const scope = [time.slice(0, 8), region, 's3', 'aws4_request'];
      const fields = {
        key,
        'Content-Type': contentType,
        'x-amz-algorithm': 'AWS4-HMAC-SHA256',
        'x-amz-credential': [credentials.accessKeyId, ...scope].join('/'),
        'x-amz-date': time,
        ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
      };
      const document = {
        expiration: new Date(now + expiresSeconds * 1_000).toISOString(),
        conditions: [
          { bucket: bucket.name },
          ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
          ['content-length-range', size, size],
        ],
      };
      const policy = Buffer.from(JSON.stringify(document)).toString('base64');
      const signingKey = scope.reduce(
        (secret: Buffer, part) => createHmac('sha256', secret).update(part).digest(),
        Buffer.from(`AWS4${credentials.secretAccessKey}`),
      );
      const signature = createHmac('sha256', signingKey).update(policy).digest('hex');
      return {
        url: `${bucket.origin}${bucket.path}/`,
        fields: { ...fields, policy, 'x-amz-signature': signature },
      };
    },
  };
}

/** A key in a path: its slashes stay. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

function regionOf(environment: Environment): string {
  return environment.AWS_REGION ?? 'us-east-1';
}
