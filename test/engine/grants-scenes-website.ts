/** The scene of the web app's files. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { deployResource } from './deploy-resource.ts';
import type { Scene } from './grants-stage.ts';

/** A deploy of which the page has one file less than before. */
export const publishWebsite: Scene = async ({
  awsEndpoint,
  storageEndpoint,
  publisherName,
  websiteBucket,
}) => {
  const s3 = new S3Client({
    endpoint: storageEndpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  try {
    await s3.send(new PutObjectCommand({ Bucket: websiteBucket, Key: 'assets/old.js', Body: 'old' }));
    await deployResource(awsEndpoint, publisherName);
  } finally {
    s3.destroy();
  }
};
