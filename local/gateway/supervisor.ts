/** Keeps several gateways alive, each in a process of its own on a port of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EngineError } from '../errors.ts';
import type { FaultNews } from '../faults/news.ts';
import type { FunctionLogEntry } from '../lambda/service.ts';
import type { AccessLog } from './access-log.ts';
import { createCounters } from './counters.ts';
import { type Front, type GatewayState, sumCounters, sumStatistics } from './front.ts';
import { GatewayProcesses } from './gateway-processes.ts';
import type { LocalAnswer, LocalCall } from './local-requests.ts';
import type { GatewayLog } from './log.ts';
import type { FromGateway, GatewaySetup, ProcessState, ToGateway } from './process-messages.ts';

export interface SupervisorOptions {
  /** The bundled entry of a gateway's process, `dist/local/gateway.js`. */
  readonly script: string;
  /** What the gateway on a port is to serve, asked at each start of its process. */
  readonly setupOf: (port: number) => GatewaySetup;
  /** One gateway each. */
  readonly ports: readonly number[];
  readonly log: GatewayLog;
  readonly accessLog?: AccessLog;
  readonly functionLog: (entry: FunctionLogEntry) => void;
  /** A gateway's process ended by itself and is started again. */
  readonly died: (text: string) => void;
  /** Answers `/_local/…`, which every gateway passes on. */
  readonly local: (call: LocalCall) => Promise<LocalAnswer>;
  /** Hears of a fault that happened in a gateway's process. */
  readonly hearFaults: (news: FaultNews) => void;
}

/** Waits before a process that ends at once is started again: doubled from the first to the longest, milliseconds. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1000;
/** A process that lived this long is started again at once, milliseconds. */
const HEALTHY_MS = 2000;
/** How long a process may take to close, milliseconds. */
const CLOSE_GRACE_MS = 1500;
/** How long a process may take to tell its numbers; then the last ones count, milliseconds. */
const STATE_PATIENCE_MS = 200;

const NOTHING: ProcessState = { counters: createCounters(), functions: {}, memory: 0 };

/**
 * Starts a gateway on each port and starts it again, on the same port, when its process dies: its clients' sockets are cut then,
 * no `$disconnect` comes, and posts to its connections are 410 from the new process.
 *
 * @throws EngineError `port_taken` where one can't listen; none is left running then
 */
export async function startGateways(options: SupervisorOptions): Promise<Front> {
  const processes = new GatewayProcesses(options.script);
  const tellFaults = (news: FaultNews, to: (port: number) => boolean): void => {
    for (const gateway of gateways) if (to(gateway.port)) gateway.tellFaults(news);
  };
  const supervised = (from: number): SupervisorOptions => ({
    ...options,
    hearFaults(news) {
      options.hearFaults(news);
      tellFaults(news, (port) => port !== from);
    },
  });
  const gateways = options.ports.map((port) => new SupervisedGateway(port, supervised(port), processes));
  const started = await Promise.allSettled(gateways.map((gateway) => gateway.start()));
  const failure = started.find((outcome) => outcome.status === 'rejected');
  const close = async () => {
    processes.close();
    await Promise.all(gateways.map((gateway) => gateway.close()));
  };
  if (failure) {
    await close();
    throw failure.reason;
  }
  return {
    ports: gateways.map(({ port }) => port),
    states: () => gateways.map((gateway) => gateway.state()),
    async refresh() {
      await Promise.all(gateways.map((gateway) => gateway.refresh()));
    },
    replace: (functionName, codeDirectory) => {
      for (const gateway of gateways) gateway.replace(functionName, codeDirectory);
    },
    tellFaults: (news, at) => tellFaults(news, (port) => at === undefined || port === at),
    close,
  };
}

class SupervisedGateway {
  readonly port: number;
  readonly #options: SupervisorOptions;
  readonly #processes: GatewayProcesses;
  /** Code of functions that was replaced: a new process begins with it. */
  readonly #code = new Map<string, string>();
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #delayMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #restarts = 0;
  #closing = false;
  /** It has listened once: from then on it is kept alive. */
  #served = false;
  #past: ProcessState = NOTHING;
  #present: ProcessState = NOTHING;
  #told: (() => void)[] = [];

  constructor(port: number, options: SupervisorOptions, processes: GatewayProcesses) {
    this.port = port;
    this.#processes = processes;
    this.#options = options;
  }

  /** Resolves when it listens. @throws EngineError `port_taken` */
  start(): Promise<void> {
    const child = this.#processes.take();
    this.#child = child;
    this.#startedAt = performance.now();
    this.#send({ kind: 'start', setup: this.#setup(), port: this.port });
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromGateway) => {
        if (message.kind === 'ready') {
          this.#served = true;
          resolve();
        } else if (message.kind === 'failed') {
          const reason = message.code === 'EADDRINUSE' ? `port ${this.port} is taken` : message.reason;
          reject(new EngineError('port_taken', `unable to listen; ${reason}`));
          child.kill('SIGKILL');
        } else this.#received(message);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(
          new EngineError(
            'port_taken',
            `unable to start a gateway; its process ended with ${signal ?? code}`,
          ),
        );
        this.#ended(child, String(signal ?? code));
      });
    });
  }

  async refresh(): Promise<void> {
    if (!this.#child?.connected) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STATE_PATIENCE_MS);
      this.#told.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#send({ kind: 'state' });
    });
  }

  state(): GatewayState {
    const { counters, functions, memory } = this.#present;
    return {
      port: this.port,
      pid: this.#child?.pid ?? 0,
      restarts: this.#restarts,
      counters: sumCounters([this.#past.counters, counters]),
      functions: sumStatistics([this.#past.functions, functions]),
      memory,
    };
  }

  replace(functionName: string, codeDirectory: string): void {
    this.#code.set(functionName, codeDirectory);
    this.#send({ kind: 'replace', functionName, codeDirectory });
  }

  tellFaults(news: FaultNews): void {
    this.#send({ kind: 'faults', news });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_GRACE_MS);
    this.#send({ kind: 'close' });
    await ended;
    clearTimeout(timer);
  }

  #setup(): GatewaySetup {
    const setup = this.#options.setupOf(this.port);
    const functions = setup.functions.map((model) => ({
      ...model,
      codeDirectory: this.#code.get(model.name) ?? model.codeDirectory,
    }));
    return { ...setup, functions };
  }

  #send(message: ToGateway): void {
    // A process that has just died is noticed by its exit; what it was to be told, its successor is told anew.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #received(message: Exclude<FromGateway, { kind: 'ready' | 'failed' }>): void {
    switch (message.kind) {
      case 'state':
        this.#present = message.state;
        for (const told of this.#told.splice(0)) told();
        break;
      case 'functionLog':
        this.#options.functionLog(message.entry);
        break;
      case 'accessLog':
        this.#options.accessLog?.(message.entry);
        break;
      case 'gatewayLog':
        this.#options.log(message.entry);
        break;
      case 'local':
        void this.#options.local(message.call).then((answer) => {
          this.#send({ kind: 'local', id: message.id, answer });
        });
        break;
      case 'faults':
        this.#options.hearFaults(message.news);
        break;
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#closing || !this.#served || child !== this.#child) return;
    const { counters, functions } = this.#present;
    // Levels end with the process, sums stay.
    this.#past = {
      counters: { ...sumCounters([this.#past.counters, counters]), connections: 0 },
      functions: sumStatistics([this.#past.functions, withoutLevels(functions)]),
      memory: 0,
    };
    this.#present = NOTHING;
    for (const told of this.#told.splice(0)) told();
    const healthy = performance.now() - this.#startedAt > HEALTHY_MS;
    this.#delayMs = healthy ? 0 : Math.min(Math.max(this.#delayMs * 2, FIRST_DELAY_MS), LONGEST_DELAY_MS);
    this.#restarts++;
    this.#options.died(`the gateway on port ${this.port} ended with ${how}; it is started again`);
    // Should it fail again, its exit is the next one.
    this.#timer = setTimeout(() => void this.start().catch(() => {}), this.#delayMs);
  }
}

function withoutLevels(functions: ProcessState['functions']): ProcessState['functions'] {
  return Object.fromEntries(
    Object.entries(functions).map(([name, statistics]) => [
      name,
      { ...statistics, environments: 0, running: 0, waiting: 0 },
    ]),
  );
}
