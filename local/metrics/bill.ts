/** What a run would have cost on AWS. */
import type { FunctionModel } from '../assembly/model.ts';
import type { GatewayCounters } from '../gateway/counters.ts';
import type { FunctionStatistics } from '../lambda/service.ts';
import type { CallCounts } from '../services/bill.ts';
import type { CapacityUnits } from './capacity.ts';
import { PRICES } from './prices.ts';

export interface BillReport {
  /** Messages in and out, in units of 32 KiB. */
  readonly webSocketMessages: number;
  readonly connectionMinutes: number;
  readonly httpRequests: number;
  readonly invocations: number;
  readonly billedMilliseconds: number;
  readonly gigabyteSeconds: number;
  /** Estimated from the sizes of calls (see `CapacityMeter`). */
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly queueRequests: number;
  readonly topicRequests: number;
  readonly secretsCalls: number;
  /** All of it, dollars. */
  readonly dollars: number;
  /** Where and when these prices hold. */
  readonly basis: string;
}

export interface BillOptions {
  readonly counters: GatewayCounters;
  readonly functions: Readonly<Record<string, FunctionStatistics>>;
  readonly models: readonly Pick<FunctionModel, 'name' | 'memoryMegabytes'>[];
  readonly calls: CallCounts;
  readonly capacity: CapacityUnits;
}

const MEGABYTES_PER_GIGABYTE = 1024;

export function makeBill({ counters, functions, models, calls, capacity }: BillOptions): BillReport {
  const memory = new Map(models.map(({ name, memoryMegabytes }) => [name, memoryMegabytes]));
  let invocations = 0;
  let billedMilliseconds = 0;
  let gigabyteSeconds = 0;
  for (const [name, statistics] of Object.entries(functions)) {
    invocations += statistics.invocations;
    billedMilliseconds += statistics.billedMilliseconds;
    const gigabytes = (memory.get(name) ?? 0) / MEGABYTES_PER_GIGABYTE;
    gigabyteSeconds += (statistics.billedMilliseconds / 1000) * gigabytes;
  }
  const metered = {
    webSocketMessages: counters.meteredIn + counters.meteredOut,
    connectionMinutes: counters.connectionMilliseconds / 60_000,
    httpRequests: counters.httpRequests,
    invocations,
    billedMilliseconds,
    gigabyteSeconds,
    ...capacity,
    queueRequests: callsOf(calls, 'sqs'),
    topicRequests: callsOf(calls, 'sns'),
    secretsCalls: callsOf(calls, 'secretsmanager'),
  };
  const dollars =
    metered.webSocketMessages * PRICES.webSocketMessage +
    metered.connectionMinutes * PRICES.connectionMinute +
    metered.httpRequests * PRICES.httpRequest +
    invocations * PRICES.invocation +
    gigabyteSeconds * PRICES.gigabyteSecond +
    metered.writeUnits * PRICES.writeUnit +
    metered.readUnits * PRICES.readUnit +
    metered.queueRequests * PRICES.queueRequest +
    metered.topicRequests * PRICES.topicRequest +
    metered.secretsCalls * PRICES.secretsCall;
  return { ...metered, dollars, basis: PRICES.basis };
}

function callsOf(calls: CallCounts, service: string): number {
  let sum = 0;
  for (const operations of Object.values(calls))
    for (const [key, { calls: count }] of Object.entries(operations))
      if (key.startsWith(`${service}:`)) sum += count;
  return sum;
}
