/** Opens a stack's APIs on the ports held for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorizer } from '../access/authorizer.ts';
import type { AssemblyModel } from '../assembly/model.ts';
import { answerFaults } from '../faults/control.ts';
import type { Faults } from '../faults/faults.ts';
import type { FunctionLogEntry, LambdaService } from '../lambda/service.ts';
import type { AccountLimits } from '../limits.ts';
import type { HeldPort } from '../port.ts';
import type { Caller } from '../services/call.ts';
import type { CredentialRegistry } from '../services/credentials.ts';
import type { AccessLog } from './access-log.ts';
import type { Front } from './front.ts';
import { createGateway } from './gateway.ts';
import { createGrantJudge } from './grants.ts';
import type { GatewayLog } from './log.ts';
import { startGateways } from './supervisor.ts';

export interface FrontOptions {
  readonly model: AssemblyModel;
  /** One gateway each: a single one runs in this process, several in processes of their own. */
  readonly ports: readonly HeldPort[];
  /** The functions of this process. */
  readonly lambda: LambdaService;
  /** What a function's environment gets besides its own variables, in whichever process. */
  readonly environmentFor: (model: AssemblyModel['functions'][number]) => Readonly<Record<string, string>>;
  readonly authorizer: Authorizer;
  readonly credentials: CredentialRegistry;
  readonly environmentScript: string;
  readonly gatewayScript: () => string;
  readonly idleTimeoutMs?: number;
  readonly connectionLifetimeMs?: number;
  readonly accountLimits?: AccountLimits;
  readonly log: GatewayLog;
  /** What goes wrong at a gateway in this process. */
  readonly faults: Faults;
  /** Left out where nobody would see it. */
  readonly accessLog?: AccessLog;
  readonly functionLog: (entry: FunctionLogEntry) => void;
  readonly tell: (text: string) => void;
  /** Answers `/_local/…` with JSON; `undefined` for an address that there is not. */
  readonly local: (url: string) => Promise<string | undefined>;
}

/** @throws EngineError `port_taken`, or the `listen` error of `node:net` */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { model, ports, idleTimeoutMs, connectionLifetimeMs, accountLimits } = options;
  const { host } = ports[0] ?? {};
  const served = {
    webSocketApis: model.webSocketApis,
    httpApis: model.httpApis,
    ...(host !== undefined && { host }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(connectionLifetimeMs !== undefined && { connectionLifetimeMs }),
    ...(accountLimits && { accountLimits }),
  };
  await Promise.all(ports.map((port) => port.giveUp()));
  if (ports.length > 1) {
    const functions = routedFunctions(model);
    return startGateways({
      script: options.gatewayScript(),
      setup: {
        ...served,
        functions,
        variables: Object.fromEntries(functions.map((fn) => [fn.name, options.environmentFor(fn)])),
        environmentScript: options.environmentScript,
        accessLog: options.accessLog !== undefined,
        access: {
          functions: model.functions,
          roles: model.roles,
          region: model.region,
          account: model.account,
        },
        callers: callersOf(options),
      },
      ports: ports.map(({ number }) => number),
      log: options.log,
      ...(options.accessLog && { accessLog: options.accessLog }),
      functionLog: options.functionLog,
      died: options.tell,
      local: options.local,
    });
  }
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
    authorize: (call) => {
      const verdict = judge(call);
      return verdict === 'allow' ? faults.post() : verdict;
    },
    loseDisconnect: faults.losesDisconnect,
    log: options.log,
    ...(options.accessLog && { accessLog: options.accessLog }),
    local: (request, response) =>
      answerFaults(faults, request, response) || answerLocal(options, request, response),
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
    close: () => gateway.close(),
  };
}

function callersOf({ model, credentials }: FrontOptions): Map<string, Caller> {
  const callers = new Map<string, Caller>();
  for (const fn of model.functions) {
    const { accessKeyId } = credentials.issue(fn);
    const caller = credentials.callerOf(accessKeyId);
    if (caller) callers.set(accessKeyId, caller);
  }
  return callers;
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

function answerLocal(options: FrontOptions, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'GET') return false;
  void options.local(request.url ?? '').then((body) => {
    response
      .writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
      .end(body ?? '{"message":"Not Found"}');
  });
  return true;
}
