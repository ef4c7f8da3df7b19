/** Starts the engine on the sample stack, whole or changed, with all its real parts. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { build } from 'esbuild';
import { type Engine, type EngineOptions, startEngine } from '../../local/engine.ts';
import type { EngineLogEntry } from '../../local/log.ts';

export const SAMPLE = join(import.meta.dirname, 'fixtures/stack');

export interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown>; [key: string]: unknown }>;
  Outputs: Record<string, { Value: unknown }>;
  Conditions?: Record<string, unknown>;
  Parameters?: Record<string, unknown>;
}

const folders: string[] = [];

/** A folder that `removeFolders` removes. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-test-'));
  folders.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** A copy of the sample stack's assembly with a changed template. */
export async function changedSample(change: (template: Template) => void): Promise<string> {
  const folder = await temporaryFolder();
  await cp(SAMPLE, folder, { recursive: true });
  // The functions stay where they lie: they find the SDK from there.
  const assets = join(folder, 'Sample.assets.json');
  const manifest = await readFile(assets, 'utf8');
  await writeFile(
    assets,
    manifest.replace('"asset.handlers"', JSON.stringify(join(SAMPLE, 'asset.handlers'))),
  );
  const file = join(folder, 'Sample.template.json');
  const template: Template = JSON.parse(await readFile(file, 'utf8'));
  change(template);
  await writeFile(file, JSON.stringify(template));
  return folder;
}

let environmentScript: Promise<string> | undefined;

/** The worker of the functions' environments, bundled once for a test file. */
export function bundledEnvironment(): Promise<string> {
  environmentScript ??= (async () => {
    const outfile = join(await temporaryFolder(), 'environment.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, '../../local/lambda/environment.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    });
    return outfile;
  })();
  return environmentScript;
}

export interface SampleEngine extends Engine {
  readonly logs: EngineLogEntry[];
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  /** Calls the sample's HTTP function. */
  post(path: string, body?: unknown): Promise<unknown>;
}

export async function startSample(options: Partial<EngineOptions> = {}): Promise<SampleEngine> {
  const logs: EngineLogEntry[] = [];
  const engine = await startEngine({
    assemblyDirectory: SAMPLE,
    host: '127.0.0.1',
    environmentScript: await bundledEnvironment(),
    logLevel: 'debug',
    log: (entry) => logs.push(entry),
    ...options,
  });
  const client = {
    endpoint: engine.awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  };
  const dynamodb = new DynamoDBClient(client);
  const sqs = new SQSClient(client);
  return {
    ...engine,
    logs,
    dynamodb,
    sqs,
    async post(path, body = {}) {
      const response = await fetch(`${engine.http}/api/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    async close() {
      dynamodb.destroy();
      sqs.destroy();
      await engine.close();
    },
  };
}

/** Looks again until the answer satisfies, or ten seconds are over; returns the last answer. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  satisfies: (value: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await look();
    if (satisfies(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
