/** The sample stack with buckets: what its functions may do there, and what is to happen when they do. */
import { S3Client } from '@aws-sdk/client-s3';
import type { EngineOptions } from '../../local/engine.ts';
import { changedSample, type SampleEngine, startSample, type Template } from './engine-helper.ts';

/** The bucket that functions of the stack use, and one that they may only read from. */
export const FILES = 'sample-files';
export const CLOSED = 'sample-closed';
/** A page that may talk to the bucket. */
export const ORIGIN = 'http://localhost:5173';

export const att = (logicalId: string, name = 'Arn') => ({ 'Fn::GetAtt': [logicalId, name] });
const objects = (logicalId: string) => ({ 'Fn::Sub': `\${${logicalId}.Arn}/*` });

export function withBuckets(template: Template): void {
  const { Resources } = template;
  Resources.Files = {
    Type: 'AWS::S3::Bucket',
    Properties: {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true },
      CorsConfiguration: {
        CorsRules: [
          {
            AllowedOrigins: [ORIGIN, 'https://*.example.com'],
            AllowedMethods: ['GET', 'PUT', 'POST'],
            AllowedHeaders: ['content-type', 'x-amz-*'],
            ExposedHeaders: ['ETag'],
            MaxAge: 300,
          },
        ],
      },
    },
  };
  Resources.Closed = { Type: 'AWS::S3::Bucket', Properties: {} };
  Resources.StoragePolicy = {
    Type: 'AWS::IAM::Policy',
    Properties: {
      Roles: [{ Ref: 'Role' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['s3:*Object', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
            Resource: objects('Files'),
          },
          { Effect: 'Allow', Action: 's3:ListBucket', Resource: att('Files') },
          { Effect: 'Allow', Action: 's3:GetObject', Resource: objects('Closed') },
          { Effect: 'Deny', Action: 's3:PutObject', Resource: { 'Fn::Sub': `\${Files.Arn}/sealed/*` } },
        ],
      },
    },
  };
}

export interface StorageEngine extends SampleEngine {
  /** The engine's user, who may do everything. */
  readonly s3: S3Client;
  /** An operation by the sample's function. */
  call(command: string, parameters: object): Promise<Record<string, unknown>>;
  /** An address that the sample's function signed. */
  address(command: string, parameters: object, options?: object): Promise<string>;
  /** A form that the sample's function signed. */
  form(input: object): Promise<{ url: string; fields: Record<string, string> }>;
}

export async function startStorage(
  change: (template: Template) => void = () => {},
  options: Partial<EngineOptions> = {},
): Promise<StorageEngine> {
  const assemblyDirectory = await changedSample((template) => {
    withBuckets(template);
    change(template);
  });
  const engine = await startSample({ assemblyDirectory, ...options });
  const s3 = new S3Client({
    endpoint: engine.storageEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  return {
    ...engine,
    s3,
    call: async (command, parameters) =>
      (await engine.post('s3', { command, parameters })) as Record<string, unknown>,
    async address(command, parameters, signing = {}) {
      const { url } = (await engine.post('address', { command, parameters, ...signing })) as { url: string };
      return url;
    },
    form: async (input) =>
      (await engine.post('form', input)) as { url: string; fields: Record<string, string> },
    async close() {
      s3.destroy();
      await engine.close();
    },
  };
}

/** Posts a file as a page's form does; the answer, and the code of its error. */
export async function postForm(
  { url, fields }: { readonly url: string; readonly fields: Readonly<Record<string, string>> },
  file: string | Blob,
  headers: Record<string, string> = {},
): Promise<{
  status: number;
  code: string | undefined;
  message: string | undefined;
  response: Response;
  text: string;
}> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append('file', typeof file === 'string' ? new Blob([file]) : file, 'a file.txt');
  const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
  return { response, ...(await told(response)) };
}

/** What an answer of S3 says went wrong. */
export async function told(response: Response) {
  const text = await response.text();
  return {
    status: response.status,
    code: /<Code>(.*?)<\/Code>/.exec(text)?.[1],
    message: /<Message>(.*?)<\/Message>/s.exec(text)?.[1],
    text,
  };
}
