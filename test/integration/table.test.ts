import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConditionFailed, type Table } from '../../shared/data/table.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';

let database: Database;
let table: Table;
let witness: DynamoDBClient;
let now = Date.parse('2026-11-20T10:00:00.000Z');

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  table = database.tables(() => now).chat;
  witness = new DynamoDBClient({
    endpoint: database.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterAll(async () => {
  witness?.destroy();
  await database?.stop();
});

describe('the table client', () => {
  it('stores what AWS’s own client reads, and reads what it stores', async () => {
    const text = '\u0000 naïve 😀 \u202e <b>';
    await table.put({ pk: 'a', sk: '1', text, n: 7, list: ['x'], none: undefined });
    const Key = { pk: { S: 'a' }, sk: { S: '1' } };
    const seen = await witness.send(new GetItemCommand({ TableName: CHAT_TABLE_NAME, Key }));
    expect(seen.Item).toEqual({ ...Key, text: { S: text }, n: { N: '7' }, list: { L: [{ S: 'x' }] } });
    const Item = { pk: { S: 'a' }, sk: { S: '2' }, on: { BOOL: true } };
    await witness.send(new PutItemCommand({ TableName: CHAT_TABLE_NAME, Item }));
    expect(await table.get({ pk: 'a', sk: '2' })).toEqual({ pk: 'a', sk: '2', on: true });
    expect(await table.get({ pk: 'a', sk: 'none' })).toBeUndefined();
  });

  it('tells a failed condition with the item as it stood', async () => {
    const free = { condition: 'attribute_not_exists(pk)' };
    await table.put({ pk: 'b', sk: '1', owner: 'alice' }, free);
    const failure = await table
      .put({ pk: 'b', sk: '1', owner: 'bob' }, free)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConditionFailed);
    expect(failure).toMatchObject({ item: { owner: 'alice' } });
    const missing = table.update(
      { pk: 'b', sk: '2' },
      { update: 'SET x = :x', condition: 'attribute_exists(pk)', values: { ':x': 1 } },
    );
    await expect(missing).rejects.toMatchObject({ name: 'ConditionFailed', item: undefined });
  });

  it('gives back what an update and a delete ask for', async () => {
    await table.put({ pk: 'c', sk: '1', n: 1 });
    const updated = await table.update(
      { pk: 'c', sk: '1' },
      { update: 'SET n = n + :one', values: { ':one': 1 }, returns: 'ALL_NEW' },
    );
    expect(updated).toEqual({ pk: 'c', sk: '1', n: 2 });
    expect(await table.delete({ pk: 'c', sk: '1' })).toEqual({ pk: 'c', sk: '1', n: 2 });
    expect(await table.delete({ pk: 'c', sk: '1' })).toBeUndefined();
  });

  it('leaves out what has expired, wherever it reads', async () => {
    const seconds = Math.floor(now / 1000);
    await table.batchWrite({
      puts: [
        { pk: 'd', sk: '1', expiresAt: seconds + 60 },
        { pk: 'd', sk: '2', expiresAt: seconds },
        { pk: 'd', sk: '3' },
      ],
    });
    const keys = ['1', '2', '3'].map((sk) => ({ pk: 'd', sk }));
    const query = { where: 'pk = :pk', values: { ':pk': 'd' } };
    expect((await table.queryAll(query)).map((item) => item.sk)).toEqual(['1', '3']);
    expect((await table.batchGet(keys)).map((item) => item.sk).toSorted()).toEqual(['1', '3']);
    expect(await table.get({ pk: 'd', sk: '2' })).toBeUndefined();
    now += 61_000;
    expect(await table.get({ pk: 'd', sk: '1' })).toBeUndefined();
  });

  it('pages, in both directions', async () => {
    const puts = Array.from({ length: 60 }, (_, i) => ({ pk: 'e', sk: String(i).padStart(2, '0') }));
    await table.batchWrite({ puts });
    const query = { where: 'pk = :pk', values: { ':pk': 'e' }, limit: 25 };
    const first = await table.query(query);
    expect(first.items).toHaveLength(25);
    const second = await table.query({ ...query, ...(first.next ? { from: first.next } : {}) });
    expect(second.items[0]?.sk).toBe('25');
    expect(await table.queryAll(query)).toHaveLength(60);
    expect((await table.query({ ...query, descending: true, limit: 1 })).items[0]?.sk).toBe('59');
  });

  it('takes batches of any size, and reads and deletes as many', async () => {
    const keys = Array.from({ length: 130 }, (_, i) => ({ pk: 'f', sk: String(i) }));
    await table.batchWrite({ puts: keys.map((key) => ({ ...key, n: 1 })) });
    expect(await table.batchGet(keys)).toHaveLength(130);
    await table.batchWrite({ deletes: keys });
    expect(await table.batchGet(keys)).toHaveLength(0);
  });
});
