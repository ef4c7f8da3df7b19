/** `npm run bench:append`: one room with many writers at once, each waiting for its reply, by three ways to append. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Append, Way } from './append-way.ts';
import { openDatabase } from './database.ts';
import { headWay } from './head-append.ts';
import { conditionalPutWay, transactionWay } from './rejected-appends.ts';
import { machine } from './report.ts';
import { Samples, type Summary } from './statistics.ts';
import { count, ms, table } from './table.ts';

const WRITERS: readonly number[] = [1, 20, 50, 200];
/** Load before the figures count, ms. */
const WARM_UP = 1_000;
/** The rule: with so many writers, the p99 is at most so many times the p50. */
const RULE = { writers: 50, times: 5 } as const;
const TEXT = 'the quick brown fox jumps over the lazy dog, and a second fox looks on from the hill';

interface Result {
  readonly way: string;
  readonly writers: number;
  readonly commitsPerSecond: number;
  /** Milliseconds from asking to acknowledged. */
  readonly latency: Summary;
  /** Writes that did not take effect, for each that did. */
  readonly failedPerCommit: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly unavailable: number;
}

async function measure(way: Way, writers: number, seconds: number): Promise<Result> {
  const database = await openDatabase();
  try {
    const room = await way.prepare(database, writers);
    // A connection pool of its own for each writer, as for each execution environment of a handler.
    const appends = Array.from({ length: writers }, (_, writer) => room.writer(writer, database.open()));
    return { way: way.name, writers, ...(await write(appends, seconds)) };
  } finally {
    await database.close();
  }
}

async function write(appends: readonly Append[], seconds: number) {
  const latency = new Samples();
  const failures = new Map<string, number>();
  let unavailable = 0;
  let failed = 0;
  const from = performance.now() + WARM_UP;
  const until = from + seconds * 1000;
  await Promise.all(
    appends.map(async (append) => {
      for (let n = 0, began = performance.now(); began < until; n++, began = performance.now()) {
        const outcome = await append(`m${n}`, TEXT);
        const ended = performance.now();
        if (began < from || ended > until) continue;
        for (const [reason, times] of Object.entries(outcome.failed)) {
          failures.set(reason, (failures.get(reason) ?? 0) + times);
          failed += times;
        }
        if (outcome.committed) latency.add(ended - began);
        else unavailable += 1;
      }
    }),
  );
  return {
    commitsPerSecond: latency.length / seconds,
    latency: latency.summary(),
    failedPerCommit: failed / Math.max(1, latency.length),
    failures: Object.fromEntries(failures),
    unavailable,
  };
}

const HEAD = [
  'writers',
  'way',
  'commits/s',
  'p50 ms',
  'p99',
  'max',
  'failed/commit',
  'unavailable',
  'failures',
];

function row(result: Result): string[] {
  const reasons = Object.entries(result.failures).map(([reason, times]) => `${reason} ${times}`);
  return [
    String(result.writers),
    result.way,
    count(result.commitsPerSecond),
    ms(result.latency.p50),
    ms(result.latency.p99),
    ms(result.latency.max),
    result.failedPerCommit.toFixed(2),
    String(result.unavailable),
    reasons.join(', '),
  ];
}

/** Whether our way keeps the rule; undefined where it was not measured. */
function ruleLine(results: readonly Result[]): string | undefined {
  const ours = results.find(({ way, writers }) => way === headWay.name && writers === RULE.writers);
  if (ours === undefined) return undefined;
  const times = ours.latency.p99 / ours.latency.p50;
  const kept = times <= RULE.times && ours.unavailable === 0;
  return (
    `${RULE.writers} writers by ${ours.way}: p99 is ${times.toFixed(1)} times the p50, at most ${RULE.times}; ` +
    `${ours.unavailable} unavailable: ${kept ? 'kept' : 'MISSED'}`
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '8' },
      writers: { type: 'string', default: WRITERS.join(',') },
      ways: { type: 'string', default: '' },
      json: { type: 'string', default: 'bench/results/append.json' },
    },
  });
  const ways = [headWay, transactionWay, conditionalPutWay].filter(
    ({ name }) => values.ways === '' || values.ways.split(',').includes(name),
  );
  const results: Result[] = [];
  for (const writers of values.writers.split(',').map(Number)) {
    for (const way of ways) {
      console.error(`${way.name}, ${writers} writers`);
      results.push(await measure(way, writers, Number(values.seconds)));
    }
  }
  await mkdir(dirname(values.json), { recursive: true });
  const record = { at: new Date().toISOString(), machine: machine(), results };
  await writeFile(values.json, `${JSON.stringify(record, null, 2)}\n`);
  console.log(table(HEAD, results.map(row)));
  const line = ruleLine(results);
  if (line === undefined) return;
  console.log(line);
  process.exitCode = line.endsWith('kept') ? 0 : 1;
}

await main();
