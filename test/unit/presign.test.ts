import { createHash, createHmac } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { bucketAt, createPresigner } from '../../shared/aws/presign.ts';

const environment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'a secret',
  AWS_SESSION_TOKEN: 'a+token/with=signs',
};
const credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'a secret',
  sessionToken: 'a+token/with=signs',
};
const presigner = createPresigner(bucketAt('parley-files', environment), environment);

/** AWS's own signer. */
const signer = new SignatureV4({
  service: 's3',
  region: 'eu-central-1',
  credentials,
  uriEscapePath: false,
  applyChecksum: false,
  sha256: class {
    readonly #hash;
    constructor(secret?: unknown) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
    }
    update(data: string | Uint8Array): void {
      this.#hash.update(data);
    }
    async digest(): Promise<Uint8Array> {
      return this.#hash.digest();
    }
    reset(): void {}
  },
});

/** `20261121T100000Z`. */
function dateOf(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

describe('a presigned address', () => {
  it('has the signature that AWS’s own signer makes', async () => {
    const query = {
      'response-content-disposition': "attachment; filename*=UTF-8''a%20b.png",
      'response-content-type': 'image/png',
    };
    const ours = new URL(presigner.address({ key: 'files/room/ü b', expiresSeconds: 60, query }));
    const theirs = await signer.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname: 'parley-files.s3.eu-central-1.amazonaws.com',
        path: '/files/room/%C3%BC%20b',
        query,
        headers: {
          host: 'parley-files.s3.eu-central-1.amazonaws.com',
          // How the signer is told that whoever has the address may send any body; it is no header of the request.
          'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        },
      },
      {
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
        expiresIn: 60,
        signingDate: dateOf(ours.searchParams.get('X-Amz-Date') ?? ''),
      },
    );
    expect(ours.host).toBe(theirs.hostname);
    expect(ours.pathname).toBe(theirs.path);
    expect(Object.fromEntries(ours.searchParams)).toEqual(theirs.query);
  });

  it('takes one part of exactly its size', async () => {
    const part = {
      key: 'parts/room/x',
      upload: 'an id/with+signs=',
      part: 3,
      size: 16_777_216,
      expiresSeconds: 60,
    };
    const ours = new URL(presigner.partAddress(part));
    expect(ours.searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host');
    const theirs = await signer.presign(
      {
        method: 'PUT',
        protocol: 'https:',
        hostname: 'parley-files.s3.eu-central-1.amazonaws.com',
        path: '/parts/room/x',
        query: { partNumber: '3', uploadId: 'an id/with+signs=' },
        headers: {
          host: 'parley-files.s3.eu-central-1.amazonaws.com',
          'content-length': '16777216',
          'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        },
      },
      {
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
        signableHeaders: new Set(['content-length']),
        expiresIn: 60,
        signingDate: dateOf(ours.searchParams.get('X-Amz-Date') ?? ''),
      },
    );
    expect(Object.fromEntries(ours.searchParams)).toEqual(theirs.query);
  });

  it('is in the path where the environment names another endpoint', () => {
    const local = {
      ...environment,
      AWS_ENDPOINT_URL: 'http://other',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
    };
    const address = createPresigner(bucketAt('b', local), local).address({ key: 'k', expiresSeconds: 1 });
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:9\/b\/k\?/);
    const plain = bucketAt('b', { AWS_ENDPOINT_URL: 'http://localhost:4566/' });
    expect(plain).toEqual({ name: 'b', origin: 'http://localhost:4566', path: '/b' });
  });
});

describe('a form', () => {
  it('has the conditions that were asked for, the fields of AWS’s own client, and its signer’s signature', async () => {
    const now = Date.UTC(2026, 10, 21, 10, 0, 0);
    const file = { key: 'uploads/room/x', contentType: 'image/png', size: 70 };
    const { url, fields } = presigner.form({ ...file, expiresSeconds: 900, now });
    const policy = JSON.parse(Buffer.from(fields.policy ?? '', 'base64').toString());
    expect(url).toBe('https://parley-files.s3.eu-central-1.amazonaws.com/');
    expect(policy.expiration).toBe('2026-11-21T10:15:00.000Z');
    expect(policy.conditions).toContainEqual({ bucket: 'parley-files' });
    expect(policy.conditions).toContainEqual({ key: 'uploads/room/x' });
    expect(policy.conditions).toContainEqual({ 'Content-Type': 'image/png' });
    expect(policy.conditions).toContainEqual(['content-length-range', 70, 70]);
    const signature = await signer.sign(fields.policy ?? '', { signingDate: new Date(now) });
    expect(fields['x-amz-signature']).toBe(signature);
    const client = new S3Client({ region: 'eu-central-1', credentials });
    const theirs = await createPresignedPost(client, { Bucket: 'parley-files', Key: 'uploads/room/x' });
    const names = (of: object) => Object.keys(of).map((name) => name.toLowerCase());
    // The client names the bucket among the fields as well, and knows no type.
    const expected = names(theirs.fields).filter((name) => name !== 'bucket');
    expect(names(fields).sort()).toEqual([...expected, 'content-type'].sort());
  });
});
