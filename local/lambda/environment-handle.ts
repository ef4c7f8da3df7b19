/** The main thread's side of one execution environment: starts its worker thread, gives it events, ends it. */
import { Worker } from 'node:worker_threads';
import type { EnvironmentData, EnvironmentMessage, ErrorPayload, EventMessage } from './messages.ts';
import type { FunctionLogEntry } from './service.ts';

export interface EnvironmentOptions {
  /** Path of the worker's entry (the bundled `environment.ts`). */
  readonly script: string;
  readonly codeDirectory: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** The whole of the environment's `process.env`. */
  readonly variables: Readonly<Record<string, string>>;
  /** How long the module may take to load. */
  readonly initTimeoutMs: number;
  readonly log: (entry: FunctionLogEntry) => void;
}

/** How an event ended inside an environment; `died` means that the environment is gone. */
export type EventResult =
  | { readonly kind: 'result'; readonly payload: string }
  | { readonly kind: 'error'; readonly error: ErrorPayload; readonly died: boolean }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'exit'; readonly error: ErrorPayload };

/** Why an environment never got ready. */
export type InitFailure = { readonly kind: 'error' | 'timeout' | 'exit'; readonly error: ErrorPayload };

/**
 * Share of a function's memory that its JavaScript heap gets: `--max-old-space-size` is nine tenths of the memory size on
 * Lambda's managed runtime for Node.js. Memory outside the heap (buffers) is not limited here.
 */
const HEAP_SHARE = 0.9;

export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #worker: Worker;
  readonly #wake: Int32Array;
  #initSettled: ((failure: InitFailure | undefined) => void) | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #event:
    | {
        readonly requestId: string;
        readonly settle: (result: EventResult) => void;
        readonly timer: NodeJS.Timeout;
      }
    | undefined;
  #outOfMemory = false;
  #ended: Promise<void> | undefined;
  /** Resolves when the thread is gone, for whatever reason. */
  readonly gone: Promise<void>;
  /** Milliseconds of `performance.now()` when it last became idle. */
  idleSince = 0;
  /** Code generation of its function (see `FunctionPool.replaceCode`). */
  readonly generation: number;

  constructor(options: EnvironmentOptions, generation: number) {
    this.#options = options;
    this.generation = generation;
    const wake = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#wake = new Int32Array(wake);
    const workerData: EnvironmentData = {
      codeDirectory: options.codeDirectory,
      handler: options.handler,
      functionArn: options.functionArn,
      wake,
    };
    this.#worker = new Worker(options.script, {
      name: options.functionName,
      workerData,
      env: { ...options.variables },
      // Neither flags nor loaders of the engine's own process reach a function.
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memoryMegabytes * HEAP_SHARE) },
    });
    this.#worker.on('message', (message: EnvironmentMessage) => this.#received(message));
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#outOfMemory ||= error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (!this.#outOfMemory) this.#log('platform', `unable to run an environment; ${error.message}`);
    });
    for (const source of ['stdout', 'stderr'] as const)
      this.#worker[source].on('data', (chunk: Buffer) => this.#log(source, chunk.toString('utf8').trimEnd()));
    this.gone = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#exited(code);
        resolve();
      });
    });
  }

  /** Resolves when the module is loaded; with the reason where it can't be (the environment is then gone). */
  initialized(): Promise<InitFailure | undefined> {
    return new Promise((resolve) => {
      this.#initSettled = resolve;
      const { initTimeoutMs } = this.#options;
      this.#initTimer = setTimeout(() => {
        this.#settleInit({ kind: 'timeout', error: timedOut(initTimeoutMs) });
        void this.end();
      }, initTimeoutMs);
    });
  }

  /** Runs one event. The caller sees to it that there is one at a time. */
  run(message: EventMessage, timeoutMs: number): Promise<EventResult> {
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        this.#settle({ kind: 'timeout' });
        void this.end();
      }, timeoutMs);
      this.#event = { requestId: message.requestId, settle, timer };
      this.#worker.postMessage(message);
      Atomics.store(this.#wake, 0, 1);
      Atomics.notify(this.#wake, 0);
    });
  }

  /** Ends the thread, whatever it is doing. */
  end(): Promise<void> {
    this.#ended ??= this.#worker.terminate().then(() => this.gone);
    return this.#ended;
  }

  /** Ends the thread as if it had died before it could answer. */
  die(requestId: string): EventResult {
    void this.end();
    const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`;
    return { kind: 'exit', error: { errorType: 'Runtime.ExitError', errorMessage } };
  }

  #received(message: EnvironmentMessage): void {
    switch (message.kind) {
      case 'result':
        if (message.requestId === this.#event?.requestId)
          this.#settle({ kind: 'result', payload: message.payload });
        break;
      case 'error':
        this.#log('platform', `${message.error.errorType}: ${message.error.errorMessage}`, message.error);
        if (message.requestId === this.#event?.requestId)
          this.#settle({ kind: 'error', error: message.error, died: false });
        break;
      case 'log':
        this.#options.log({
          at: Date.now(),
          functionName: this.#options.functionName,
          source: message.source,
          text: message.text,
          ...(message.requestId !== undefined && { requestId: message.requestId }),
          ...(message.level !== undefined && { level: message.level }),
        });
        break;
      case 'ready':
        this.#settleInit(undefined);
        break;
      case 'initError':
      case 'fatal':
        this.#log('platform', `${message.error.errorType}: ${message.error.errorMessage}`, message.error);
        this.#settleInit({ kind: 'error', error: message.error });
        this.#settle({ kind: 'error', error: message.error, died: true });
        void this.end();
        break;
    }
  }

  #exited(code: number): void {
    // The texts that Lambda gives: https://repost.aws/knowledge-center/lambda-troubleshoot-invoke-error-502-500
    const reason = this.#outOfMemory
      ? 'Runtime exited with error: signal: killed'
      : code === 0
        ? 'Runtime exited without providing a reason'
        : `Runtime exited with error: exit status ${code}`;
    const prefix = this.#event ? `RequestId: ${this.#event.requestId} Error: ` : 'Error: ';
    const error = {
      errorType: this.#outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError',
      errorMessage: prefix + reason,
    };
    // Who ended it knows why.
    if (!this.#ended && (this.#event || this.#initSettled)) this.#log('platform', error.errorMessage);
    this.#settleInit({ kind: 'exit', error });
    this.#settle({ kind: 'exit', error });
  }

  #settleInit(failure: InitFailure | undefined): void {
    clearTimeout(this.#initTimer);
    this.#initSettled?.(failure);
    this.#initSettled = undefined;
  }

  #settle(result: EventResult): void {
    const event = this.#event;
    if (!event) return;
    this.#event = undefined;
    clearTimeout(event.timer);
    event.settle(result);
  }

  #log(source: FunctionLogEntry['source'], text: string, error?: ErrorPayload): void {
    if (text === '') return;
    this.#options.log({
      at: Date.now(),
      functionName: this.#options.functionName,
      source,
      text: error?.trace?.length ? error.trace.join('\n') : text,
      ...(this.#event && { requestId: this.#event.requestId }),
      ...(error && { level: 'ERROR' as const }),
    });
  }
}

/** Lambda's text, with the limit in seconds and two decimals. */
export function timedOut(limitMs: number, requestId?: string): ErrorPayload {
  const text = `Task timed out after ${(limitMs / 1000).toFixed(2)} seconds`;
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: requestId === undefined ? text : `RequestId: ${requestId} Error: ${text}`,
  };
}
