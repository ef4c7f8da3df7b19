/**
 * What an execution environment has once: tables, clock, ids, log, and the signed sender with its kept-alive pool.
 * The only place of the functions that reads `process.env`.
 */
import { randomUUID } from 'node:crypto';
import { type AwsSend, createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { createTable } from '../../shared/data/table.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger, type Logger } from '../../shared/observability/log.ts';
import { type FunctionSettings, readFunctionSettings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Runtime {
  readonly context: ChatContext;
  readonly logger: Logger;
  readonly settings: FunctionSettings;
  readonly send: AwsSend;
  readonly environment: Environment;
}

/**
 * @throws {Error} where the environment names no tables or holds a setting that can't be read.
 */
export function createRuntime(environment: Environment): Runtime {
  const settings = readFunctionSettings(environment);
  const logger = createLogger({
    level: environment[ENV.logLevel],
    fields: { stage: settings.stage, version: settings.version },
  });
  const send = createAwsSend(environment);
  const now = () => Date.now();
  const call = createDynamoCall({
    send,
    origin: serviceOrigin('dynamodb', environment),
    retried: (operation, reason) => logger.warn('table call repeated', { operation, reason }),
  });
  const table = (variable: string) => {
    const name = environment[variable];
    if (!name) throw new Error(`unable to start; ${variable} is not set`);
    return createTable({ name, call, now });
  };
  const context: ChatContext = {
    chat: table(ENV.chatTable),
    connections: table(ENV.connectionsTable),
    now,
    newId: randomUUID,
  };
  return { context, logger, settings, send, environment };
}

let warm: Runtime | undefined;

/** The runtime of this execution environment, made at the first call and kept while it is warm. */
export function getRuntime(): Runtime {
  warm ??= createRuntime(process.env);
  return warm;
}
