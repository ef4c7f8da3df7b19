/** The environment variables of an execution environment. */
import { randomBytes } from 'node:crypto';
import type { FunctionModel } from '../assembly/model.ts';

/**
 * The variables that Lambda reserves, those of the function, and what the caller adds (credentials, region, endpoints).
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function environmentVariables(
  model: FunctionModel,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    PATH: process.env.PATH ?? '',
    LANG: 'en_US.UTF-8',
    ...model.environment,
    ...added,
    _HANDLER: model.handler,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: model.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMegabytes),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${model.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${today}/[$LATEST]${randomBytes(16).toString('hex')}`,
    LAMBDA_TASK_ROOT: model.codeDirectory,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    TZ: ':UTC',
    NODE_OPTIONS: '',
  };
}
