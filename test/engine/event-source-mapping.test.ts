import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventSourceMappingModel } from '../../local/assembly/model.ts';
import type { InvocationOutcome, LambdaService } from '../../local/lambda/service.ts';
import { openCheckpoints } from '../../local/streams/checkpoints.ts';
import type { DiscardedBatch } from '../../local/streams/failure.ts';
import { type StreamRecord, sequenceNumber } from '../../local/streams/record.ts';
import { StreamMapping } from '../../local/streams/stream-mapping.ts';
import { eventually } from './engine-helper.ts';
import { recordOf, records, streamArn } from './stream-record-helper.ts';

const model: EventSourceMappingModel = {
  logicalId: 'Mapping',
  constructPath: 'Sample/Mapping',
  uuid: 'mapping',
  functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Reader',
  source: { kind: 'stream', tableName: 'Items', streamArn },
  enabled: true,
  batchSize: 10,
  batchingWindowSeconds: 0,
  startingPosition: 'TRIM_HORIZON',
  parallelizationFactor: 1,
  bisectBatchOnFunctionError: false,
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
  reportBatchItemFailures: true,
  filters: [],
};

type Answer = (batch: readonly StreamRecord[], call: number) => unknown;
const failure: InvocationOutcome = { ok: false, kind: 'error', errorType: 'Error', errorMessage: 'no' };
const throttle: InvocationOutcome = {
  ok: false,
  kind: 'throttled',
  errorType: 'Rate',
  errorMessage: 'Exceeded',
};
const open: StreamMapping[] = [];

/** A mapping on a function that answers as told: a value, or an outcome of its own. */
async function mapping(overrides: Partial<EventSourceMappingModel>, answer: Answer) {
  const batches: string[][] = [];
  const discarded: DiscardedBatch[] = [];
  const checkpoints = await openCheckpoints();
  const lambda: LambdaService = {
    async invoke(_name, event) {
      const { Records } = event as { Records: StreamRecord[] };
      batches.push(Records.map(nameOf));
      const value = await answer(Records, batches.length);
      return typeof value === 'object' && value !== null && 'ok' in value
        ? (value as InvocationOutcome)
        : { ok: true, payload: value };
    },
    close: async () => {},
  };
  const consumer = new StreamMapping(
    {
      mapping: { ...model, ...overrides },
      lambda,
      checkpoints,
      shardId: () => 'shard',
      discard: async (batch) => {
        discarded.push(batch);
      },
      log: () => {},
    },
    0,
  );
  open.push(consumer);
  return {
    consumer,
    batches,
    discarded,
    done: () =>
      eventually(
        () => consumer.waiting,
        (n) => n === 0,
      ),
    checkpoints,
  };
}

const nameOf = (record: StreamRecord) => (record.dynamodb.Keys.pk as { S: string }).S;
const fails = (...identifiers: string[]) => ({
  batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })),
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((consumer) => consumer.close()));
});

describe('an event source mapping on a stream', () => {
  it('gives batches of the size it is told, in order', async () => {
    const { consumer, batches, done } = await mapping({ batchSize: 2 }, () => undefined);
    consumer.deliver(records('a', 'b', 'c', 'd', 'e'));
    await done();
    expect(batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('waits for its window to fill a batch', async () => {
    const { consumer, batches, done } = await mapping(
      { batchingWindowSeconds: 0.1, batchSize: 3 },
      () => undefined,
    );
    const [a, b, c, d] = records('a', 'b', 'c', 'd');
    if (!a || !b || !c || !d) throw new Error('four records');
    consumer.deliver([a]);
    consumer.deliver([b]);
    expect(batches).toEqual([]);
    consumer.deliver([c, d]);
    expect(
      await eventually(
        () => batches.length,
        (n) => n > 0,
      ),
    ).toBe(1);
    await done();
    expect(batches).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('rests after a batch, so that what came meanwhile shares the next one', async () => {
    const { consumer, batches, done } = await mapping({}, () => sleep(15));
    for (const record of records('a', 'b', 'c', 'd', 'e', 'f')) {
      consumer.deliver([record]);
      await sleep(7);
    }
    await done();
    // The first waits for nothing; its batch and the rest after it take 45 ms at least.
    expect(batches[0]).toEqual(['a']);
    expect(batches.length).toBeLessThanOrEqual(3);
    expect(batches.flat()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('gives a full batch at once, and rests only before one that may get fuller', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const { consumer, batches, done } = await mapping({ batchSize: 3 }, async () => {
      begun.push(performance.now());
      await sleep(25);
      ended.push(performance.now());
    });
    consumer.deliver(records('a', 'b', 'c', 'd', 'e', 'f', 'g'));
    await done();
    expect(batches).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    const pauseBefore = (batch: number) => (begun[batch] ?? 0) - (ended[batch - 1] ?? 0);
    expect(pauseBefore(1)).toBeLessThan(pauseBefore(2));
  });

  it('gives only what its filters let through, and is done with the rest', async () => {
    const filters = [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'x' }] } } } }];
    const { consumer, batches, checkpoints } = await mapping({ filters }, () => undefined);
    consumer.deliver(records('a', 'x1', 'b'));
    expect(
      await eventually(
        () => checkpoints.get('mapping'),
        (n) => n === 3,
      ),
    ).toBe(3);
    expect(batches).toEqual([['x1']]);
  });

  it('knows no record of a write that changed nothing', async () => {
    const { consumer, batches, done } = await mapping({}, () => undefined);
    consumer.deliver([
      recordOf('a', 1),
      recordOf('a', 2, { old: 'a' }),
      recordOf('b', 3, { old: 'a' }),
      recordOf('b', 4, { old: 'bb' }),
    ]);
    await done();
    expect(batches.flat()).toEqual(['a', 'b', 'b']);
  });

  it('keeps the order of each item at any parallelization factor', async () => {
    const seen = new Map<string, string[]>();
    let running = 0;
    let most = 0;
    const { consumer, done } = await mapping({ parallelizationFactor: 10, batchSize: 3 }, async (batch) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      for (const record of batch) {
        const item = nameOf(record);
        seen.set(item, [...(seen.get(item) ?? []), record.dynamodb.SequenceNumber]);
      }
      running -= 1;
    });
    consumer.deliver(records(...Array.from({ length: 300 }, (_, index) => `item ${(index * 7) % 20}`)));
    await done();
    expect(most).toBeGreaterThan(2);
    expect(seen.size).toBe(20);
    for (const sequence of seen.values()) {
      expect(sequence).toHaveLength(15);
      expect(sequence).toEqual([...sequence].sort());
    }
  });

  it('keeps its checkpoint before the first record that is not done with', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { consumer, checkpoints, done } = await mapping(
      { parallelizationFactor: 10, batchSize: 1 },
      async ([record]) => {
        if (record && nameOf(record) === 'slow') await held;
      },
    );
    consumer.deliver(records('a', 'slow', 'b', 'c', 'd'));
    await eventually(
      () => consumer.waiting,
      (n) => n === 1,
    );
    expect(checkpoints.get('mapping')).toBe(1);
    release();
    await done();
    expect(checkpoints.get('mapping')).toBe(5);
  });

  it('gives a failed batch again and again while its attempts last', async () => {
    const { consumer, batches, discarded, done } = await mapping({ maximumRetryAttempts: 2 }, () => failure);
    consumer.deliver(records('a', 'b'));
    await done();
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(discarded).toMatchObject([{ condition: 'RetryAttemptsExhausted', attempts: 3 }]);
    expect(discarded[0]?.records.map(nameOf)).toEqual(['a', 'b']);
  });

  it('takes the next batch only when the failed one is done with', async () => {
    const { consumer, batches, done } = await mapping({ batchSize: 1 }, (_batch, call) =>
      call < 3 ? failure : undefined,
    );
    consumer.deliver(records('a', 'b'));
    await done();
    expect(batches).toEqual([['a'], ['a'], ['a'], ['b']]);
  });

  it('does not count a throttle as an attempt', async () => {
    const { consumer, batches, discarded, done } = await mapping(
      { maximumRetryAttempts: 0 },
      (_batch, call) => (call < 3 ? throttle : undefined),
    );
    consumer.deliver(records('a'));
    await done();
    expect(batches).toHaveLength(3);
    expect(discarded).toEqual([]);
  });

  it('goes on from the first item that the function reports', async () => {
    const second = sequenceNumber('2');
    const { consumer, batches, done } = await mapping({}, (_batch, call) =>
      call === 1 ? fails(second) : fails(),
    );
    consumer.deliver(records('a', 'b', 'c'));
    await done();
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
  });

  it('goes on from the lowest of several reported items', async () => {
    const { consumer, batches, done } = await mapping({}, (_batch, call) =>
      call === 1 ? fails(sequenceNumber('3'), sequenceNumber('2')) : null,
    );
    consumer.deliver(records('a', 'b', 'c'));
    await done();
    expect(batches[1]).toEqual(['b', 'c']);
  });

  it.each([
    ['an identifier that is not in the batch', fails('7')],
    ['an empty identifier', fails('')],
    ['an item without an identifier', { batchItemFailures: [{}] }],
    ['a list that is none', { batchItemFailures: 'all' }],
    ['a text', 'oops'],
  ])('takes %s for the failure of the whole batch', async (_name, answer) => {
    const { consumer, batches, done } = await mapping({}, (_batch, call) =>
      call === 1 ? answer : undefined,
    );
    consumer.deliver(records('a', 'b'));
    await done();
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('overlooks reported items where the mapping does not ask for them', async () => {
    const { consumer, batches, done } = await mapping({ reportBatchItemFailures: false }, () =>
      fails(sequenceNumber('1')),
    );
    consumer.deliver(records('a'));
    await done();
    expect(batches).toHaveLength(1);
  });

  it('splits a failing batch until the bad record is alone, and gives that one up', async () => {
    const poisoned = (batch: readonly StreamRecord[]) =>
      batch.some((r) => nameOf(r) === 'bad') ? failure : undefined;
    const { consumer, batches, discarded, done, checkpoints } = await mapping(
      { bisectBatchOnFunctionError: true, maximumRetryAttempts: 1 },
      poisoned,
    );
    consumer.deliver(records('a', 'b', 'bad', 'd', 'e'));
    await done();
    expect(discarded.map(({ records: given }) => given.map(nameOf))).toEqual([['bad']]);
    const succeeded = batches.filter((batch) => !batch.includes('bad')).flat();
    expect(succeeded).toEqual(['a', 'b', 'd', 'e']);
    expect(batches.filter((batch) => batch.join() === 'bad')).toHaveLength(2);
    expect(checkpoints.get('mapping')).toBe(5);
  });

  it('gives up records that are too old, without the function', async () => {
    const { consumer, batches, discarded, done } = await mapping(
      { maximumRecordAgeSeconds: 60 },
      () => undefined,
    );
    consumer.deliver([recordOf('old', 1, { ageSeconds: 61 }), recordOf('fresh', 2)]);
    await done();
    expect(batches).toEqual([['fresh']]);
    expect(discarded).toMatchObject([{ condition: 'RecordAgeExceeded', attempts: 0 }]);
  });

  it('begins after its checkpoint', async () => {
    const { consumer, batches, done } = await mapping({}, () => undefined);
    const all = records('a', 'b', 'c');
    consumer.deliver(all.slice(0, 2));
    await done();
    consumer.deliver(all);
    await done();
    expect(batches).toEqual([['a', 'b'], ['c']]);
  });
});
