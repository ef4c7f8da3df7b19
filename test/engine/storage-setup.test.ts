import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../local/engine.ts';
import { parseFaultPlan } from '../../local/faults/plan.ts';
import { changedSample, removeFolders } from './engine-helper.ts';
import { att, FILES, startStorage, withBuckets } from './storage-helper.ts';

afterAll(removeFolders);

describe('files of an asset', () => {
  it('are put into the bucket, and what else lay there goes', async () => {
    const assemblyDirectory = await changedSample((template) => {
      withBuckets(template);
      template.Resources.Deploy = {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Code: { S3Key: 'x.zip' },
          Handler: 'index.handler',
          Runtime: 'python3.13',
          Layers: ['x'],
        },
      };
      template.Resources.Site = {
        Type: 'Custom::CDKBucketDeployment',
        Properties: {
          ServiceToken: att('Deploy'),
          SourceBucketNames: ['assets'],
          SourceObjectKeys: ['site.zip'],
          DestinationBucketName: { Ref: 'Files' },
          DestinationBucketKeyPrefix: 'site',
          Prune: true,
          SystemMetadata: { 'cache-control': 'max-age=60' },
        },
      };
    });
    await mkdir(join(assemblyDirectory, 'asset.site/sub'), { recursive: true });
    await writeFile(join(assemblyDirectory, 'asset.site/index.html'), '<p>hi');
    await writeFile(join(assemblyDirectory, 'asset.site/sub/a.js'), '1');
    const file = join(assemblyDirectory, 'Sample.assets.json');
    const assets = JSON.parse(await readFile(file, 'utf8'));
    assets.files.site = {
      source: { path: 'asset.site', packaging: 'zip' },
      destinations: { current: { bucketName: 'assets', objectKey: 'site.zip' } },
    };
    await writeFile(file, JSON.stringify(assets));
    const dataDirectory = join(assemblyDirectory, 'data');
    const first = await startStorage(undefined, { assemblyDirectory, dataDirectory });
    const get = (engine: typeof first, Key: string) =>
      engine.s3.send(new GetObjectCommand({ Bucket: FILES, Key }));
    const page = await get(first, 'site/index.html');
    expect(page).toMatchObject({ ContentType: 'text/html', CacheControl: 'max-age=60' });
    expect(await page.Body?.transformToString()).toBe('<p>hi');
    for (const Key of ['site/old.html', 'other'])
      await first.call('PutObject', { Bucket: FILES, Key, Body: 'x' });
    await first.close();
    const second = await startStorage(undefined, { assemblyDirectory, dataDirectory });
    const { Contents } = await second.s3.send(new ListObjectsV2Command({ Bucket: FILES }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['other', 'site/index.html', 'site/sub/a.js']);
    await second.close();
  });
});

describe('faults at S3', () => {
  it('are a request to slow down, an error or a cut, before or after the call took effect', async () => {
    const engine = await startStorage();
    const at = { Bucket: FILES, Key: 'fault' };
    const plan = (fault: object) =>
      engine.faults.set(
        parseFaultPlan(
          JSON.stringify({ seed: 1, faults: [{ kind: 'storage', probability: 1, count: 1, ...fault }] }),
        ),
      );
    plan({ answer: 'slow-down' });
    expect(await engine.call('PutObject', { ...at, Body: 'x' })).toMatchObject({
      error: 'SlowDown',
      status: 503,
    });
    expect(await engine.call('HeadObject', at)).toMatchObject({ status: 404 });
    plan({ answer: 'failure', lost: true, match: { operation: 'PutObject' } });
    expect(await engine.call('PutObject', { ...at, Body: 'x' })).toMatchObject({ status: 500 });
    expect(await engine.call('HeadObject', at)).toMatchObject({ status: 200 });
    plan({ answer: 'reset', match: { operation: 'GetObject', function: 'Front' } });
    const url = await engine.address('GetObject', at);
    await expect(fetch(url)).rejects.toThrow();
    plan({ milliseconds: 300 });
    const started = performance.now();
    expect((await fetch(url)).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(290);
    await engine.close();
  });
});

describe('a bucket that the engine can’t serve', () => {
  it('is refused by name', async () => {
    const start = (properties: object) =>
      changedSample((template) => {
        template.Resources.Bucket = { Type: 'AWS::S3::Bucket', Properties: { ...properties } };
      }).then((assemblyDirectory) => startEngine({ assemblyDirectory, logLevel: 'error' }));
    for (const [properties, name] of [
      [{ VersioningConfiguration: { Status: 'Enabled' } }, 'VersioningConfiguration'],
      [{ WebsiteConfiguration: { IndexDocument: 'index.html' } }, 'WebsiteConfiguration'],
      [{ ObjectLockEnabled: true }, 'ObjectLockEnabled'],
      [{ NotificationConfiguration: { EventBridgeConfiguration: {} } }, 'EventBridgeConfiguration'],
      [{ AccessControl: 'PublicRead' }, 'AccessControl'],
      [{ BucketName: 'No_Name' }, 'BucketName'],
    ] as const) {
      await expect(start(properties)).rejects.toMatchObject({
        code: 'property_unsupported',
        message: expect.stringMatching(new RegExp(`AWS::S3::Bucket Bucket .*; ${name}: `)),
      });
    }
  });
});
