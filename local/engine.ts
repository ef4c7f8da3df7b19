import path from 'node:path';
import { Authorizer, describeDenial } from './access/authorizer.ts';
import { checkRights } from './access/check-rights.ts';
import { fillInTexts } from './assembly/custom-values.ts';
import type { AssemblyModel } from './assembly/model.ts';
import { readAssembly } from './assembly/read-assembly.ts';
import { bundled } from './bundled.ts';
import { type Closer, closeAll, drain } from './closers.ts';
import { makeCustomResources } from './custom-resources/custom-resources.ts';
import { openDatabase } from './dynamodb/database.ts';
import { ExpirySweeper } from './dynamodb/expiry.ts';
import type { Engine, EngineOptions } from './engine-options.ts';
import { Faults } from './faults/faults.ts';
import type { AccessLogEntry } from './gateway/access-log.ts';
import type { Front } from './gateway/front.ts';
import { openFront } from './gateway/open-front.ts';
import { createLambdaService } from './lambda/create.ts';
import type { FunctionLogEntry } from './lambda/service.ts';
import { accessEntry, filterLog, functionEntry, gatewayEntry, shows, writeLog } from './log.ts';
import { CapacityMeter } from './metrics/capacity.ts';
import { readMetrics } from './metrics/metrics.ts';
import { ownAddresses } from './own-addresses.ts';
import { takePorts } from './port.ts';
import { Schedules } from './schedules/schedules.ts';
import { Bill } from './services/bill.ts';
import type { CallSeams } from './services/call.ts';
import { CredentialRegistry } from './services/credentials.ts';
import { DatabaseConnections } from './services/database-connections.ts';
import { createDestinations } from './services/destinations.ts';
import { DynamoDbService } from './services/dynamodb.ts';
import { AwsEndpoint } from './services/endpoint.ts';
import { LambdaApi } from './services/lambda-api.ts';
import { QueueService } from './services/queues.ts';
import { relay } from './services/relay.ts';
import { SecretStore } from './services/secret-store.ts';
import { SecretsService } from './services/secrets.ts';
import { TopicService } from './services/topics.ts';
import { openStorage } from './storage/open.ts';
import { StorageServer } from './storage/storage.ts';
import { openCheckpoints } from './streams/checkpoints.ts';
import { Mappings } from './streams/mappings.ts';

export type { Engine, EngineOptions } from './engine-options.ts';
export { EngineError } from './errors.ts';
export { AWS_LIMITS } from './limits.ts';
export type { EngineMetrics } from './metrics/metrics.ts';

/**
 * Runs a synthesized stack on this machine.
 *
 * @throws EngineError with a code and one clear line; nothing is left running then
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const closers: Closer[] = [];
  try {
    return await start(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function start(options: EngineOptions, closers: Closer[]): Promise<Engine> {
  const startedAt = Date.now();
  const level = options.logLevel ?? 'warn';
  const log = filterLog(level, options.log ?? writeLog);
  let ending = false;
  // What fails because the engine ends is no news.
  const tell = (text: string) => {
    if (!ending) log({ at: Date.now(), level: 'warn', source: 'engine', text });
  };
  const ports = await takePorts(options);
  const limits = options.accountLimits ? { accountLimits: options.accountLimits } : {};
  const credentials = new CredentialRegistry();
  const bill = new Bill();
  const capacity = new CapacityMeter();
  let authorizer: Authorizer | undefined;
  let front: Front | undefined;
  let databaseProcessId = (): number | undefined => undefined;
  const faults = new Faults({
    killDatabase() {
      const pid = databaseProcessId();
      if (pid) process.kill(pid, 'SIGKILL');
    },
    tell: (news, at) => front?.tellFaults(news, at),
  });
  const seams: CallSeams = {
    fault: faults.call,
    authorize: (...call) => authorizer?.check(...call),
    count(...call) {
      bill.count(...call);
      capacity.count(...call);
    },
  };
  const endpoint = await AwsEndpoint.listen(credentials, seams, tell);
  closers.push(() => endpoint.close());

  const storage = await StorageServer.listen();
  closers.push(() => storage.close());

  const model = await readAssembly({
    directory: options.assemblyDirectory,
    ...(options.stackName !== undefined && { stackName: options.stackName }),
    awsEndpoint: endpoint.url,
    storageEndpoint: storage.url,
    publicHost: `127.0.0.1:${ports[0]?.number}`,
  });
  authorizer = new Authorizer(model, (denial) => tell(describeDenial(denial)));
  checkRights(model, authorizer);
  const database = await openDatabase(model, options, tell);
  closers.push(() => database.close());
  databaseProcessId = () => database.process?.pid;
  const { data, client, tables, store } = database;
  const fileOf = (name: string) => (data.kept ? path.join(data.path, name) : undefined);

  const checkpoints = await openCheckpoints(fileOf('checkpoints.json'));
  closers.push(() => checkpoints.close());
  const queues = new QueueService(model.region);
  closers.push(() => queues.close());
  await queues.create(model.queues, fileOf('queues.jsonl'));
  const secrets = await SecretStore.open(model.secrets, fileOf('secrets.json'));

  /** Variables of each function, once the custom resources that they name have answered. */
  let variables: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map();
  const environmentFor = (fn: AssemblyModel['functions'][number], gateway?: number) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials.issue(fn, gateway);
    return {
      ...variables.get(fn.name),
      AWS_REGION: model.region,
      AWS_DEFAULT_REGION: model.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ENDPOINT_URL_S3: storage.url,
    };
  };
  const environmentScript = options.environmentScript ?? bundled('environment.js');
  const functionLog = (entry: FunctionLogEntry) => log(functionEntry(entry));
  const lambda = createLambdaService({
    functions: model.functions,
    environmentScript,
    environmentFor,
    log: functionLog,
    onInvoke: faults.invocation,
    onAsyncDone: createDestinations({ queues, topics: () => topics, lambda: () => lambda, tell }),
    ...limits,
  });
  const mappings = await Mappings.prepare({
    model,
    client,
    tables,
    checkpoints,
    queues,
    lambda,
    polling: options.streamPolling ?? 'immediate',
    faults,
    log: tell,
    ...(store && { store }),
  });
  const endWork = () => Promise.all([lambda.close(), queues.close()]);
  closers.push(() => drain(mappings.close(), endWork));

  const nudge = (tableName: string) => mappings.stream(tableName)?.nudge();
  const { region, account } = model;
  const dynamodb = new DynamoDbService({
    client,
    tables: model.tables,
    region,
    account,
    onWrite: nudge,
    ...limits,
  });
  if (database.process) {
    const connections = new DatabaseConnections(client.endpoint);
    closers.push(() => connections.close());
    const relayed = { service: dynamodb, database: connections, credentials, seams, log: tell };
    endpoint.shortCut((socket, fallback) => relay(socket, relayed, fallback));
  }
  const topics = new TopicService(model.topics, { lambda: () => lambda, queues, log: tell });
  endpoint.add(
    dynamodb,
    new SecretsService(secrets),
    queues,
    topics,
    new LambdaApi(model.functions, () => lambda),
  );
  if (model.buckets.length > 0) {
    const objects = fileOf('s3');
    const opened = await openStorage({
      model,
      server: storage,
      credentials,
      seams: { ...seams, fault: faults.storage },
      lambda,
      queues,
      log: tell,
      ...(objects !== undefined && { directory: objects }),
      ...(options.storageDayMs !== undefined && { dayMs: options.storageDayMs }),
    });
    closers.push(() => opened.close());
  }
  const customResources = fileOf('custom-resources.json');
  const answered = await makeCustomResources({
    model,
    lambda,
    log: (text) => log({ at: Date.now(), level: 'info', source: 'engine', text }),
    ...(customResources !== undefined && { file: customResources }),
  });
  variables = new Map(model.functions.map((fn) => [fn.name, fillInTexts(fn.environment, answered)]));
  const outputs = fillInTexts(model.outputs, answered);
  mappings.start();
  const schedules = new Schedules({
    schedules: model.schedules,
    region,
    account,
    lambda,
    log: tell,
    ...(options.scheduleMinuteMs !== undefined && { minuteMs: options.scheduleMinuteMs }),
  });
  schedules.start();
  closers.push(() => schedules.close());
  const sweeper = new ExpirySweeper({
    client,
    tables: model.tables,
    listenerOf: (tableName) => mappings.stream(tableName),
    onDelete: nudge,
    log: tell,
    ...(options.expirySweepMs !== undefined && { everyMs: options.expirySweepMs }),
  });
  sweeper.start();
  closers.push(() => sweeper.close());

  const metrics = () =>
    readMetrics({
      startedAt,
      models: model.functions,
      front: () => front,
      functions: lambda.statistics,
      calls: () => bill.counts(),
      capacity: () => capacity.units,
      iteratorAge: () => mappings.iteratorAges(),
    });
  const opened = await openFront({
    model,
    ports,
    lambda,
    environmentFor,
    environmentScript,
    gatewayScript: () => bundled('gateway.js'),
    authorizer,
    credentials,
    storageUrl: storage.url,
    faults,
    ...limits,
    ...(options.idleTimeoutMs !== undefined && { idleTimeoutMs: options.idleTimeoutMs }),
    ...(options.connectionLifetimeMs !== undefined && { connectionLifetimeMs: options.connectionLifetimeMs }),
    log: (entry) => log(gatewayEntry(entry)),
    ...(shows(level, 'info') && { accessLog: (entry: AccessLogEntry) => log(accessEntry(entry)) }),
    functionLog,
    tell,
    local: ownAddresses(
      faults,
      async () => {
        await front?.refresh();
        return metrics();
      },
      () => ({ aws: endpoint.url, outputs }),
    ),
  });
  front = opened;
  closers.push(() => opened.close());

  const gateways = opened.ports.map((port) => ({
    http: `http://127.0.0.1:${port}`,
    websocket: `ws://127.0.0.1:${port}/ws`,
  }));
  const [first = { http: '', websocket: '' }] = gateways;
  let closing: Promise<void> | undefined;
  return {
    ...first,
    gateways,
    awsEndpoint: endpoint.url,
    storageEndpoint: storage.url,
    model,
    outputs,
    authorizer,
    metrics,
    replace(functionName, codeDirectory) {
      lambda.replace(functionName, codeDirectory);
      opened.replace(functionName, codeDirectory);
    },
    faults,
    databaseProcessId,
    close() {
      ending = true;
      closing ??= closeAll(closers);
      return closing;
    },
  };
}
