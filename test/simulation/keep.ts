import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History } from './history.ts';

/** Writes a history down, a line for each occurrence, and then the logs. Gives the file's name. */
export async function keep(seed: number, { occurrences, logs }: History): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'parley-simulation-')), `seed-${seed}.jsonl`);
  const lines = [...occurrences.map((one, time) => ({ time, ...one })), { logs: Object.fromEntries(logs) }];
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}
