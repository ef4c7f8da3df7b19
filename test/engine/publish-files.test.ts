import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AwsRequest, createAwsSend } from '../../shared/aws/client.ts';
import { bucketAt } from '../../shared/aws/presign.ts';
import { type PublishedFile, publishFiles, removeFiles } from '../../shared/aws/publish-files.ts';
import { removeFolders } from './engine-helper.ts';
import { FILES, type StorageEngine, startStorage } from './storage-helper.ts';

let storage: StorageEngine;
/** What S3 was asked, in order. */
let asked: string[];
/** Makes a call fail. */
let fails: (request: AwsRequest) => boolean;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(async () => {
  await storage?.close();
  await removeFolders();
});
beforeEach(async () => {
  asked = [];
  fails = () => false;
  await removeFiles(at());
  asked = [];
});

function at() {
  const environment = {
    AWS_ENDPOINT_URL_S3: storage.storageEndpoint,
    AWS_ACCESS_KEY_ID: 'user',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  const send = createAwsSend(environment);
  return {
    bucket: bucketAt(FILES, environment),
    async send(request: AwsRequest) {
      asked.push(`${request.method} ${request.path.replace(`/${FILES}/`, '').replace(/^\?.*/, 'list')}`);
      if (fails(request)) return { status: 503, body: '<Error><Code>SlowDown</Code></Error>' };
      // Pages of two keys, as if there were thousands.
      return send({ ...request, path: request.path.replace('list-type=2', 'list-type=2&max-keys=2') });
    },
  };
}

const file = (key: string, text = key): PublishedFile => ({
  key,
  bytes: Buffer.from(text),
  contentType: 'text/plain; charset=utf-8',
  cacheControl: 'no-cache',
});
const keys = async () => {
  const { Contents = [] } = await storage.s3.send(new ListObjectsV2Command({ Bucket: FILES }));
  return Contents.map(({ Key }) => Key);
};

describe('publishing files', () => {
  it('puts each with its headers, the last after all others', async () => {
    await publishFiles(
      at(),
      ['a.js', 'b c.js', 'ü&+.js', 'index.html'].map((key) => file(key)),
    );
    expect(await keys()).toEqual(['a.js', 'b c.js', 'index.html', 'ü&+.js']);
    expect(asked.at(-1)).toBe('PUT index.html');
    const found = await storage.s3.send(new GetObjectCommand({ Bucket: FILES, Key: 'b c.js' }));
    expect(found).toMatchObject({ ContentType: 'text/plain; charset=utf-8', CacheControl: 'no-cache' });
    expect(await found.Body?.transformToString()).toBe('b c.js');
  });

  it('deletes what is there no more, when all that is new is there', async () => {
    const old = ['1.js', '2.js', '3.js', 'ü & +.js', 'index.html'];
    await publishFiles(
      at(),
      old.map((key) => file(key)),
    );
    asked = [];
    await publishFiles(
      at(),
      ['4.js', 'index.html'].map((key) => file(key, 'new')),
    );
    expect(await keys()).toEqual(['4.js', 'index.html']);
    const page = asked.indexOf('PUT index.html');
    expect(asked.filter((call) => call.startsWith('DELETE'))).toHaveLength(4);
    expect(asked.findIndex((call) => call.startsWith('DELETE'))).toBeGreaterThan(page);
  });

  it('changes nothing that readers need where it is broken off, and is done when it is done again', async () => {
    await publishFiles(
      at(),
      ['old.js', 'index.html'].map((key) => file(key)),
    );
    const next = ['new.js', 'index.html'].map((key) => file(key, 'new'));
    fails = ({ method, path }) => method === 'PUT' && path.endsWith('index.html');
    await expect(publishFiles(at(), next)).rejects.toThrow(
      'unable to publish; PUT index.html was answered 503 SlowDown',
    );
    expect(await keys()).toEqual(['index.html', 'new.js', 'old.js']);
    fails = () => false;
    await publishFiles(at(), next);
    await publishFiles(at(), next);
    expect(await keys()).toEqual(['index.html', 'new.js']);
  });

  it('leaves nothing where all is to go', async () => {
    await publishFiles(
      at(),
      ['1', '2', '3', '4', '5'].map((key) => file(key)),
    );
    await removeFiles(at());
    expect(await keys()).toEqual([]);
  });
});
