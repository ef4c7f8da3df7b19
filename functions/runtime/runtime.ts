/**
 * What an execution environment has once: tables, clock, ids, log, and the signed sender with its kept-alive pool.
 * The only place of the functions that reads `process.env`.
 */
import { randomUUID } from 'node:crypto';
import { type AwsSend, createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { createTable, type Table } from '../../shared/data/table.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger, type Logger } from '../../shared/observability/log.ts';
import { createModerate, readModerationSettings } from './moderation.ts';
import { once } from './once.ts';
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
 * @throws {Error} where the environment holds a setting that can't be read; later, where a table is used that it does not name.
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
  /** Made at its first use: a function is told only the tables that it may touch. */
  const lazyTable = (variable: string) => {
    let table: Table | undefined;
    return () => {
      const name = environment[variable];
      if (!name) throw new Error(`unable to use a table; ${variable} is not set`);
      table ??= createTable({ name, call, now });
      return table;
    };
  };
  const chat = lazyTable(ENV.chatTable);
  const connections = lazyTable(ENV.connectionsTable);
  const search = lazyTable(ENV.searchTable);
  const moderation = readModerationSettings(environment);
  const context: ChatContext = {
    get chat() {
      return chat();
    },
    get connections() {
      return connections();
    },
    get search() {
      return environment[ENV.searchTable] ? search() : undefined;
    },
    now,
    newId: randomUUID,
    messagesPerSecondPerRoom: settings.limits.messagesPerSecondPerRoom,
    retentionDays: settings.retentionDays,
    ...(moderation ? { moderate: createModerate(moderation, { send, environment, logger }) } : {}),
  };
  return { context, logger, settings, send, environment };
}

/** The runtime of this execution environment. */
export const getRuntime = once(() => createRuntime(process.env));
