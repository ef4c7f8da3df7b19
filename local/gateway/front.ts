/** The APIs of a stack as the engine serves them: from its own process, or from several beside it. */
import type { FaultNews } from '../faults/news.ts';
import type { FunctionStatistics } from '../lambda/service.ts';
import { createCounters, type GatewayCounters } from './counters.ts';

/** One gateway's numbers since the engine started, those of its killed processes included. */
export interface GatewayState {
  readonly port: number;
  readonly pid: number;
  /** How often its process had to be started again. */
  readonly restarts: number;
  readonly counters: GatewayCounters;
  /** Of the functions that run in the gateway's own process, by name; none where they run in the engine's. */
  readonly functions: Readonly<Record<string, FunctionStatistics>>;
  /** Resident memory of the process, bytes. */
  readonly memory: number;
}

export interface Front {
  readonly ports: readonly number[];
  states(): readonly GatewayState[];
  /** Asks the gateways for their numbers of this moment. */
  refresh(): Promise<void>;
  /** Swaps a function's code in the processes that run it. */
  replace(functionName: string, codeDirectory: string): void;
  /** Tells the gateways' processes, or that of one port, of faults. */
  tellFaults(news: FaultNews, at?: number): void;
  close(): Promise<void>;
}

/** Adds up what counters say; `connections`, a level and not a sum, too. */
export function sumCounters(all: readonly GatewayCounters[]): GatewayCounters {
  const sum = createCounters();
  for (const counters of all) {
    for (const [name, value] of Object.entries(counters) as [keyof GatewayCounters, unknown][])
      if (name !== 'posts') sum[name] += Number(value);
    for (const [status, count] of Object.entries(counters.posts))
      sum.posts[Number(status)] = (sum.posts[Number(status)] ?? 0) + count;
  }
  return sum;
}

/** Adds up the statistics of functions that run in several processes. */
export function sumStatistics(
  all: readonly Readonly<Record<string, FunctionStatistics>>[],
): Record<string, FunctionStatistics> {
  const sums: Record<string, Record<string, number>> = {};
  for (const functions of all)
    for (const [name, statistics] of Object.entries(functions)) {
      sums[name] ??= {};
      const sum = sums[name];
      for (const [key, value] of Object.entries(statistics)) sum[key] = (sum[key] ?? 0) + value;
    }
  return sums as unknown as Record<string, FunctionStatistics>;
}
