/** `npm run bench`: the scenarios, on Parley and beside it, with one load generator in one run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { playScenario, type ScenarioResult } from './load.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { broken, limitLines, machine, resultTable, startLine } from './report.ts';
import { scenarios } from './scenarios.ts';
import { ParleyServer } from './servers/parley.ts';
import type { Server } from './servers/server.ts';
import { SocketIoServer } from './servers/socket-io.ts';
import { WsServer } from './servers/ws.ts';

/**
 * Pause between two scenarios on the same Parley, ms: who has left is told of for some seconds yet, and a thousand of them keep
 * the machine busy with it.
 */
const DEPARTURES = 10_000;

const ROOT = resolve(import.meta.dirname, '..');

interface Run {
  readonly results: readonly ScenarioResult[];
  /** From the command to the line that says ready; undefined where Parley was not measured. */
  readonly startSeconds: number | undefined;
}

/** Parley keeps running from scenario to scenario, as its users take time to register; a peer is started for each. */
async function run(options: BenchOptions): Promise<Run> {
  const chosen = scenarios(options.each).filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  );
  if (chosen.length === 0)
    throw new Error(`unable to run; no scenario is called ${options.only.join(' or ')}`);
  const say = (text: string): void => console.error(text);
  const parley = new ParleyServer(ROOT, options.startArguments, options.profile);
  const makers: Record<BenchOptions['servers'][number], () => Server> = {
    parley: () => parley,
    'socket.io': () => new SocketIoServer(ROOT),
    ws: () => new WsServer(ROOT),
  };
  const results: ScenarioResult[] = [];
  let startSeconds: number | undefined;
  try {
    if (options.servers.includes('parley')) {
      say('parley: starting');
      const began = performance.now();
      await parley.start();
      startSeconds = (performance.now() - began) / 1000;
      say(`parley: ready after ${startSeconds.toFixed(1)} s`);
    }
    for (const [index, scenario] of chosen.entries()) {
      say(`${scenario.name}: ${scenario.title}`);
      for (const name of options.servers) {
        const server = makers[name]();
        if (server !== parley) await server.start();
        else if (index > 0) await sleep(DEPARTURES);
        try {
          const seconds = options.seconds ?? scenario.seconds;
          const run = Date.now().toString(36);
          results.push(
            await playScenario(server, scenario, { run, seconds, warmUp: options.warmUp, onProgress: say }),
          );
        } finally {
          if (server !== parley) await server.stop();
        }
      }
    }
  } finally {
    await parley.stop();
  }
  return { results, startSeconds };
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const { results, startSeconds } = await run(options);
  await mkdir(dirname(options.json), { recursive: true });
  const record = {
    at: new Date().toISOString(),
    machine: machine(),
    each: options.each,
    startSeconds,
    results,
  };
  await writeFile(options.json, `${JSON.stringify(record, null, 2)}\n`);
  console.log(resultTable(results));
  if (results.some(({ scenario }) => scenario === 'S1' || scenario === 'S4')) {
    console.log(`S1 and S4 send their rate for each ${options.each}`);
  }
  for (const line of limitLines(results)) console.log(line);
  if (startSeconds !== undefined) console.log(startLine(startSeconds));
  const wrongs = broken(results);
  for (const line of wrongs) console.log(`parley broke a promise in ${line}`);
  return wrongs.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
