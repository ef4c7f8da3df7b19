/** Lets go wrong what a plan says: what each part of the engine asks at its seam. */
import type { ManagementVerdict } from '../gateway/management.ts';
import type { InvocationFault } from '../lambda/service.ts';
import type { AwsCall, CallFault, ServiceFault } from '../services/call.ts';
import { createLots } from './lots.ts';
import type { FaultNews } from './news.ts';
import type { Fault, FaultPlan } from './plan.ts';

export interface FaultsOptions {
  /** Kills the database as `kill -9` does. */
  readonly killDatabase?: () => void;
  /** Tells the other processes: all of them, or the gateway on the port `at`. */
  readonly tell?: (news: FaultNews, at?: number) => void;
  /** Tells the lots of one process from those of another. */
  readonly place?: string;
}

/** One fault of the plan that runs, with its own lots, so that the occasions of others change nothing for it. */
interface Armed {
  readonly index: number;
  readonly fault: Fault;
  readonly lot: () => number;
  happened: number;
}

interface Occasion {
  readonly functionName?: string;
  readonly operation?: string;
}

type FaultOf<K extends Fault['kind']> = Extract<Fault, { kind: K }>;

const ERROR_STATUS: Readonly<Record<string, number>> = { InternalServerError: 500 };
const CONFLICT: ServiceFault = {
  status: 400,
  code: 'TransactionCanceledException',
  message:
    'Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]',
  details: {
    CancellationReasons: [{ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }],
  },
};
const STORAGE_ANSWERS = {
  'slow-down': { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' },
  failure: {
    status: 500,
    code: 'InternalError',
    message: 'We encountered an internal error. Please try again.',
  },
  reset: 'reset',
} as const satisfies Record<NonNullable<FaultOf<'storage'>['answer']>, ServiceFault | 'reset'>;
const POST_VERDICTS = {
  gone: 'gone',
  throttled: 'throttled',
  failure: 'failure',
  lost: 'lost',
  hang: 'hang',
} as const satisfies Record<FaultOf<'post'>['answer'], ManagementVerdict>;
const TRANSACTIONS = new Set(['TransactWriteItems', 'TransactGetItems', 'ExecuteTransaction']);

/** The faults of an engine. Without a plan nothing goes wrong. */
export class Faults {
  readonly #options: FaultsOptions;
  #plan: FaultPlan | undefined;
  #run = 0;
  #armed: readonly Armed[] = [];
  /** Ends of the environments that run an event now, by function, in the order of their beginning. */
  readonly #running = new Map<string, Set<() => void>>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  get plan(): FaultPlan | undefined {
    return this.#plan;
  }

  /** Follows a plan from now on, from its beginning, in all processes; undefined ends all faults. */
  set(plan: FaultPlan | undefined): void {
    this.#follow(plan, this.#run + 1);
    this.#options.tell?.(this.state());
  }

  /** The plan and what has happened of it, for a process that begins. */
  state(): FaultNews {
    const happened = this.#armed.map((armed) => armed.happened);
    return { kind: 'plan', run: this.#run, plan: this.#plan, happened };
  }

  /** What another process tells. */
  hear(news: FaultNews): void {
    switch (news.kind) {
      case 'plan':
        this.#follow(news.plan, news.run, news.happened);
        break;
      case 'happened': {
        const armed = this.#armed[news.index];
        if (armed && news.run === this.#run) armed.happened++;
        break;
      }
      case 'kill':
        this.#killOne(news.functionName, news.lot);
        break;
    }
  }

  #follow(plan: FaultPlan | undefined, run: number, happened: readonly number[] = []): void {
    const { place } = this.#options;
    this.#plan = plan;
    this.#run = run;
    this.#armed = (plan?.faults ?? []).map((fault, index) => ({
      fault,
      index,
      lot: createLots(plan?.seed ?? 0, [index, fault.kind, place].filter((p) => p !== undefined).join('/')),
      happened: happened[index] ?? 0,
    }));
  }

  /** How often each fault of the plan has happened, in the plan's order. */
  counts(): readonly { readonly kind: Fault['kind']; readonly happened: number }[] {
    return this.#armed.map(({ fault: { kind }, happened }) => ({ kind, happened }));
  }

  /** At each call of a function to DynamoDB. */
  readonly call = ({ service, operation, caller }: AwsCall): CallFault | undefined => {
    if (this.#armed.length === 0 || service !== 'dynamodb' || !caller) return undefined;
    const { functionName, gateway } = caller;
    const occasion = { functionName, operation };
    if (this.#happens('kill-database', occasion)) this.#options.killDatabase?.();
    const crash = this.#happens('crash', occasion, ({ when }) => when === 'between');
    if (crash) {
      const takesEffect = crash.lot() < 0.5;
      const kill = () => {
        const lot = crash.lot();
        if (gateway === undefined) this.#killOne(functionName, lot);
        else this.#options.tell?.({ kind: 'kill', functionName, lot }, gateway);
      };
      return { answer: 'reset', takesEffect, done: kill };
    }
    const slow = this.#happens('slow', occasion)?.fault.milliseconds;
    const delay = slow === undefined ? {} : { delayMs: slow };
    const conflict = TRANSACTIONS.has(operation) && this.#happens('conflict', occasion);
    if (conflict) return { ...delay, answer: CONFLICT };
    const error = this.#happens('error', occasion)?.fault;
    if (error) {
      const { error: code, lost = false } = error;
      const answer = { status: ERROR_STATUS[code] ?? 400, code, message: 'A fault plan says so' };
      return { ...delay, answer, takesEffect: lost };
    }
    const reset = this.#happens('reset', occasion)?.fault;
    if (reset) return { ...delay, answer: 'reset', takesEffect: reset.lost ?? false };
    return slow === undefined ? undefined : delay;
  };

  /** At each call of S3, by a function or by whoever has an address that it signed. */
  readonly storage = ({ operation, caller }: AwsCall): CallFault | undefined => {
    const occasion = { operation, ...(caller && { functionName: caller.functionName }) };
    const fault = this.#happens('storage', occasion)?.fault;
    if (!fault) return undefined;
    const { answer, milliseconds, lost = false } = fault;
    return {
      ...(milliseconds !== undefined && { delayMs: milliseconds }),
      ...(answer !== undefined && { answer: STORAGE_ANSWERS[answer], takesEffect: lost }),
    };
  };

  /** At the beginning of each event that a function is given. */
  readonly invocation = (functionName: string, kill: () => void): InvocationFault => {
    const running = this.#running.get(functionName) ?? new Set();
    this.#running.set(functionName, running.add(kill));
    const occasion = { functionName };
    if (this.#happens('crash', occasion, ({ when }) => when === 'before')) kill();
    const killed = this.#happens('kill-environment', occasion);
    if (killed) setTimeout(kill, killed.lot() * killed.fault.milliseconds).unref();
    const clock = this.#happens('clock', occasion);
    return {
      clockOffsetMs: clock ? Math.round(clock.lot() * clock.fault.milliseconds) : 0,
      dies: () => {
        running.delete(kill);
        return this.#happens('crash', occasion, ({ when }) => when === 'after') !== undefined;
      },
    };
  };

  /** At each allowed call to `@connections`. */
  readonly post = (): ManagementVerdict => {
    const post = this.#happens('post', {});
    return post ? POST_VERDICTS[post.fault.answer] : 'allow';
  };

  /** At the end of each connection. */
  readonly losesDisconnect = (): boolean => this.#happens('lose-disconnect', {}) !== undefined;

  /** How many records of those that a batch may hold, at each batch. */
  readonly batchSize = (functionName: string, most: number): number => {
    const split = this.#happens('batch', { functionName }, ({ how }) => how === 'split');
    return split ? 1 + Math.floor((split.lot() * most) / 2) : most;
  };

  /** Whether a batch that is done with comes again, as a reader that lost its place gives it. */
  readonly repeatsBatch = (functionName: string): boolean =>
    this.#happens('batch', { functionName }, ({ how }) => how === 'repeat') !== undefined;

  #happens<K extends Fault['kind']>(
    kind: K,
    occasion: Occasion,
    wanted: (fault: FaultOf<K>) => boolean = () => true,
  ): { readonly fault: FaultOf<K>; readonly lot: () => number } | undefined {
    for (const armed of this.#armed) {
      if (!isKind(armed.fault, kind) || !wanted(armed.fault) || !matches(armed.fault, occasion)) continue;
      if (armed.happened >= (armed.fault.count ?? Number.POSITIVE_INFINITY)) continue;
      if (armed.lot() >= armed.fault.probability) continue;
      armed.happened++;
      this.#options.tell?.({ kind: 'happened', run: this.#run, index: armed.index });
      return { fault: armed.fault, lot: armed.lot };
    }
    return undefined;
  }

  /** The environments of a function sign alike: one of those at work is taken for the caller. */
  #killOne(functionName: string, lot: number): void {
    const running = [...(this.#running.get(functionName) ?? [])];
    running[Math.floor(lot * running.length)]?.();
  }
}

function isKind<K extends Fault['kind']>(fault: Fault, kind: K): fault is FaultOf<K> {
  return fault.kind === kind;
}

function matches({ match }: Fault, { functionName, operation }: Occasion): boolean {
  return isPart(match?.function, functionName) && isPart(match?.operation, operation);
}

function isPart(part: string | undefined, whole: string | undefined): boolean {
  return part === undefined || (whole?.toLowerCase().includes(part.toLowerCase()) ?? false);
}
