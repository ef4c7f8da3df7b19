import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventSourceMappingModel } from '../../local/assembly/model.ts';
import type { InvocationOutcome, LambdaService } from '../../local/lambda/service.ts';
import { openCheckpoints } from '../../local/streams/checkpoints.ts';
import { type DiscardedBatch, failureMessage } from '../../local/streams/failure.ts';
import { backoff } from '../../local/streams/invocation.ts';
import { ItemText, recordConverter, type StreamRecord, sequenceNumber } from '../../local/streams/record.ts';
import { StreamMapping } from '../../local/streams/stream-mapping.ts';
import type { SequencedRecord } from '../../local/streams/table-stream.ts';
import { eventually } from './engine-helper.ts';

const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Items/stream/x';
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

const toRecord = recordConverter(
  {
    logicalId: 'Items',
    constructPath: 'Sample/Items',
    name: 'Items',
    arn: 'arn:aws:dynamodb:us-east-1:000000000000:table/Items',
    streamArn,
    streamViewType: 'NEW_AND_OLD_IMAGES',
    createTable: {
      TableName: 'Items',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [],
      KeySchema: [],
    },
  },
  'us-east-1',
);

function recordOf(
  item: string,
  sequence: number,
  { old, ageSeconds = 0 }: { readonly old?: string; readonly ageSeconds?: number } = {},
): SequencedRecord {
  const text = (name: string) => new ItemText(JSON.stringify({ pk: { S: name } }));
  const record = {
    eventName: old === undefined ? ('INSERT' as const) : ('MODIFY' as const),
    keys: text(item),
    newImage: text(item),
    ...(old !== undefined && { oldImage: text(old) }),
    sequenceNumber: String(sequence),
    sizeBytes: 20,
    viewType: 'NEW_AND_OLD_IMAGES' as const,
    createdAt: Math.floor(Date.now() / 1000) - ageSeconds,
    expired: false,
  };
  return { sequence, record: toRecord(record, false) };
}

/** Records of items by name, numbered from one. */
function records(...items: readonly string[]): SequencedRecord[] {
  return items.map((item, index) => recordOf(item, index + 1));
}

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

describe('word of records that are given up', () => {
  it('has the form of Lambda’s', () => {
    const [first, second] = records('a', 'b').map(({ record }) => record);
    if (!first || !second) throw new Error('two records');
    const message = JSON.parse(
      failureMessage({
        functionArn: model.functionArn,
        condition: 'RetryAttemptsExhausted',
        attempts: 3,
        functionFailed: true,
        shardId: 'shardId-1',
        streamArn,
        records: [first, second],
      }),
    );
    expect(message).toEqual({
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: model.functionArn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      DDBStreamBatchInfo: {
        shardId: 'shardId-1',
        startSequenceNumber: sequenceNumber('1'),
        endSequenceNumber: sequenceNumber('2'),
        approximateArrivalOfFirstRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        approximateArrivalOfLastRecord: expect.stringMatching(/Z$/),
        batchSize: 2,
        streamArn,
      },
    });
    expect(JSON.stringify(message)).not.toContain('NewImage');
  });
});

describe('the wait before another attempt', () => {
  it('doubles up to ten seconds', () => {
    const waits = [1, 2, 3, 7, 8, 30].map((attempt) => backoff(attempt, () => 0.5));
    expect(waits).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
  });
});
