/** The environments of one function and the invocations that wait for one. */
import type { FunctionModel } from '../assembly/model.ts';
import { Environment, type EventResult, type InitFailure, timedOut } from './environment-handle.ts';
import { newRequestId, newTraceId } from './identifiers.ts';
import type { FunctionLogEntry, FunctionStatistics, InvocationFault, InvocationOutcome } from './service.ts';

export interface PoolOptions {
  readonly script: string;
  /** The environment variables of a new environment with the code of this folder. */
  readonly variables: (codeDirectory: string) => Readonly<Record<string, string>>;
  readonly maxEnvironments: number;
  /**
   * How long an invocation waits for a busy environment before another one is started, for each that the function has: the more
   * there are, the more often one becomes free, and the less one more does but compile the same code anew.
   */
  readonly scaleOutAfterMs: number;
  readonly initTimeoutMs: number;
  readonly log: (entry: FunctionLogEntry) => void;
  readonly onInvoke?: (functionName: string, kill: () => void) => InvocationFault | undefined;
  /** Makes room for one more environment on the machine; false where there is none. */
  readonly reserveRoom: (pool: FunctionPool) => boolean;
  /** Whether the account runs as many events as it may; asked where the function reserves nothing. */
  readonly isAccountFull?: () => boolean;
}

/** Environments of one function that load at the same time: more of them only slow each other on one machine. */
const MAX_STARTING = 2;

/** Largest response of a function, 6 MiB and 100 bytes as Lambda's error text says; counted in characters here. */
const RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

interface Waiting {
  readonly event: string;
  readonly since: number;
  readonly settle: (outcome: InvocationOutcome) => void;
}

const THROTTLED: InvocationOutcome = {
  ok: false,
  kind: 'throttled',
  errorType: 'TooManyRequestsException',
  errorMessage: 'Rate Exceeded.',
};

export class FunctionPool {
  readonly model: FunctionModel;
  readonly #options: PoolOptions;
  #codeDirectory: string;
  #generation = 0;
  #closed = false;
  /** The environments alive, also those that still load or are about to end. */
  readonly #environments = new Set<Environment>();
  /** Least recently used first; the last one runs the next event, so that surplus environments fall idle and end. */
  readonly #idle: Environment[] = [];
  #starting = 0;
  #running = 0;
  #scaleTimer: NodeJS.Timeout | undefined;
  readonly #queue: Waiting[] = [];
  readonly #counts = {
    invocations: 0,
    errors: 0,
    timeouts: 0,
    throttles: 0,
    coldStarts: 0,
    billedMilliseconds: 0,
  };

  constructor(model: FunctionModel, options: PoolOptions) {
    this.model = model;
    this.#options = options;
    this.#codeDirectory = model.codeDirectory;
  }

  /** @param event JSON text */
  invoke(event: string): Promise<InvocationOutcome> {
    const { reservedConcurrency } = this.model;
    const isFull =
      reservedConcurrency === undefined ? this.#options.isAccountFull?.() : this.busy >= reservedConcurrency;
    if (isFull) {
      this.#counts.throttles++;
      return Promise.resolve(THROTTLED);
    }
    return new Promise((settle) => {
      const environment = this.#queue.length === 0 ? this.#idle.pop() : undefined;
      const waiting = { event, since: performance.now(), settle };
      if (environment) void this.#run(environment, waiting);
      else {
        this.#queue.push(waiting);
        this.#scaleOut();
      }
    });
  }

  /** New events get environments with this code; events under way end on the old one. */
  replaceCode(codeDirectory: string): void {
    this.#codeDirectory = codeDirectory;
    this.#generation++;
    for (const environment of this.#idle.splice(0)) void environment.end();
    if (this.#queue.length > 0) void this.#start();
  }

  /** Loads one environment ahead of the first event; resolves when that has succeeded or failed. */
  async warm(): Promise<void> {
    if (this.#environments.size === 0) await this.#start();
  }

  statistics(): FunctionStatistics {
    return {
      ...this.#counts,
      environments: this.#environments.size,
      running: this.#running,
      waiting: this.#queue.length,
    };
  }

  /** Events that run or wait: on AWS the ones that wait here would be running. */
  get busy(): number {
    return this.#running + this.#queue.length;
  }

  /** `performance.now()` since when the least recently used environment is idle; `undefined` where none is. */
  get idleSince(): number | undefined {
    return this.#idle[0]?.idleSince;
  }

  /** Ends the least recently used idle environment, if it is idle since `before` or longer. */
  endIdle(before = Number.POSITIVE_INFINITY): boolean {
    const [oldest] = this.#idle;
    if (!oldest || oldest.idleSince > before) return false;
    this.#idle.shift();
    void oldest.end();
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#scaleTimer);
    for (const waiting of this.#queue.splice(0)) waiting.settle(exitOutcome('the engine is closing'));
    await Promise.all([...this.#environments].map((environment) => environment.end()));
  }

  /** Starts an environment for those who wait: at once where there is none, else after a moment's patience. */
  #scaleOut(): void {
    if (this.#closed || this.#starting >= Math.min(this.#queue.length, MAX_STARTING)) return;
    if (this.#running + this.#starting === 0) {
      void this.#start();
      return;
    }
    const [first] = this.#queue;
    if (this.#scaleTimer || !first || this.#environments.size >= this.#options.maxEnvironments) return;
    const patience = this.#options.scaleOutAfterMs * this.#environments.size;
    this.#scaleTimer = setTimeout(
      () => {
        this.#scaleTimer = undefined;
        const oldest = this.#queue[0];
        if (!oldest) return;
        if (performance.now() - oldest.since >= patience) void this.#start();
        this.#scaleOut();
      },
      Math.max(first.since + patience - performance.now(), 1),
    );
  }

  async #start(): Promise<void> {
    const { maxEnvironments, reserveRoom } = this.#options;
    if (this.#environments.size >= maxEnvironments) return;
    // A function without any environment gets one in any case: else it would wait for ever.
    if (!reserveRoom(this) && this.#environments.size > 0) return;
    const { model } = this;
    const environment = new Environment(
      {
        script: this.#options.script,
        codeDirectory: this.#codeDirectory,
        handler: model.handler,
        functionName: model.name,
        functionArn: model.arn,
        memoryMegabytes: model.memoryMegabytes,
        variables: this.#options.variables(this.#codeDirectory),
        initTimeoutMs: this.#options.initTimeoutMs + model.timeoutSeconds * 1000,
        log: this.#options.log,
      },
      this.#generation,
    );
    this.#environments.add(environment);
    this.#starting++;
    this.#counts.coldStarts++;
    void environment.gone.then(() => this.#gone(environment));
    const failure = await environment.initialized();
    this.#starting--;
    if (failure) this.#failed(failure);
    else this.#next(environment);
    this.#scaleOut();
  }

  /** A failed load fails the invocation that asked for it; the next one tries again, as on Lambda. */
  #failed(failure: InitFailure): void {
    const waiting = this.#queue.shift();
    if (waiting) {
      this.#counts.invocations++;
      this.#counts.errors++;
      waiting.settle({ ok: false, kind: failure.kind, ...failure.error });
    }
  }

  #gone(environment: Environment): void {
    this.#environments.delete(environment);
    const index = this.#idle.indexOf(environment);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#queue.length > 0) this.#scaleOut();
  }

  #next(environment: Environment): void {
    if (environment.generation !== this.#generation || this.#closed) {
      void environment.end();
      return;
    }
    const waiting = this.#queue.shift();
    if (waiting) void this.#run(environment, waiting);
    else {
      environment.idleSince = performance.now();
      this.#idle.push(environment);
    }
  }

  async #run(environment: Environment, waiting: Waiting): Promise<void> {
    const timeoutMs = this.model.timeoutSeconds * 1000;
    const requestId = newRequestId();
    this.#running++;
    this.#counts.invocations++;
    const started = performance.now();
    const fault = this.#options.onInvoke?.(this.model.name, () => void environment.end());
    const answer = await environment.run(
      {
        requestId,
        traceId: newTraceId(),
        deadline: Date.now() + timeoutMs,
        event: waiting.event,
        ...(fault && { clockOffsetMs: fault.clockOffsetMs }),
      },
      timeoutMs,
    );
    const result = fault?.dies() ? environment.die(requestId) : answer;
    this.#running--;
    this.#counts.billedMilliseconds += Math.ceil(performance.now() - started);
    if (result.kind === 'result' || (result.kind === 'error' && !result.died)) this.#next(environment);
    waiting.settle(this.#outcome(result, requestId));
  }

  #outcome(result: EventResult, requestId: string): InvocationOutcome {
    if (result.kind === 'result' && result.payload.length <= RESPONSE_BYTES)
      return { ok: true, payload: JSON.parse(result.payload) };
    this.#counts.errors++;
    if (result.kind === 'result')
      return {
        ok: false,
        kind: 'error',
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size (${result.payload.length} bytes) exceeded maximum allowed payload size (${RESPONSE_BYTES} bytes).`,
      };
    if (result.kind === 'timeout') {
      this.#counts.timeouts++;
      const error = timedOut(this.model.timeoutSeconds * 1000, requestId);
      this.#options.log({
        at: Date.now(),
        functionName: this.model.name,
        requestId,
        source: 'platform',
        level: 'ERROR',
        text: error.errorMessage,
      });
      return { ok: false, kind: 'timeout', ...error };
    }
    return { ok: false, kind: result.kind, ...result.error };
  }
}

function exitOutcome(reason: string): InvocationOutcome {
  return {
    ok: false,
    kind: 'exit',
    errorType: 'Runtime.ExitError',
    errorMessage: `unable to run the function; ${reason}`,
  };
}
