import { randomUUID } from 'node:crypto';
import type { StreamRecord } from './record.ts';

export type FailureCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface DiscardedBatch {
  readonly functionArn: string;
  readonly condition: FailureCondition;
  readonly attempts: number;
  /** Whether the function itself failed, rather than not being reached. */
  readonly functionFailed: boolean;
  readonly shardId: string;
  readonly streamArn: string;
  readonly records: readonly StreamRecord[];
}

/**
 * What Lambda sends to a failure destination about records that it gives up: where they are, not what they hold.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function failureMessage(batch: DiscardedBatch, now: Date = new Date()): string {
  const { records } = batch;
  const first = records[0]?.dynamodb;
  const last = records.at(-1)?.dynamodb;
  const arrival = (seconds = 0) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  return JSON.stringify({
    requestContext: {
      requestId: randomUUID(),
      functionArn: batch.functionArn,
      condition: batch.condition,
      approximateInvokeCount: batch.attempts,
    },
    ...(batch.attempts > 0 && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        ...(batch.functionFailed && { functionError: 'Unhandled' }),
      },
    }),
    version: '1.0',
    timestamp: now.toISOString(),
    DDBStreamBatchInfo: {
      shardId: batch.shardId,
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first?.ApproximateCreationDateTime),
      approximateArrivalOfLastRecord: arrival(last?.ApproximateCreationDateTime),
      batchSize: records.length,
      streamArn: batch.streamArn,
    },
  });
}
