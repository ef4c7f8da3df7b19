/** The Lambda service of the engine: functions of the template in worker threads. */
import { availableParallelism } from 'node:os';
import type { FunctionModel } from '../assembly/model.ts';
import type { AccountLimits } from '../limits.ts';
import { createAsynchronousInvoker, type InvocationRecord, RETRY_DELAYS_MS } from './asynchronous.ts';
import { eventText } from './event-text.ts';
import { FunctionPool } from './function-pool.ts';
import type {
  FunctionLogEntry,
  FunctionStatistics,
  InvocationFault,
  InvocationOutcome,
  InvocationType,
  LambdaService,
} from './service.ts';
import { environmentVariables } from './variables.ts';

/**
 * Environments that one function gets at most. AWS starts one for each event that finds none idle, up to the account's
 * concurrency; one machine can't, so beyond this number events wait for an environment in the order of their arrival. Two for each
 * processor: one computes while the other waits for the database. More would only compile the same code more often.
 */
const MAX_ENVIRONMENTS_PER_FUNCTION = Math.max(4, 2 * availableParallelism());
/** Environments of all functions together; the least recently used idle one makes room for another. */
const MAX_ENVIRONMENTS = 64;
/** Patience for each busy environment before another is started: loading a bundle costs several times this in CPU. */
const SCALE_OUT_AFTER_MS = 20;
/** Life of an idle environment. AWS does not state it; some minutes are what is seen. */
const IDLE_MS = 10 * 60 * 1000;
/** Lambda's limit on the init phase: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_TIMEOUT_MS = 10_000;
/** Payload limits, bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const SYNCHRONOUS_PAYLOAD_BYTES = 6 * 1024 * 1024;
const ASYNCHRONOUS_PAYLOAD_BYTES = 1024 * 1024;

export interface LambdaOptions {
  readonly functions: readonly FunctionModel[];
  /** What a function's environment gets besides its own variables: credentials, region, endpoints. */
  readonly environmentFor: (model: FunctionModel) => Readonly<Record<string, string>>;
  readonly log: (entry: FunctionLogEntry) => void;
  /** Path of the bundled worker entry, `dist/local/environment.js`. */
  readonly environmentScript: string;
  readonly maxEnvironmentsPerFunction?: number;
  readonly maxEnvironments?: number;
  readonly scaleOutAfterMs?: number;
  readonly idleMs?: number;
  readonly initTimeoutMs?: number;
  /** `concurrentExecutions` is for all functions together; what functions reserve is taken from it. */
  readonly accountLimits?: AccountLimits;
  /** Waits before the retries of an asynchronous event whose function failed. */
  readonly asyncRetryDelaysMs?: readonly number[];
  /** Told of each event that begins; `kill` ends its environment, then or later, as a crash of its process would. */
  readonly onInvoke?: (functionName: string, kill: () => void) => InvocationFault | undefined;
  /** Gets each asynchronous event that was handled, or that failed for good. */
  readonly onAsyncDone?: (model: FunctionModel, record: InvocationRecord) => void;
}

export interface EngineLambdaService extends LambdaService {
  /** Swaps a function's code: events from now on run on the new code, those under way end on the old. */
  replace(functionName: string, codeDirectory: string): void;
  /** Loads functions ahead of their first event, one environment each, two at a time; all of them unless named. */
  warm(functionNames?: readonly string[]): Promise<void>;
  statistics(): Readonly<Record<string, FunctionStatistics>>;
}

/**
 * @returns the service; environments start with the first event of each function
 * @throws (from `invoke`, as a rejection) `FunctionNotFound` for a name or ARN that is not in `functions`
 */
export function createLambdaService(options: LambdaOptions): EngineLambdaService {
  const maxEnvironments = options.maxEnvironments ?? MAX_ENVIRONMENTS;
  const idleMs = options.idleMs ?? IDLE_MS;
  const pools = new Map<string, FunctionPool>();

  function reserveRoom(): boolean {
    let total = 0;
    let oldest: FunctionPool | undefined;
    for (const pool of pools.values()) {
      total += pool.statistics().environments;
      const since = pool.idleSince;
      if (since !== undefined && since < (oldest?.idleSince ?? Number.POSITIVE_INFINITY)) oldest = pool;
    }
    return total < maxEnvironments || (oldest?.endIdle() ?? false);
  }

  const concurrency = options.accountLimits?.concurrentExecutions;
  const reserved = options.functions.reduce((sum, { reservedConcurrency: own = 0 }) => sum + own, 0);

  /** On AWS the events that wait here would be running. */
  function isAccountFull(unreserved: number): boolean {
    let busy = 0;
    for (const pool of pools.values()) if (pool.model.reservedConcurrency === undefined) busy += pool.busy;
    return busy >= unreserved;
  }

  for (const model of options.functions)
    pools.set(
      model.name,
      new FunctionPool(model, {
        script: options.environmentScript,
        variables: (codeDirectory) =>
          environmentVariables({ ...model, codeDirectory }, options.environmentFor(model)),
        maxEnvironments: options.maxEnvironmentsPerFunction ?? MAX_ENVIRONMENTS_PER_FUNCTION,
        scaleOutAfterMs: options.scaleOutAfterMs ?? SCALE_OUT_AFTER_MS,
        initTimeoutMs: options.initTimeoutMs ?? INIT_TIMEOUT_MS,
        log: options.log,
        ...(options.onInvoke && { onInvoke: options.onInvoke }),
        ...(concurrency !== undefined && { isAccountFull: () => isAccountFull(concurrency - reserved) }),
        reserveRoom,
      }),
    );

  const reaper = setInterval(
    () => {
      const before = performance.now() - idleMs;
      for (const pool of pools.values()) while (pool.endIdle(before));
    },
    Math.max(idleMs / 10, 10),
  );
  reaper.unref();

  const asynchronous = createAsynchronousInvoker({
    run: (model, event) => poolOf(model.name).invoke(event),
    retryDelaysMs: options.asyncRetryDelaysMs ?? RETRY_DELAYS_MS,
    ...(options.onAsyncDone && { onDone: options.onAsyncDone }),
  });

  /** Takes a name or an ARN, each with or without a qualifier. */
  function poolOf(name: string): FunctionPool {
    const plain = name.startsWith('arn:') ? (name.split(':')[6] ?? '') : (name.split(':')[0] ?? '');
    const pool = pools.get(plain);
    if (!pool) throw new FunctionNotFound(name);
    return pool;
  }

  return {
    async invoke(name: string, event: unknown, type: InvocationType): Promise<InvocationOutcome> {
      const pool = poolOf(name);
      const text = eventText(event);
      const limit = type === 'Event' ? ASYNCHRONOUS_PAYLOAD_BYTES : SYNCHRONOUS_PAYLOAD_BYTES;
      // A character is at most three bytes of UTF-8: only a text near the limit is measured.
      if (text.length * 3 > limit && Buffer.byteLength(text) > limit)
        return tooLarge(Buffer.byteLength(text), limit);
      if (type === 'RequestResponse') return pool.invoke(text);
      asynchronous.accept(pool.model, text);
      return { ok: true, payload: null };
    },
    replace: (name, codeDirectory) => poolOf(name).replaceCode(codeDirectory),
    async warm(names = [...pools.keys()]) {
      const queue = names.map(poolOf);
      const loader = async () => {
        for (let pool = queue.shift(); pool; pool = queue.shift()) await pool.warm();
      };
      await Promise.all([loader(), loader()]);
    },
    statistics: () => Object.fromEntries([...pools].map(([name, pool]) => [name, pool.statistics()])),
    async close() {
      clearInterval(reaper);
      asynchronous.close();
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** A caller named a function that the stack does not declare: Lambda's `ResourceNotFoundException`. */
export class FunctionNotFound extends Error {
  readonly code = 'ResourceNotFoundException';
  constructor(name: string) {
    super(`unable to invoke a function; the stack has none named ${name}`);
    this.name = 'FunctionNotFound';
  }
}

function tooLarge(bytes: number, limit: number): InvocationOutcome {
  return {
    ok: false,
    kind: 'error',
    errorType: 'RequestTooLargeException',
    errorMessage: `Request must be smaller than ${limit} bytes for the InvokeFunction operation, got ${bytes}`,
  };
}
