import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { TableModel } from '../../local/assembly/model.ts';
import { readAssembly } from '../../local/assembly/read-assembly.ts';
import { type OpenDatabase, openDatabase } from '../../local/dynamodb/database.ts';
import { openCheckpoints } from '../../local/streams/checkpoints.ts';
import { type DatabaseRecord, recordConverter } from '../../local/streams/record.ts';
import { shardSource, storedSource } from '../../local/streams/stream-source.ts';
import {
  type SequencedRecord,
  type StreamConsumer,
  type StreamPolling,
  TableStream,
} from '../../local/streams/table-stream.ts';
import { eventually, removeFolders, SAMPLE, startSample, temporaryFolder } from './engine-helper.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(removeFolders);

interface Bench {
  readonly database: OpenDatabase;
  readonly table: TableModel;
  readonly streamArn: string;
  put(sk: string): Promise<unknown>;
}

async function bench(): Promise<Bench> {
  const model = await readAssembly({
    directory: SAMPLE,
    awsEndpoint: 'http://127.0.0.1:1',
    publicHost: '127.0.0.1:2',
  });
  const database = await openDatabase(model, {}, () => {});
  closers.push(() => database.close());
  const [ready] = database.tables;
  if (!ready?.databaseStreamArn) throw new Error('the first table has a stream');
  return {
    database,
    table: ready.model,
    streamArn: ready.databaseStreamArn,
    put: (sk) =>
      database.client.call('PutItem', {
        TableName: ready.model.name,
        Item: { pk: { S: 'p' }, sk: { S: sk } },
      }),
  };
}

/** A reader that keeps what it is given and, unless it is slow, is done with it at once. */
class Reader implements StreamConsumer {
  readonly names: string[] = [];
  safe = 0;
  waiting = 0;
  slow = false;
  isPatient = false;
  deliveries = 0;

  deliver(records: readonly SequencedRecord[]): void {
    this.deliveries += 1;
    this.names.push(...records.map(({ record }) => (record.dynamodb.Keys.sk as { S: string }).S));
    if (!this.slow) this.safe = records.at(-1)?.sequence ?? this.safe;
  }
}

const itemsOf = ({ keys, newImage, oldImage, ...rest }: DatabaseRecord) => ({
  ...rest,
  keys: keys.item,
  newImage: newImage?.item,
  oldImage: oldImage?.item,
});

function read({ database, table }: Bench, polling: StreamPolling, ...readers: Reader[]): TableStream {
  const { store } = database;
  if (!store) throw new Error('the database is ours');
  const stream = new TableStream({
    source: storedSource(table, store),
    table,
    region: 'us-east-1',
    polling,
    log: () => {},
  });
  closers.push(() => stream.close());
  stream.start(readers, 0);
  return stream;
}

describe('the stream of a table', () => {
  it('is read at once when a write is known, for each of its readers, in order', async () => {
    const made = await bench();
    const [first, second] = [new Reader(), new Reader()];
    const stream = read(made, 'immediate', first, second);
    const expected = Array.from({ length: 50 }, (_, index) => `E#${index}`);
    for (const sk of expected) {
      await made.put(sk);
      stream.nudge();
    }
    const waited = performance.now();
    await eventually(
      () => first.names.length,
      (count) => count === 50,
    );
    expect(performance.now() - waited).toBeLessThan(500);
    expect(first.names).toEqual(expected);
    expect(second.names).toEqual(expected);
  });

  it('is read for several writes at once where all its readers wait for others in any case', async () => {
    const made = await bench();
    const reader = new Reader();
    reader.isPatient = true;
    const stream = read(made, 'immediate', reader);
    const expected = Array.from({ length: 10 }, (_, index) => `E#${index}`);
    for (const sk of expected) {
      await made.put(sk);
      stream.nudge();
    }
    await eventually(
      () => reader.names.length,
      (count) => count === 10,
    );
    expect(reader.names).toEqual(expected);
    expect(reader.deliveries).toBeLessThan(5);
  });

  it('is read, if late, when nobody says that it was written', async () => {
    const made = await bench();
    const reader = new Reader();
    read(made, 'immediate', reader);
    await made.put('E#1');
    expect(
      await eventually(
        () => reader.names,
        (names) => names.length > 0,
      ),
    ).toEqual(['E#1']);
  });

  it('is polled four times a second where one asks for AWS’s way', async () => {
    const made = await bench();
    const reader = new Reader();
    const stream = read(made, 'aws', reader);
    // The first look is at the start; what comes right after it waits for the next.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const began = performance.now();
    await made.put('E#1');
    stream.nudge();
    await eventually(
      () => reader.names,
      (names) => names.length > 0,
    );
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(100);
    expect(took).toBeLessThan(2_000);
  });

  it('keeps the records that the slowest reader still needs', async () => {
    const made = await bench();
    const [fast, slow] = [new Reader(), new Reader()];
    slow.slow = true;
    read(made, 'immediate', fast, slow);
    for (let index = 0; index < 5; index += 1) await made.put(`E#${index}`);
    await eventually(
      () => fast.names.length,
      (count) => count === 5,
    );
    const held = () => made.database.store?.read(made.table.name, 0, 100).length ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(held()).toBe(5);
    slow.safe = 3;
    expect(await eventually(held, (count) => count === 2)).toBe(2);
  });

  it('without a reader does not grow', async () => {
    const made = await bench();
    read(made, 'immediate');
    for (let index = 0; index < 5; index += 1) await made.put(`E#${index}`);
    const held = () => made.database.store?.read(made.table.name, 0, 100).length ?? 0;
    expect(await eventually(held, (count) => count === 1)).toBe(1);
  });

  it('stops being read while a reader has too much in hand', async () => {
    const made = await bench();
    const reader = new Reader();
    reader.waiting = 1_000_000;
    const stream = read(made, 'immediate', reader);
    await made.put('E#1');
    stream.nudge();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reader.names).toEqual([]);
    reader.waiting = 0;
    expect(
      await eventually(
        () => reader.names,
        (names) => names.length > 0,
      ),
    ).toEqual(['E#1']);
  });

  it('is the same, read where the records lie or asked for over HTTP', async () => {
    const made = await bench();
    for (let index = 0; index < 5; index += 1) await made.put(`E#${index}`);
    await made.database.client.call('DeleteItem', {
      TableName: made.table.name,
      Key: { pk: { S: 'p' }, sk: { S: 'E#2' } },
    });
    const { store, client } = made.database;
    if (!store) throw new Error('the database is ours');
    const stored = storedSource(made.table, store);
    const asked = await shardSource(client, made.streamArn);
    expect(asked.shardId).toBe(stored.shardId);
    expect(await asked.newest()).toBe(await stored.newest());
    for (const after of [0, 3]) {
      const [one, other] = [
        (await stored.read(after, 100)).map(itemsOf),
        (await asked.read(after, 100)).map(itemsOf),
      ];
      expect(one).toHaveLength(6 - after);
      expect(other).toEqual(one);
    }
    // Goes on from where the last read ended.
    await made.put('E#9');
    const [last] = await asked.read(6, 100);
    expect(last?.keys.item.sk).toEqual({ S: 'E#9' });
  });

  it('is made into text without a look into its items, and the text says what they hold', async () => {
    const made = await bench();
    await made.put('E#"1"');
    const { store } = made.database;
    if (!store) throw new Error('the database is ours');
    const [stored] = await storedSource(made.table, store).read(0, 1);
    if (!stored) throw new Error('one record');
    const record = recordConverter(made.table, 'us-east-1')(stored, true);
    const { dynamodb, ...head } = record;
    const { Keys, NewImage, OldImage, ...numbers } = dynamodb;
    expect(OldImage).toBeUndefined();
    expect(JSON.parse(record.text)).toEqual({ ...head, dynamodb: { ...numbers, Keys, NewImage } });
    expect(NewImage).toMatchObject({ pk: { S: 'p' }, sk: { S: 'E#"1"' } });
    expect(record.userIdentity).toEqual({ type: 'Service', principalId: 'dynamodb.amazonaws.com' });
  });
});

describe('checkpoints', () => {
  it('count as safe only when they are on disk, and are there again', async () => {
    const file = join(await temporaryFolder(), 'checkpoints.json');
    const first = await openCheckpoints(file);
    expect(first.get('reader')).toBeUndefined();
    first.set('reader', 7);
    expect([first.get('reader'), first.saved('reader')]).toEqual([7, 0]);
    expect(
      await eventually(
        () => first.saved('reader'),
        (saved) => saved === 7,
      ),
    ).toBe(7);
    first.set('reader', 9);
    await first.close();
    const second = await openCheckpoints(file);
    expect([second.get('reader'), second.saved('reader')]).toEqual([9, 9]);
    await second.close();
  });

  it('of another program are refused and left as they were', async () => {
    const file = join(await temporaryFolder(), 'checkpoints.json');
    await writeFile(file, 'my notes');
    await expect(openCheckpoints(file)).rejects.toMatchObject({ code: 'database_foreign' });
    expect(await readFile(file, 'utf8')).toBe('my notes');
  });
});

describe('a DynamoDB of one’s own', () => {
  it('serves tables and streams in place of the engine’s', async () => {
    const { database } = await bench();
    // Its tables are there already; the engine takes them as they are.
    const engine = await startSample({ dynamodbEndpoint: database.client.endpoint });
    closers.push(() => engine.close());
    await engine.dynamodb.send(
      new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'own' }, sk: { S: 'E#1' } } }),
    );
    const notes = async () =>
      (await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }))).Items ?? [];
    const found = await eventually(notes, (items) => items.some(({ pk }) => pk?.S?.startsWith('stream ')));
    expect(found.map(({ pk }) => pk?.S?.split(' ')[0]).sort()).toEqual(['custom', 'stream']);
  });

  it('that does not answer is one clear line', async () => {
    await expect(startSample({ dynamodbEndpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'database_failed',
      message: expect.stringMatching(
        /^unable to call DescribeTable; http:\/\/127\.0\.0\.1:9 does not answer/,
      ),
    });
  });
});

describe('a database that dies under load', () => {
  it('fails the calls it had in hand as DynamoDB would, and the stream goes on', async () => {
    const engine = await startSample();
    closers.push(() => engine.close());
    const put = (sk: string) =>
      engine.dynamodb.send(
        new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'p' }, sk: { S: sk } } }),
      );
    await put('E#0');
    const pid = engine.databaseProcessId();
    const writing = Array.from({ length: 60 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 5));
      return put(`E#${index + 1}`).then(() => `E#${index + 1}`);
    });
    setTimeout(() => process.kill(pid ?? 0, 'SIGKILL'), 150);
    // The SDK tries again what failed with 500; all that it reports as written must reach the reader.
    const written = (await Promise.allSettled(writing)).flatMap((r) =>
      r.status === 'fulfilled' ? [r.value] : [],
    );
    expect(written.length).toBeGreaterThan(30);
    const noted = async () => {
      const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
      return Items.flatMap(({ value }) => JSON.parse(value?.S ?? '{}').record?.dynamodb.Keys.sk.S ?? []);
    };
    const seen = await eventually(noted, (names) => written.every((name) => names.includes(name)));
    expect(seen).toEqual(expect.arrayContaining(written));
  });
});
