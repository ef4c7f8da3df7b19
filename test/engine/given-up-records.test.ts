import { describe, expect, it } from 'vitest';
import { failureMessage } from '../../local/streams/failure.ts';
import { backoff } from '../../local/streams/invocation.ts';
import { sequenceNumber } from '../../local/streams/record.ts';
import { records, streamArn } from './stream-record-helper.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:Reader';

describe('word of records that are given up', () => {
  it('has the form of Lambda’s', () => {
    const [first, second] = records('a', 'b').map(({ record }) => record);
    if (!first || !second) throw new Error('two records');
    const message = JSON.parse(
      failureMessage({
        functionArn,
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
        functionArn,
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
