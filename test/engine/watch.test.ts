import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { build } from '../../scripts/build.ts';
import { type Watching, watchFunctions } from '../../scripts/start/watch.ts';
import { connect, type GatewayBench, startGateway } from './gateway-helper.ts';
import { until } from './lambda-helper.ts';

/** From the save to the swap. Some tens of milliseconds where the machine has nothing else to do. */
const SWAP_LIMIT_MS = 1_000;
/** How long a test waits for what must come on a machine that does much else. */
const IN_A_MOMENT_MS = 5_000;

/** A tree of sources with two functions that share a module. */
const SOURCES = {
  'shared/text.ts': `export const text = (said: string): string => 'first ' + said;`,
  'functions/websocket/echo.ts': [
    `import { text } from '../../shared/text.ts';`,
    'let calls = 0;',
    'export const handler = async (event: { body: string }) =>',
    `  ({ statusCode: 200, body: text(JSON.parse(event.body).said) + ' ' + ++calls });`,
  ].join('\n'),
  'functions/websocket/other.ts': [
    'let calls = 0;',
    `export const handler = async () => ({ statusCode: 200, body: 'other ' + ++calls });`,
  ].join('\n'),
};

let root: string;
let bench: GatewayBench;
let watching: Watching | undefined;
let told: string[];
let replaced: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-'));
  for (const folder of ['shared', 'functions/websocket'])
    await mkdir(join(root, folder), { recursive: true });
  for (const [file, code] of Object.entries(SOURCES)) await writeFile(join(root, file), code);
  await symlink(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
  await build(root);
  await writeFile(join(root, 'dist/functions/websocket/echo/beside.txt'), 'a file that it reads');
  const built = (name: string) => ({
    model: { codeDirectory: join(root, 'dist/functions/websocket', name) },
    code: '',
  });
  bench = await startGateway({
    handlers: { echo: built('echo'), other: built('other') },
    webSocket: {
      echo: { function: 'echo', routeResponse: true },
      other: { function: 'other', routeResponse: true },
    },
  });
  told = [];
  replaced = [];
  watching = await watchFunctions({
    root,
    functions: ['echo', 'other'].map((name) => ({
      name,
      codeDirectory: join(root, 'dist/functions/websocket', name),
    })),
    directory: join(root, 'swapped'),
    replace(name, codeDirectory) {
      replaced.push(name);
      bench.lambda.replace(name, codeDirectory);
    },
    tell: (text) => told.push(text),
  });
});
afterEach(async () => {
  await watching?.close();
  await bench?.close();
  await rm(root, { recursive: true, force: true });
});

const swaps = () => told.filter((text) => text.startsWith('swapped')).length;

describe('--watch', () => {
  it('swaps a function on save, the connection kept, and no other function', async () => {
    const client = await connect(bench.ws);
    const say = async (action: string, said: string) => {
      client.socket.send(JSON.stringify({ action, said }));
      return client.next();
    };
    expect(await say('echo', 'a')).toBe('first a 1');
    expect(await say('other', '')).toBe('other 1');

    const saved = performance.now();
    await writeFile(join(root, 'shared/text.ts'), `export const text = (said: string) => 'second ' + said;`);
    await until(() => swaps() === 1, 'the function is swapped', IN_A_MOMENT_MS);
    const took = performance.now() - saved;
    // On the same socket: the new code in a fresh environment; the other function's environment lives on.
    expect(await say('echo', 'b')).toBe('second b 1');
    expect(await say('other', '')).toBe('other 2');
    expect(replaced).toEqual(['echo']);
    expect(told[0]).toMatch(/^swapped websocket\/echo in \d+ ms$/);
    expect(took).toBeLessThan(SWAP_LIMIT_MS);
    const beside = await readFile(join(root, 'swapped/1-websocket-echo/beside.txt'), 'utf8');
    expect(beside).toBe('a file that it reads');

    // As most editors save: a new file over the old one.
    await writeFile(
      join(root, 'shared/.text.ts.tmp'),
      `export const text = (said: string) => 'third ' + said;`,
    );
    await rename(join(root, 'shared/.text.ts.tmp'), join(root, 'shared/text.ts'));
    await until(() => swaps() === 2, 'it is swapped again', IN_A_MOMENT_MS);
    expect(await say('echo', 'c')).toBe('third c 1');
    client.socket.close();
  });

  it('leaves everything as it is where the bundle does not change', async () => {
    await writeFile(join(root, 'shared/text.ts'), `// A comment.\n${SOURCES['shared/text.ts']}`);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(replaced).toEqual([]);
    expect(told).toEqual([]);
  });

  it('shows a compile error with its place, keeps the old code, and goes on when it is mended', async () => {
    await writeFile(join(root, 'shared/text.ts'), 'export const text = (said: string => said;');
    await until(() => told.length > 0, 'the error is told', IN_A_MOMENT_MS);
    expect(told[0]).toMatch(/^unable to rebuild\n[\s\S]*shared\/text\.ts:1:[\s\S]*The old code stays\.$/);
    expect(replaced).toEqual([]);
    const client = await connect(bench.ws);
    client.socket.send('{"action":"echo","said":"a"}');
    expect(await client.next()).toBe('first a 1');
    await writeFile(join(root, 'shared/text.ts'), `export const text = (said: string) => 'mended ' + said;`);
    await until(() => replaced.length === 1, 'the function is swapped', IN_A_MOMENT_MS);
    client.socket.send('{"action":"echo","said":"b"}');
    expect(await client.next()).toBe('mended b 1');
    client.socket.close();
  });

  it('sees files in folders that are new', async () => {
    await mkdir(join(root, 'shared/deep'));
    await writeFile(join(root, 'shared/deep/word.ts'), `export const word = 'one';`);
    await writeFile(
      join(root, 'shared/text.ts'),
      `import { word } from './deep/word.ts';\nexport const text = (said: string) => word + said;`,
    );
    await until(() => replaced.length >= 1, 'the function is swapped', IN_A_MOMENT_MS);
    const before = replaced.length;
    await writeFile(join(root, 'shared/deep/word.ts'), `export const word = 'two';`);
    await until(() => replaced.length > before, 'it is swapped again', IN_A_MOMENT_MS);
    expect((await readdir(join(root, 'swapped'))).length).toBe(replaced.length);
  });
});
