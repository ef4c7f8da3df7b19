/** Reads a bucket as CloudFront does: signed by its own principal where the origin has an access control. */
import { Agent, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { SessionCredentials } from '../services/credentials.ts';
import { sign, stringToSign, uriEncode } from '../storage/signature.ts';

/** Where S3 is on this machine, and as whom a distribution asks there. */
export interface StorageAccess {
  readonly url: string;
  readonly region: string;
  readonly credentials: SessionCredentials;
}

/** What of a viewer's request a bucket gets to know besides the path. */
const PASSED = ['if-match', 'if-modified-since', 'if-none-match', 'if-unmodified-since', 'range'];
const UNSIGNED = 'UNSIGNED-PAYLOAD';

export interface BucketRequest {
  readonly method: string;
  readonly bucket: string;
  /** As sent, with the slash at its beginning. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly signed: boolean;
}

export interface BucketOrigin {
  /** @throws the error of `node:http` where S3 does not answer */
  read(wanted: BucketRequest): Promise<IncomingMessage>;
  close(): void;
}

export function createBucketOrigin({ url, region, credentials }: StorageAccess): BucketOrigin {
  const agent = new Agent({ keepAlive: true });
  const { host } = new URL(url);

  function signature(method: string, path: string): Record<string, string> {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = { accessKeyId, date: timestamp.slice(0, 8), region, service: 's3' };
    const headers = {
      host,
      'x-amz-content-sha256': UNSIGNED,
      'x-amz-date': timestamp,
      'x-amz-security-token': sessionToken,
    };
    const signedHeaders = Object.keys(headers);
    const parts = { method, path, query: [], headers, signedHeaders, payloadHash: UNSIGNED };
    const credential = `${accessKeyId}/${scope.date}/${region}/s3/aws4_request`;
    const made = sign(secretAccessKey, scope, stringToSign(parts, scope, timestamp));
    return {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${made}`,
    };
  }

  return {
    read({ method, bucket, path, headers, signed }) {
      const place = `/${uriEncode(bucket)}${path}`;
      const passed = PASSED.flatMap((name) => {
        const value = headers[name];
        return typeof value === 'string' ? [[name, value] as const] : [];
      });
      return new Promise((resolve, reject) => {
        ask(
          `${url}${place}`,
          {
            agent,
            method,
            headers: { ...Object.fromEntries(passed), ...(signed && signature(method, place)) },
          },
          resolve,
        )
          .once('error', reject)
          .end();
      });
    },
    close: () => agent.destroy(),
  };
}
