/** Custom resource: the web app's files, which lie beside this function's bundle, in the bucket that CloudFront serves them from. */
import { join } from 'node:path';
import { createAwsSend } from '../../shared/aws/client.ts';
import { bucketAt } from '../../shared/aws/presign.ts';
import { publishFiles, removeFiles } from '../../shared/aws/publish-files.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { customResource } from './custom-resource.ts';
import { websiteFiles } from './website-files.ts';

const { env } = process;
const logger = createLogger({ level: env[ENV.logLevel], fields: { stage: env[ENV.stage] } });
const at = { bucket: bucketAt(env[ENV.websiteBucket] ?? '', env), send: createAwsSend(env) };

async function make(): Promise<void> {
  const files = await websiteFiles(join(__dirname, 'files'), { webSocketUrl: env[ENV.webSocketUrl] ?? '' });
  await publishFiles(at, files);
  logger.info('website published', { files: files.length });
}

export const handler = customResource('website', make, logger, () => removeFiles(at));
