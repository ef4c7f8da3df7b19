/**
 * What a reader of a stream gave up. Lambda says where the records are, not what they hold: the stream has them for 24 hours.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
import {
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { z } from 'zod';

const GivenUp = z.object({
  requestContext: z.object({ functionArn: z.string(), condition: z.string() }),
  timestamp: z.string(),
  DDBStreamBatchInfo: z.object({
    shardId: z.string(),
    startSequenceNumber: z.string(),
    endSequenceNumber: z.string(),
    batchSize: z.number(),
    streamArn: z.string(),
  }),
});
export type GivenUp = z.infer<typeof GivenUp>;

/** A record of a stream, as the settler takes it: the fields that it reads. */
export interface StreamRecord {
  readonly eventName?: string | undefined;
  readonly dynamodb?:
    | {
        readonly SequenceNumber?: string | undefined;
        readonly Keys?: Readonly<Record<string, unknown>> | undefined;
        readonly NewImage?: Readonly<Record<string, unknown>> | undefined;
        readonly OldImage?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
  readonly userIdentity?: unknown;
}

/** Pages of a shard that are read for one batch: what lies between its records, other items' writes, comes along. */
const MAX_PAGES = 200;

/** What a message of the failure queue says; undefined where it is none of Lambda's. */
export function readGivenUp(body: string): GivenUp | undefined {
  try {
    return GivenUp.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** The name of the function that gave up. */
export function functionOf({ requestContext }: GivenUp): string {
  return requestContext.functionArn.split(':')[6] ?? '';
}

/**
 * The records of a batch that was given up, and what lies between them in the shard.
 *
 * @returns undefined where the stream has them no more.
 */
export async function readRecords(
  streams: DynamoDBStreamsClient,
  { DDBStreamBatchInfo: batch }: GivenUp,
): Promise<readonly StreamRecord[] | undefined> {
  const [first, last] = [BigInt(batch.startSequenceNumber), BigInt(batch.endSequenceNumber)];
  const records: StreamRecord[] = [];
  const isWhole = () => records[0]?.dynamodb?.SequenceNumber === batch.startSequenceNumber;
  try {
    let { ShardIterator: next } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: batch.streamArn,
        ShardId: batch.shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: batch.startSequenceNumber,
      }),
    );
    for (let pages = 0; next !== undefined && pages < MAX_PAGES; pages++) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: next }));
      for (const record of page.Records ?? []) {
        const number = BigInt(record.dynamodb?.SequenceNumber ?? '0');
        if (number >= first && number <= last) records.push(record);
        // Without the first one the beginning is gone, whatever a stream answers in its place.
        if (number >= last) return isWhole() ? records : undefined;
      }
      next = page.NextShardIterator;
    }
  } catch (error) {
    if (error instanceof Error && GONE.has(error.name)) return undefined;
    throw error;
  }
  return undefined;
}

/** What a stream answers about records that it has no more. */
const GONE = new Set([
  'TrimmedDataAccessException',
  'ResourceNotFoundException',
  'ExpiredIteratorException',
  'ValidationException',
  'UnknownOperationException',
]);
