/** Opens a stack's APIs on the ports held for them. */
import type { Authorizer } from '../access/authorizer.ts';
import type { AssemblyModel } from '../assembly/model.ts';
import type { Faults } from '../faults/faults.ts';
import type { FunctionLogEntry, LambdaService } from '../lambda/service.ts';
import type { AccountLimits } from '../limits.ts';
import type { HeldPort } from '../port.ts';
import type { CredentialRegistry } from '../services/credentials.ts';
import type { AccessLog } from './access-log.ts';
import type { Front } from './front.ts';
import { createGateway } from './gateway.ts';
import { createGrantJudge, withFaults } from './grants.ts';
import type { LocalAnswer, LocalCall } from './local-requests.ts';
import type { GatewayLog } from './log.ts';
import type { GatewaySetup } from './process-messages.ts';
import { startGateways } from './supervisor.ts';

export interface FrontOptions {
  readonly model: AssemblyModel;
  /** One gateway each: a single one runs in this process, several in processes of their own. */
  readonly ports: readonly HeldPort[];
  /** The functions of this process. */
  readonly lambda: LambdaService;
  /** What a function's environment gets besides its own variables, in whichever process. */
  readonly environmentFor: (
    model: AssemblyModel['functions'][number],
    gateway?: number,
  ) => Readonly<Record<string, string>>;
  readonly authorizer: Authorizer;
  readonly credentials: CredentialRegistry;
  /** Where S3 is, for a distribution. */
  readonly storageUrl: string;
  readonly environmentScript: string;
  readonly gatewayScript: () => string;
  readonly idleTimeoutMs?: number;
  readonly connectionLifetimeMs?: number;
  readonly accountLimits?: AccountLimits;
  readonly log: GatewayLog;
  /** What goes wrong, in this process and in those of the gateways. */
  readonly faults: Faults;
  /** Left out where nobody would see it. */
  readonly accessLog?: AccessLog;
  readonly functionLog: (entry: FunctionLogEntry) => void;
  readonly tell: (text: string) => void;
  /** Answers the engine's own addresses, `/_local/…`. */
  readonly local: (call: LocalCall) => Promise<LocalAnswer>;
}

/** @throws EngineError `port_taken`, or the `listen` error of `node:net` */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { model, ports, idleTimeoutMs, connectionLifetimeMs, accountLimits } = options;
  const { host } = ports[0] ?? {};
  const served = {
    webSocketApis: model.webSocketApis,
    httpApis: model.httpApis,
    ...siteOf(options),
    ...(host !== undefined && { host }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(connectionLifetimeMs !== undefined && { connectionLifetimeMs }),
    ...(accountLimits && { accountLimits }),
  };
  await Promise.all(ports.map((port) => port.giveUp()));
  if (ports.length > 1) return openProcesses(options, served);
  const { faults } = options;
  const judge = createGrantJudge({
    authorizer: options.authorizer,
    callerOf: (accessKeyId) => options.credentials.callerOf(accessKeyId),
    model,
  });
  const gateway = await createGateway({
    ...served,
    lambda: options.lambda,
    port: ports[0]?.number ?? 0,
    authorize: withFaults(judge, faults),
    loseDisconnect: faults.losesDisconnect,
    log: options.log,
    ...(options.accessLog && { accessLog: options.accessLog }),
    local: options.local,
  });
  return {
    ports: [gateway.port],
    states() {
      const { port } = gateway;
      const counters = gateway.counters();
      return [
        { port, pid: process.pid, restarts: 0, counters, functions: {}, memory: process.memoryUsage.rss() },
      ];
    },
    async refresh() {},
    // Its functions are the engine's own.
    replace() {},
    tellFaults() {},
    close: () => gateway.close(),
  };
}

/** A distribution reads its buckets as CloudFront, in its own name. */
function siteOf({ model, credentials, storageUrl }: FrontOptions): Pick<GatewaySetup, 'site'> {
  const [distribution] = model.distributions;
  if (!distribution) return {};
  const caller = { service: 'cloudfront.amazonaws.com', sourceArn: distribution.arn };
  const storage = { url: storageUrl, region: model.region, credentials: credentials.issueToService(caller) };
  return { site: { distribution, storage } };
}

/** Several gateways: each has credentials of its own, so that it is known from which process a call comes. */
function openProcesses(
  options: FrontOptions,
  served: Pick<GatewaySetup, 'webSocketApis' | 'httpApis' | 'site'>,
): Promise<Front> {
  const { model, credentials, faults } = options;
  const functions = routedFunctions(model);
  const ports = options.ports.map(({ number }) => number);
  const variables = new Map(
    ports.map((port) => [
      port,
      Object.fromEntries(functions.map((fn) => [fn.name, options.environmentFor(fn, port)])),
    ]),
  );
  const { functions: all, roles, region, account } = model;
  return startGateways({
    script: options.gatewayScript(),
    setupOf: (port) => ({
      ...served,
      functions,
      variables: variables.get(port) ?? {},
      environmentScript: options.environmentScript,
      accessLog: options.accessLog !== undefined,
      access: { functions: all, roles, region, account },
      callers: credentials.callers(),
      faults: faults.state(),
    }),
    ports,
    log: options.log,
    ...(options.accessLog && { accessLog: options.accessLog }),
    functionLog: options.functionLog,
    died: options.tell,
    local: options.local,
    hearFaults: (news) => faults.hear(news),
  });
}

/** The functions that a route leads to. */
function routedFunctions(model: AssemblyModel): AssemblyModel['functions'] {
  const arns = new Set(
    [...model.webSocketApis, ...model.httpApis].flatMap(({ routes }) =>
      routes.map(({ functionArn }) => functionArn),
    ),
  );
  return model.functions.filter(({ arn }) => arns.has(arn));
}
