import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandError } from '../../scripts/command-error.ts';
import { parseOptions } from '../../scripts/start/options.ts';

const ROOT = join(import.meta.dirname, '../..');
const PLAN = { seed: 7, faults: [{ kind: 'reset', probability: 0.5 }] };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(text: string): Promise<string> {
  const file = join(folder, `plan-${text.length}.json`);
  await writeFile(file, text);
  return file;
}

function refusal(...args: string[]): string {
  try {
    parseOptions(args);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error('the words were accepted');
}

/** Runs a command to its end, which must come by itself. */
function run(script: string, ...args: string[]): Promise<{ code: number | null; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { cwd: ROOT });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, errors: errors.trim() })));
}

describe('npm start -- --faults', () => {
  it('takes a file, or the plan itself', async () => {
    const text = JSON.stringify(PLAN);
    expect(parseOptions(['--faults', text])).toMatchObject({ faults: PLAN });
    expect(parseOptions(['--faults', await fileOf(text)])).toMatchObject({ faults: PLAN });
    expect(parseOptions(['--faults', text, '--gateways', '2'])).toMatchObject({ faults: PLAN, gateways: 2 });
  });

  it('refuses what is no plan, with the place and the rule', async () => {
    expect(refusal('--faults', '{"seed":1')).toBe('unable to read the fault plan; it is not JSON');
    const file = await fileOf('{"seed":1,"faults":[{"kind":"reset","probability":2}]}');
    expect(refusal('--faults', file)).toBe(
      `unable to read the fault plan ${file}; faults[0].probability must be a number from 0 to 1`,
    );
    expect(refusal('--faults', '/no/such/plan.json')).toBe(
      'unable to read the fault plan /no/such/plan.json; there is no such file',
    );
    expect(refusal('--faults', folder)).toMatch(/^unable to read the fault plan .+; \S/);
  });

  it('ends with 1 and two lines for an unknown kind, before anything is built', async () => {
    const plan = '{"seed":1,"faults":[{"kind":"earthquake","probability":1}]}';
    const { code, errors } = await run('scripts/start.ts', '--faults', plan);
    expect(code).toBe(1);
    expect(errors.split('\n')).toEqual([
      expect.stringMatching(/^unable to read the fault plan; faults\[0\]\.kind must be one of crash, .+$/),
      'docs/faults.md tells what a plan may hold.',
    ]);
  });
});

describe('npm run soak', () => {
  it.each([
    [['--minutes', 'x'], 'unable to soak; --minutes x is not a time'],
    [['--minutes', '0'], 'unable to soak; --minutes 0 is not a time'],
    [['--seed', '-1'], 'unable to soak; '],
    [['--hours', '1'], "unable to soak; Unknown option '--hours'"],
  ])('ends with 1 and a clear line for %j', async (args, line) => {
    const { code, errors } = await run('scripts/soak.ts', ...args);
    expect(code).toBe(1);
    expect(errors.split('\n')[0]).toContain(line);
  });
});
