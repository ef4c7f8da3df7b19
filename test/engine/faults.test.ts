import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/faults/plan.ts';
import {
  bundledEnvironment,
  eventually,
  removeFolders,
  type SampleEngine,
  startSample,
} from './engine-helper.ts';
import { type LambdaBench, startLambda } from './lambda-helper.ts';

let engine: SampleEngine;
beforeAll(async () => {
  await bundledEnvironment();
  engine = await startSample();
});
afterEach(() => engine.faults.set(undefined));
afterAll(async () => {
  await engine.close();
  await removeFolders();
});

const tableName = () => engine.model.tables.find(({ streamViewType }) => streamViewType)?.name ?? '';
const functionName = (part: string) =>
  engine.model.functions.find(({ logicalId }) => logicalId.toLowerCase().includes(part))?.name ?? '';

/** Lets the front write an item under a fault; tells whether it could say so, and whether the item is there. */
async function putUnder(fault: Fault, pk: string) {
  engine.faults.set({ seed: 1, faults: [fault] });
  const answered = await engine.post('put', { pk: { S: pk }, sk: { S: '1' } }).then(
    () => true,
    () => false,
  );
  const happened = engine.faults.counts()[0]?.happened ?? 0;
  engine.faults.set(undefined);
  const key = { pk: { S: pk }, sk: { S: '1' } };
  const { Item } = await engine.dynamodb.send(new GetItemCommand({ TableName: tableName(), Key: key }));
  return { answered, stored: Item !== undefined, happened: happened > 0 };
}

describe('a call to DynamoDB', () => {
  const match = { operation: 'PutItem', function: 'front' };
  it.each<[string, Fault, { answered: boolean; stored: boolean }]>([
    [
      'fails before it takes effect',
      { kind: 'error', error: 'InternalServerError', probability: 1, match },
      { answered: false, stored: false },
    ],
    [
      'fails after it took effect: the answer is lost',
      { kind: 'error', error: 'InternalServerError', lost: true, probability: 1, match },
      { answered: false, stored: true },
    ],
    [
      'is throttled once, and is sent again',
      { kind: 'error', error: 'ThrottlingException', probability: 1, count: 1, match },
      { answered: true, stored: true },
    ],
    [
      'is cut off before it takes effect',
      { kind: 'reset', probability: 1, match },
      { answered: false, stored: false },
    ],
    [
      'is cut off after it took effect',
      { kind: 'reset', lost: true, probability: 1, match },
      { answered: false, stored: true },
    ],
    ['is slow', { kind: 'slow', milliseconds: 50, probability: 1, match }, { answered: true, stored: true }],
  ])('%s', async (title, fault, outcome) => {
    expect(await putUnder(fault, `call ${title}`)).toEqual({ ...outcome, happened: true });
  });
});

describe('a function', () => {
  it('dies before its handler runs: nothing is done', async () => {
    const fault = { kind: 'crash', when: 'before', probability: 1, match: { function: 'front' } } as const;
    expect(await putUnder(fault, 'before')).toEqual({ answered: false, stored: false, happened: true });
  });

  it('dies with its answer unsaid: all is done', async () => {
    const fault = { kind: 'crash', when: 'after', probability: 1, match: { function: 'front' } } as const;
    expect(await putUnder(fault, 'after')).toEqual({ answered: false, stored: true, happened: true });
  });

  it('dies at one of its calls, and the next event gets a new environment', async () => {
    const fault = { kind: 'crash', when: 'between', probability: 1, match: { function: 'front' } } as const;
    const cold = () => engine.metrics().functions[functionName('front')]?.coldStarts ?? 0;
    expect(await putUnder(fault, 'between')).toMatchObject({ answered: false, happened: true });
    const before = cold();
    await engine.post('put', { pk: { S: 'between again' }, sk: { S: '1' } });
    expect(cold()).toBeGreaterThan(before);
  });

  it('has its environment killed at any moment', async () => {
    const fault = { kind: 'kill-environment', milliseconds: 0, probability: 1 } as const;
    expect(await putUnder(fault, 'killed')).toMatchObject({ happened: true });
    await engine.post('put', { pk: { S: 'killed again' }, sk: { S: '1' } });
  });
});

describe('the rest', () => {
  it('a batch of a stream that is done with comes again', async () => {
    const reader = functionName('reader');
    const invocations = () => engine.metrics().functions[reader]?.invocations ?? 0;
    const before = invocations();
    engine.faults.set({ seed: 1, faults: [{ kind: 'batch', how: 'repeat', probability: 1, count: 1 }] });
    await engine.post('put', { pk: { S: 'repeated' }, sk: { S: 'E#1' } });
    expect(
      await eventually(
        () => invocations() - before,
        (runs) => runs >= 2,
      ),
    ).toBe(2);
  });

  it('the database is killed, comes back, and holds what it held', async () => {
    const pid = engine.databaseProcessId();
    const held = { pk: { S: 'held' }, sk: { S: '1' } };
    await engine.post('put', held);
    await putUnder({ kind: 'kill-database', probability: 1, count: 1 }, 'killer').catch(() => {});
    await eventually(
      () => engine.databaseProcessId(),
      (now) => now !== pid,
    );
    expect(engine.databaseProcessId()).not.toBe(pid);
    const found = await eventually(
      () =>
        engine.dynamodb.send(new GetItemCommand({ TableName: tableName(), Key: held })).then(
          ({ Item }) => Item,
          () => undefined,
        ),
      (item) => item !== undefined,
    );
    expect(found).toEqual(held);
  });

  it('/_local/faults takes a plan, tells what has happened, and ends it', async () => {
    const address = `${engine.http}/_local/faults`;
    const plan = { seed: 1, faults: [{ kind: 'slow', milliseconds: 1, probability: 1 }] };
    const put = await fetch(address, { method: 'PUT', body: JSON.stringify(plan) });
    expect(await put.json()).toEqual({ plan, counts: [{ kind: 'slow', happened: 0 }] });
    await engine.post('put', { pk: { S: 'slow' }, sk: { S: '1' } });
    const bad = await fetch(address, { method: 'PUT', body: '{"seed":1}' });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toEqual({ message: 'unable to read the fault plan; the plan needs faults' });
    const told = (await (await fetch(address)).json()) as { counts: { happened: number }[] };
    expect(told.counts[0]?.happened).toBeGreaterThan(0);
    await fetch(address, { method: 'DELETE' });
    expect(engine.faults.plan).toBeUndefined();
  });
});

describe('a clock that is stepped', () => {
  let bench: LambdaBench;
  let offset = 0;
  beforeAll(async () => {
    const code = `const kept = Date.now; exports.handler = async () => ({ now: Date.now(), kept: kept(), date: new Date().getTime(),
      text: Date.parse(Date()), at: new Date(5).getTime(), is: new Date() instanceof Date });`;
    bench = await startLambda(
      { clock: { code } },
      { onInvoke: () => ({ clockOffsetMs: offset, dies: () => false }) },
    );
  });
  afterAll(() => bench.close());

  it.each([3_600_000, 0, -3_600_000])(
    'is %i ms ahead in every form of Date, for that event',
    async (ahead) => {
      offset = ahead;
      const outcome = await bench.lambda.invoke('clock', {}, 'RequestResponse');
      const { now, kept, date, text, at, is } = (outcome as { payload: Record<string, number> }).payload;
      for (const time of [now, kept, date, text]) {
        expect(Math.abs((time ?? 0) - Date.now() - ahead)).toBeLessThan(30_000);
      }
      expect({ at, is }).toEqual({ at: 5, is: true });
    },
  );
});
