import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { register } from '../helper/account.ts';
import { type Started, startService } from '../helper/start.ts';

const ROOT = join(import.meta.dirname, '../..');

const hasProcesses = process.platform === 'linux';

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the start command to its end, which must come by itself. */
function run(...flags: string[]): Promise<Run> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/start.ts', ...flags], { cwd: ROOT });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })));
}

let service: Started | undefined;
let server: Server | undefined;
afterEach(async () => {
  await service?.close();
  server?.close();
  service = undefined;
  server = undefined;
});

/** The processes that began from `pid`, itself among them, from what Linux tells of each. */
async function familyOf(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  }
  return family;
}

async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return status !== '' && !/^State:\s+Z/m.test(status);
}

describe('the start command', () => {
  it('says that a port is taken, what to do, and ends with 1', async () => {
    const taken = createServer();
    server = taken;
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { code, errors } = await run('--port', String(port));
    expect(code).toBe(1);
    expect(errors).toMatch(new RegExp(`unable to start; .*port ${port} is taken`));
    expect(errors).toContain('--port');
    expect(errors).not.toMatch(/\bat .+:\d+:\d+/);
  });

  it.each([
    ['an unknown flag', ['--colour', 'red'], /--colour/],
    ['a port that is none', ['--port', 'http'], /--port http/],
    ['a context value without a key', ['-c', 'nonsense'], /-c nonsense/],
    ['a context key that is unknown', ['--port', '0', '-c', 'comandBurst=3'], /comandBurst/],
    ['a context value out of its range', ['--port', '0', '-c', 'commandBurst=none'], /commandBurst/],
  ])('refuses %s in clear words, and ends with 1', async (_, flags, words) => {
    const { code, errors } = await run(...flags);
    expect(code).toBe(1);
    expect(errors).toMatch(words);
    expect(errors).not.toMatch(/\bat .+:\d+:\d+/);
  });

  it('helps', async () => {
    const { code, output } = await run('--help');
    expect(code).toBe(0);
    for (const flag of ['--port', '--data', '-c', '--no-demo', '--json', '--help']) {
      expect(output).toContain(flag);
    }
  });

  it('leaves no process behind when it is interrupted', async (context) => {
    context.skip(!hasProcesses, 'only Linux lists processes in /proc');
    service = await startService({});
    await register(service, 'alice');
    const family = await familyOf(service.pid);
    expect(family.length).toBeGreaterThan(1);
    await service.close();
    // What was told to end may take a moment on a busy machine.
    await expect
      .poll(async () => (await Promise.all(family.map(isAlive))).filter(Boolean), { timeout: 1_000 })
      .toEqual([]);
  });

  it('leaves no process behind when it is killed', async (context) => {
    context.skip(!hasProcesses, 'only Linux lists processes in /proc');
    service = await startService({});
    await register(service, 'alice');
    const family = await familyOf(service.pid);
    await service.crash();
    await expect
      .poll(async () => (await Promise.all(family.map(isAlive))).filter(Boolean), { timeout: 15_000 })
      .toEqual([]);
  });
});
