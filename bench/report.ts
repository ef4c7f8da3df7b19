import { cpus } from 'node:os';
import type { ScenarioResult } from './load.ts';
import { count, ms, table } from './table.ts';

const HEAD = [
  'scenario',
  'server',
  'p50 ms',
  'p95',
  'p99',
  'max',
  'messages/s',
  'deliveries/s',
  'owed',
  'lost',
  'doubled',
  'out of order',
  'refused',
  'peak MiB',
];

/** The table at the end of a run. */
export function resultTable(results: readonly ScenarioResult[]): string {
  return table(
    HEAD,
    results.map((r) => [
      r.scenario,
      r.server,
      ms(r.latency.p50),
      ms(r.latency.p95),
      ms(r.latency.p99),
      ms(r.latency.max),
      count(r.messagesPerSecond),
      count(r.deliveriesPerSecond),
      count(r.owed),
      count(r.lost),
      count(r.doubled),
      count(r.outOfOrder),
      count(r.refused),
      count(r.memory.peakMiB),
    ]),
  );
}

/** What a reader of the JSON needs to know about where the figures come from. */
export function machine(): { node: string; cores: number; processor: string } {
  const processors = cpus();
  return {
    node: process.version,
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
  };
}

/** One measured limit of the project. */
export interface Limit {
  readonly scenario: string;
  readonly what: string;
  /** Milliseconds. */
  readonly atMost: number;
  readonly of: (result: ScenarioResult) => number;
}

/** The latencies that Parley is held to on the reference machine. */
export const LIMITS: readonly Limit[] = [
  { scenario: 'S1', what: 'p50', atMost: 10, of: (r) => r.latency.p50 },
  { scenario: 'S1', what: 'p99', atMost: 40, of: (r) => r.latency.p99 },
  { scenario: 'S2', what: 'p95', atMost: 60, of: (r) => r.latency.p95 },
  { scenario: 'S3a', what: 'p99', atMost: 250, of: (r) => r.latency.p99 },
];

/** One line a limit that applies to a result. */
export function limitLines(results: readonly ScenarioResult[]): string[] {
  return LIMITS.flatMap((limit) =>
    results
      .filter((r) => r.server === 'parley' && r.scenario === limit.scenario)
      .map((r) => {
        const got = limit.of(r);
        const verdict = got <= limit.atMost ? 'kept' : 'MISSED';
        return `${limit.scenario} ${limit.what}: ${ms(got)} ms, at most ${limit.atMost} ms: ${verdict}`;
      }),
  );
}

/** The most seconds from `npm start` to its printed lines. */
const START_SECONDS = 10;

export function startLine(seconds: number): string {
  const verdict = seconds <= START_SECONDS ? 'kept' : 'MISSED';
  return `start: ready after ${seconds.toFixed(1)} s, at most ${START_SECONDS} s: ${verdict}`;
}

/** What Parley must never do, by scenario; empty when it kept its word. */
export function broken(results: readonly ScenarioResult[]): string[] {
  return results
    .filter((r) => r.server === 'parley')
    .filter((r) => r.lost + r.doubled + r.outOfOrder + r.unknown > 0)
    .map(
      (r) =>
        `${r.scenario}: ${r.lost} of ${r.owed} deliveries lost (not there 10 s after the last send), ` +
        `${r.doubled} doubled, ${r.outOfOrder} out of order, ${r.unknown} unknown`,
    );
}
