/** Builders for tests of the engine's Lambda service: handlers written into temporary folders, real worker threads. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FunctionModel } from '../../local/assembly/model.ts';
import {
  createLambdaService,
  type EngineLambdaService,
  type LambdaOptions,
} from '../../local/lambda/create.ts';
import type { FunctionLogEntry } from '../../local/lambda/service.ts';

export interface HandlerSource {
  /** Text of the module; CommonJS unless `file` says otherwise. */
  readonly code: string;
  readonly file?: string;
  readonly model?: Partial<FunctionModel>;
}

export interface LambdaBench {
  readonly lambda: EngineLambdaService;
  readonly logs: FunctionLogEntry[];
  readonly directory: string;
  /** Writes code into a new folder and returns the folder. */
  write(name: string, code: string, file?: string): Promise<string>;
  close(): Promise<void>;
}

export const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** Starts a Lambda service with one function for each entry of `handlers`. */
export async function startLambda(
  handlers: Readonly<Record<string, HandlerSource>>,
  options: Partial<LambdaOptions> = {},
): Promise<LambdaBench> {
  const directory = await mkdtemp(join(tmpdir(), 'lambda-'));
  const environmentScript = join(directory, 'environment.mjs');
  await build({
    entryPoints: ['local/lambda/environment.ts'],
    outfile: environmentScript,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  const write = async (name: string, code: string, file = 'index.js') => {
    const folder = await mkdtemp(join(directory, `${name}-`));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, file), code);
    return folder;
  };
  const functions: FunctionModel[] = [];
  for (const [name, { code, file, model }] of Object.entries(handlers))
    functions.push({
      logicalId: name,
      constructPath: `Stack/${name}`,
      name,
      arn: arnOf(name),
      codeDirectory: await write(name, code, file),
      handler: 'index.handler',
      timeoutSeconds: 3,
      memoryMegabytes: 128,
      environment: {},
      roleArn: 'arn:aws:iam::000000000000:role/test',
      ...model,
    });
  const logs: FunctionLogEntry[] = [];
  const lambda = createLambdaService({
    functions,
    environmentFor: () => ({ AWS_REGION: 'us-east-1' }),
    environmentScript,
    log: (entry) => logs.push(entry),
    ...options,
  });
  return {
    lambda,
    logs,
    directory,
    write,
    async close() {
      await lambda.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Polls until `check` is true. */
export async function until(check: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!check()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
