/**
 * A gateway in a process of its own: the entry that the supervisor starts. It has its own sockets and its own environments of
 * the functions behind the routes; the database and all else stay with the engine.
 */
import { Authorizer, describeDenial } from '../access/authorizer.ts';
import { Faults } from '../faults/faults.ts';
import { createLambdaService, type EngineLambdaService } from '../lambda/create.ts';
import type { AccessLogEntry } from './access-log.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { createGrantJudge, withFaults } from './grants.ts';
import type { LocalAnswer, LocalCall } from './local-requests.ts';
import type { GatewayLogEntry } from './log.ts';
import type { FromGateway, ToGateway } from './process-messages.ts';

/** How often the engine is told the numbers, so that little is forgotten when this process is killed, milliseconds. */
const STATE_EVERY_MS = 500;

let gateway: Gateway | undefined;
let lambda: EngineLambdaService | undefined;
let lastLocal = 0;
const localCalls = new Map<number, (answer: LocalAnswer) => void>();
let faults: Faults | undefined;

const tell = (message: FromGateway): void => {
  if (process.connected) process.send?.(message);
};

async function start({ setup, port }: Extract<ToGateway, { kind: 'start' }>): Promise<void> {
  const { functions, variables, environmentScript, access, callers, accessLog, ...served } = setup;
  const own = new Faults({ tell: (news) => tell({ kind: 'faults', news }), place: String(port) });
  own.hear(setup.faults);
  faults = own;
  const log = (entry: GatewayLogEntry) => tell({ kind: 'gatewayLog', entry });
  lambda = createLambdaService({
    functions,
    environmentScript,
    ...(setup.accountLimits && { accountLimits: setup.accountLimits }),
    environmentFor: ({ name }) => variables[name] ?? {},
    log: (entry) => tell({ kind: 'functionLog', entry }),
    onInvoke: own.invocation,
  });
  const judge = createGrantJudge({
    authorizer: new Authorizer(access, (denial) =>
      log({ at: Date.now(), api: '', routeKey: '@connections', problem: describeDenial(denial) }),
    ),
    callerOf: (accessKeyId) => callers.get(accessKeyId),
    model: { ...access, webSocketApis: setup.webSocketApis },
  });
  try {
    gateway = await createGateway({
      ...served,
      lambda,
      port,
      authorize: withFaults(judge, own),
      loseDisconnect: own.losesDisconnect,
      log,
      ...(accessLog && { accessLog: (entry: AccessLogEntry) => tell({ kind: 'accessLog', entry }) }),
      local: askEngine,
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    tell({ kind: 'failed', code, reason: message });
    return;
  }
  setInterval(tellState, STATE_EVERY_MS).unref();
  tell({ kind: 'ready', port: gateway.port });
}

function tellState(): void {
  if (!gateway || !lambda) return;
  const state = {
    counters: gateway.counters(),
    functions: lambda.statistics(),
    memory: process.memoryUsage.rss(),
  };
  tell({ kind: 'state', state });
}

function askEngine(call: LocalCall): Promise<LocalAnswer> {
  return new Promise((resolve) => {
    const id = ++lastLocal;
    localCalls.set(id, resolve);
    tell({ kind: 'local', id, call });
  });
}

async function close(): Promise<void> {
  await gateway?.close();
  await lambda?.close();
  process.exit(0);
}

process.on('message', (message: ToGateway) => {
  switch (message.kind) {
    case 'start':
      void start(message);
      break;
    case 'state':
      tellState();
      break;
    case 'replace':
      lambda?.replace(message.functionName, message.codeDirectory);
      break;
    case 'local':
      localCalls.get(message.id)?.(message.answer);
      localCalls.delete(message.id);
      break;
    case 'faults':
      faults?.hear(message.news);
      break;
    case 'close':
      void close();
      break;
  }
});
// Without the engine there is nothing to serve.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal: the engine ends this one in its own order.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
