/** What the engine has done so far, in numbers: `GET /_local/metrics`. */
import type { FunctionModel } from '../assembly/model.ts';
import { type Front, type GatewayState, sumCounters, sumStatistics } from '../gateway/front.ts';
import type { FunctionStatistics } from '../lambda/service.ts';
import type { CallCounts } from '../services/bill.ts';
import { type BillReport, makeBill } from './bill.ts';
import type { CapacityUnits } from './capacity.ts';

export interface EngineMetrics {
  /** Milliseconds since the start. */
  readonly uptime: number;
  /** Open now, over all gateways. */
  readonly connections: number;
  /** Of all functions together. */
  readonly invocations: number;
  readonly errors: number;
  /** Of functions, and of the stages' routes. */
  readonly throttles: number;
  /** Milliseconds by which each stream mapping's newest batch was behind, by logical id. */
  readonly iteratorAge: Readonly<Record<string, number>>;
  readonly gateways: readonly GatewayState[];
  /** By name, over all processes. */
  readonly functions: Readonly<Record<string, FunctionStatistics>>;
  /** AWS calls by function, then by `service:Operation`. */
  readonly calls: CallCounts;
  readonly bill: BillReport;
  /** Of the engine's own process, bytes. */
  readonly memory: NodeJS.MemoryUsage;
}

export interface MetricsSources {
  readonly startedAt: number;
  readonly models: readonly FunctionModel[];
  readonly front: () => Front | undefined;
  /** Of the engine's own process. */
  readonly functions: () => Readonly<Record<string, FunctionStatistics>>;
  readonly calls: () => CallCounts;
  readonly capacity: () => CapacityUnits;
  readonly iteratorAge: () => Readonly<Record<string, number>>;
}

export function readMetrics(sources: MetricsSources): EngineMetrics {
  const gateways = sources.front()?.states() ?? [];
  const functions = sumStatistics([sources.functions(), ...gateways.map((gateway) => gateway.functions)]);
  const counters = sumCounters(gateways.map((gateway) => gateway.counters));
  const calls = sources.calls();
  const total = (key: 'invocations' | 'errors' | 'throttles') =>
    Object.values(functions).reduce((sum, statistics) => sum + statistics[key], 0);
  return {
    uptime: Date.now() - sources.startedAt,
    connections: counters.connections,
    invocations: total('invocations'),
    errors: total('errors'),
    throttles: total('throttles') + counters.throttles,
    iteratorAge: sources.iteratorAge(),
    gateways,
    functions,
    calls,
    bill: makeBill({ counters, functions, models: sources.models, calls, capacity: sources.capacity() }),
    memory: process.memoryUsage(),
  };
}
