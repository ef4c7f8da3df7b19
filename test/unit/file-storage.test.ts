/** The client's storage in Node.js, on real files: what a crash, a full disk, a denied folder and a second process do to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../client/index.ts';
import { fileStorage } from '../../client/node/file-storage.ts';
import { FakeService } from '../helper/fake-service.ts';

const WRITER = join(import.meta.dirname, '../helper/storage-writer.ts');
/** One write of so much takes a while. */
const MANY_BYTES = 2_000_000;
/** Blocks of 1,024 bytes that a process may write to a file: a disk that takes no more. */
const FEW_BLOCKS = 64;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Written {
  readonly name: string;
  readonly round: number;
  readonly text: string;
}

interface Writer {
  readonly child: ChildProcess;
  readonly told: string[];
  /** Its exit code and signal, once it has ended and all that it said was heard. */
  readonly end: Promise<unknown[]>;
  begin(): void;
}

/** A process that is ready to write. */
async function writer(
  name: string,
  { times, bytes, blocks = 'unlimited' }: { times: number; bytes: number; blocks?: number | 'unlimited' },
): Promise<Writer> {
  const command = `ulimit -f ${blocks}; exec "$0" --import tsx "$@"`;
  const given = [WRITER, folder, name, String(times), String(bytes)];
  const child = spawn('bash', ['-c', command, process.execPath, ...given], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const end = once(child, 'close');
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      told.push(...text.trim().split('\n'));
      if (told.includes('ready')) resolve();
    });
  });
  return { child, told, end, begin: () => child.stdin?.write('begin') };
}

const isWhole = (value: unknown, bytes: number): boolean => {
  const { name, text } = value as Written;
  return text === name.repeat(bytes);
};
/** A busy machine takes its time. */
const PATIENCE = { timeout: 10_000 };
const halves = async () => (await readdir(folder)).filter((name) => name.includes(' '));

describe('the storage of files', () => {
  it('keeps values by key, for its owner alone, and gives those of a prefix in order', async () => {
    const below = join(folder, 'of/a bot');
    const storage = await fileStorage(below);
    const keys = ['outbox/alice/02', 'outbox/alice/01', 'cache/alice/room/général 100%', 'session'];
    for (const key of keys) await storage.set(key, { key });
    const again = await fileStorage(below);
    expect(await again.list('outbox/')).toEqual([
      ['outbox/alice/01', { key: 'outbox/alice/01' }],
      ['outbox/alice/02', { key: 'outbox/alice/02' }],
    ]);
    expect((await again.list('')).map(([key]) => key)).toEqual([...keys].sort());
    expect(await again.get('cache/alice/room/général 100%')).toEqual({
      key: 'cache/alice/room/général 100%',
    });
    await again.delete('session');
    await again.delete('session');
    expect(await storage.get('session')).toBeUndefined();
    expect((await stat(below)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(below)) expect((await stat(join(below, name))).mode & 0o777).toBe(0o600);
  });

  it('holds the old value or the new, whole, whenever the process that writes is killed', async () => {
    for (let life = 1; life <= 3; life++) {
      const { child, end, begin } = await writer(`${life}`, { times: 1_000, bytes: MANY_BYTES });
      begin();
      // The first is there once the second is being written.
      await expect
        .poll(async () => (await (await fileStorage(folder)).list('own/')).length, PATIENCE)
        .toBe(life);
      child.kill('SIGKILL');
      await end;
      const storage = await fileStorage(folder);
      const values = await storage.list('');
      expect(values.map(([key]) => key)).toEqual([
        ...Array.from({ length: life }, (_, index) => `own/${index + 1}`),
        'shared',
      ]);
      for (const [, value] of values) expect(isWhole(value, MANY_BYTES)).toBe(true);
    }
    // What they left half done goes, once nobody can be writing it any more.
    await writeFile(join(folder, 'session 7-1'), '{"refreshToken":"ha');
    const long = new Date(Date.now() - 3_600_000);
    for (const name of await halves()) await utimes(join(folder, name), long, long);
    await fileStorage(folder);
    expect(await halves()).toEqual([]);
  }, 30_000);

  it('gives nothing for what is torn all the same, and takes a new value', async () => {
    await writeFile(join(folder, 'session'), '{"user":{"user":"ali');
    const storage = await fileStorage(folder);
    expect(await storage.get('session')).toBeUndefined();
    await storage.set('session', { user: 'alice' });
    expect(await storage.get('session')).toEqual({ user: 'alice' });
  });

  it('is never torn by two processes that write the same', async () => {
    const rounds = { times: 60, bytes: 20_000 };
    const storage = await fileStorage(folder);
    const writers = await Promise.all(['a', 'b'].map((name) => writer(name, rounds)));
    const ends = writers.map(({ end }) => end);
    for (const { begin } of writers) begin();
    let isOver = false;
    void Promise.all(ends).then(() => {
      isOver = true;
    });
    while (!isOver) {
      const value = await storage.get('shared');
      if (value === undefined) continue;
      expect(isWhole(value, rounds.bytes)).toBe(true);
    }
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);
    for (const { told } of writers) expect(told).toEqual(['ready']);
    for (const name of ['a', 'b'])
      expect(await storage.get(`own/${name}`)).toMatchObject({ name, round: rounds.times });
    expect(await halves()).toEqual([]);
  }, 30_000);

  it('refuses what the disk does not take, leaves nothing of it, and keeps what was there', async () => {
    const storage = await fileStorage(folder);
    await storage.set('shared', { name: 'before', text: 'before', round: 0 });
    const { told, end, begin } = await writer('x', { times: 2, bytes: MANY_BYTES, blocks: FEW_BLOCKS });
    begin();
    await end;
    expect(told).toEqual(['ready', 'EFBIG', 'EFBIG', 'EFBIG', 'EFBIG']);
    expect(await readdir(folder)).toEqual(['shared']);
    expect(await storage.get('shared')).toMatchObject({ name: 'before' });
  }, 30_000);

  it('that is denied is said by the client, and what can be kept outlives it', async () => {
    const service = new FakeService();
    const file = join(folder, 'a file');
    await writeFile(file, '');
    const visit = async (path: string) => {
      const openStorage = () => fileStorage(path);
      const parley = connect({ url: 'http://parley.test', platform: service.platform({ openStorage }) });
      await parley.ready;
      return parley;
    };
    const denied = await visit(join(file, 'below'));
    expect(denied.storage.getSnapshot()).toMatchObject({
      kind: 'memory',
      reason: expect.stringContaining('ENOTDIR'),
    });
    const entered = denied.login({ username: 'alice', password: 'long enough' });
    await expect
      .poll(() => service.clock.pass(10).then(() => denied.state.getSnapshot().status), PATIENCE)
      .toBe('online');
    expect((await entered).user).toBe('alice');
    await denied.close();

    const kept = join(folder, 'kept');
    const first = await visit(kept);
    await Promise.all([first.login({ username: 'alice', password: 'long enough' }), service.clock.pass(10)]);
    await expect
      .poll(() => service.clock.pass(10).then(() => first.state.getSnapshot().status), PATIENCE)
      .toBe('online');
    service.isUp = false;
    service.socket.cut();
    first.room('general').send('written offline');
    await expect
      .poll(async () => (await (await fileStorage(kept)).list('outbox/alice/')).length, PATIENCE)
      .toBe(1);
    await first.close();
    const second = await visit(kept);
    expect(second.storage.getSnapshot()).toEqual({ kind: 'persistent' });
    expect(second.session.getSnapshot()?.user.user).toBe('alice');
    expect(second.outbox.getSnapshot()).toMatchObject([{ text: 'written offline', status: 'pending' }]);
    await second.close();
  }, 30_000);
});
