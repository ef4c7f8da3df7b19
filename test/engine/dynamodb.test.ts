import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'libsql';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { AssemblyModel } from '../../local/assembly/model.ts';
import { readAssembly } from '../../local/assembly/read-assembly.ts';
import { findDatabaseBinary } from '../../local/dynamodb/binary.ts';
import { type OpenDatabase, openDatabase } from '../../local/dynamodb/database.ts';
import { ExpirySweeper } from '../../local/dynamodb/expiry.ts';
import {
  changedSample,
  eventually,
  removeFolders,
  SAMPLE,
  type Template,
  temporaryFolder,
} from './engine-helper.ts';

const opened: OpenDatabase[] = [];

async function sample(change?: (template: Template) => void): Promise<AssemblyModel> {
  const directory = change ? await changedSample(change) : SAMPLE;
  return readAssembly({ directory, awsEndpoint: 'http://127.0.0.1:1', publicHost: '127.0.0.1:2' });
}

async function open(dataDirectory?: string, model?: AssemblyModel): Promise<OpenDatabase> {
  const options = dataDirectory === undefined ? {} : { dataDirectory };
  const database = await openDatabase(model ?? (await sample()), options, () => {});
  opened.push(database);
  return database;
}

const put = (database: OpenDatabase, sk: string, more = {}) =>
  database.client.call('PutItem', {
    TableName: 'Sample-Items',
    Item: { pk: { S: 'p' }, sk: { S: sk }, ...more },
  });
const get = (database: OpenDatabase, sk: string) =>
  database.client.call<{ Item?: unknown }>('GetItem', {
    TableName: 'Sample-Items',
    Key: { pk: { S: 'p' }, sk: { S: sk } },
  });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
});
afterAll(removeFolders);

describe('the database', () => {
  it('has the tables of the stack, with stream and TTL', async () => {
    const { client, tables } = await open();
    expect(tables.map(({ model, created }) => [model.name, created])).toEqual([
      ['Sample-Items', true],
      ['Sample-Done', true],
    ]);
    expect(tables[0]?.databaseStreamArn).toMatch(/Sample-Items\/stream/);
    const ttl = await client.call('DescribeTimeToLive', { TableName: 'Sample-Items' });
    expect(ttl).toEqual({
      TimeToLiveDescription: { AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' },
    });
  });

  it('leaves neither process nor folder behind', async () => {
    const database = await open();
    const pid = database.process?.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(database.data.path)).toBe(true);
    await database.close();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(database.data.path)).toBe(false);
  });

  it('is gone, with its folder, when the engine is killed without a chance to end it', async () => {
    const engine = spawn(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'fixtures/hold-database.ts'), SAMPLE],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const line = await new Promise<string>((resolve) =>
      engine.stdout.once('data', (data) => resolve(String(data))),
    );
    const { pid, folder } = JSON.parse(line);
    expect(isAlive(pid)).toBe(true);
    engine.kill('SIGKILL');
    expect(
      await eventually(
        () => isAlive(pid) || existsSync(folder),
        (there) => !there,
      ),
    ).toBe(false);
  });

  it('comes back with all that was written when it is killed', async () => {
    const database = await open();
    await put(database, 'before');
    const { pid = 0 } = database.process ?? {};
    process.kill(pid, 'SIGKILL');
    const found = await eventually(
      () => get(database, 'before').catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(found).toHaveProperty('Item');
    expect(database.process?.pid).not.toBe(pid);
    await put(database, 'after');
    expect(database.store?.read('Sample-Items', 0, 10)).toHaveLength(2);
    await database.close();
    expect(existsSync(database.data.path)).toBe(false);
  });

  it('keeps items in a folder of one’s own', async () => {
    const folder = join(await temporaryFolder(), 'made', 'for it');
    const first = await open(folder);
    await put(first, 'kept');
    await first.close();
    const second = await open(folder);
    expect(second.tables.every(({ created }) => !created)).toBe(true);
    expect(await get(second, 'kept')).toEqual({ Item: { pk: { S: 'p' }, sk: { S: 'kept' } } });
    expect((await stat(folder)).mode & 0o077).toBe(0);
  });

  it('refuses a folder that another engine uses, and takes one that a killed engine left', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({
      code: 'data_locked',
      message: expect.stringContaining(`process id ${process.pid}`),
    });
    await first.close();
    // A process id that was in use a moment ago and is no more.
    const { pid } = await new Promise<{ pid: number }>((resolve) => {
      const child = execFile('true', () => resolve({ pid: child.pid ?? 0 }));
    });
    await writeFile(join(folder, 'engine.lock'), String(pid));
    await put(await open(folder), 'taken over');
  });

  it('refuses kept tables that do not fit the stack, and changes nothing', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    await put(first, 'kept');
    await first.close();
    const changed = await sample(({ Resources }) => {
      const indexes = Resources.Items?.Properties.GlobalSecondaryIndexes as { IndexName: string }[];
      for (const index of indexes) index.IndexName = 'byColour';
    });
    await expect(open(folder, changed)).rejects.toMatchObject({
      code: 'schema_changed',
      message: expect.stringMatching(
        /Sample-Items .*indexes are byOwner \(owner S HASH\), the stack declares byColour/,
      ),
    });
    expect(await get(await open(folder), 'kept')).toHaveProperty('Item');
  });

  it.each([
    ['a text', 'notes.txt', async (file: string) => writeFile(file, 'my notes\n')],
    [
      'another program’s database',
      'mail.db',
      async (file: string) => {
        const database = new Database(file);
        database.exec('CREATE TABLE mails (id INTEGER PRIMARY KEY, subject TEXT)');
        database.close();
      },
    ],
  ])('refuses %s in place of its file, and leaves it as it was', async (_name, _from, make) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'dynamodb.sqlite');
    await make(file);
    const before = await readFile(file);
    await expect(open(folder)).rejects.toMatchObject({ code: 'database_foreign' });
    expect(await readFile(file)).toEqual(before);
    expect(await readdir(folder)).toEqual(['dynamodb.sqlite']);
  });

  it('refuses a file in place of the folder', async () => {
    const file = join(await temporaryFolder(), 'data');
    await writeFile(file, '');
    await expect(open(file)).rejects.toMatchObject({
      code: 'database_foreign',
      message: expect.stringContaining('a file, not a folder'),
    });
  });

  it('says what to install where there is none', async () => {
    const folder = await temporaryFolder();
    const script = `
      import { findDatabaseBinary } from ${JSON.stringify(join(import.meta.dirname, '../../local/dynamodb/binary.ts'))};
      Object.defineProperty(process, 'platform', { value: 'plan9' });
      findDatabaseBinary({ PATH: ${JSON.stringify(folder)} }).catch((e) => console.log(e.code, e.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(stdout).toMatch(
      /^database_missing unable to start the database; .*npm install --no-save @dynoxide\/plan9-/,
    );
  });

  it('is found on PATH where the package is not installed', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'bin'));
    const binary = join(folder, 'bin', 'dynoxide');
    await writeFile(binary, '#!/bin/sh\n', { mode: 0o755 });
    const script = `
      import { findDatabaseBinary } from ${JSON.stringify(join(import.meta.dirname, '../../local/dynamodb/binary.ts'))};
      Object.defineProperty(process, 'arch', { value: 'z80' });
      findDatabaseBinary({ PATH: ${JSON.stringify(`/nowhere:${join(folder, 'bin')}`)} }).then(console.log);`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(stdout.trim()).toBe(binary);
    expect(await findDatabaseBinary()).toMatch(/@dynoxide/);
  });
});

describe('the records of a stream', () => {
  it('are numbered by an index, however many there are', async () => {
    const { data } = await open();
    const database = new Database(data.databaseFile);
    const plan = database
      .prepare(
        'EXPLAIN QUERY PLAN SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?',
      )
      .all('Sample-Items');
    database.close();
    expect(JSON.stringify(plan)).toContain('engine_stream_by_table');
  });

  it('go when they are done with, but for the newest, and numbers never come twice', async () => {
    const { store, client, ...database } = await open();
    const sequences = () => store?.read('Sample-Items', 0, 100).map((r) => Number(r.sequence_number));
    for (let index = 0; index < 5; index += 1) await put({ client, store, ...database }, `E#${index}`);
    expect(sequences()).toEqual([1, 2, 3, 4, 5]);
    store?.trim('Sample-Items', 3);
    expect(sequences()).toEqual([4, 5]);
    store?.trim('Sample-Items', 5);
    expect(sequences()).toEqual([5]);
    await put({ client, store, ...database }, 'E#5');
    expect(sequences()).toEqual([5, 6]);
    expect(store?.newest('Sample-Items')).toBe(6);
  });
});

describe('expired items', () => {
  const past = String(Math.floor(Date.now() / 1000) - 100);
  const future = String(Math.floor(Date.now() / 1000) + 100);
  const ancient = String(Math.floor(Date.now() / 1000) - 6 * 365 * 86_400);

  it('are deleted, and nothing else is', async () => {
    const model = await sample();
    const database = await open(undefined, model);
    await put(database, 'expired', { expiresAt: { N: past } });
    await put(database, 'living', { expiresAt: { N: future } });
    await put(database, 'older than five years', { expiresAt: { N: ancient } });
    await put(database, 'no number', { expiresAt: { S: past } });
    await put(database, 'without');
    const deleted: string[] = [];
    const expected: unknown[] = [];
    const sweeper = new ExpirySweeper({
      client: database.client,
      tables: model.tables,
      listenerOf: () => ({ expectExpiry: (keys) => expected.push(keys), forgetExpiry: () => expected.pop() }),
      onDelete: (table) => deleted.push(table),
      log: () => {},
    });
    await sweeper.sweep();
    const { Items } = await database.client.call<{ Items: { sk: { S: string } }[] }>('Scan', {
      TableName: 'Sample-Items',
    });
    expect(Items.map(({ sk }) => sk.S).sort()).toEqual([
      'living',
      'no number',
      'older than five years',
      'without',
    ]);
    expect(deleted).toEqual(['Sample-Items']);
    expect(expected).toEqual([{ pk: { S: 'p' }, sk: { S: 'expired' } }]);
  });

  it('stay when they were given more time after the sweeper saw them', async () => {
    const model = await sample();
    const database = await open(undefined, model);
    await put(database, 'renewed', { expiresAt: { N: past } });
    const { client } = database;
    const marks: string[] = [];
    const sweeper = new ExpirySweeper({
      client: Object.assign(Object.create(client), {
        // Between the sweeper's look and its deletion the item is renewed.
        async call(operation: string, input: unknown) {
          if (operation === 'DeleteItem') await put(database, 'renewed', { expiresAt: { N: future } });
          return client.call(operation, input);
        },
      }),
      tables: model.tables,
      listenerOf: () => ({
        expectExpiry: () => marks.push('expect'),
        forgetExpiry: () => marks.push('forget'),
      }),
      onDelete: () => marks.push('deleted'),
      log: () => {},
    });
    await sweeper.sweep();
    expect(await get(database, 'renewed')).toHaveProperty('Item');
    expect(marks).toEqual(['expect', 'forget']);
  });
});
