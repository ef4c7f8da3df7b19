import type { TableModel } from '../assembly/model.ts';
import type { DatabaseClient } from '../dynamodb/client.ts';
import type { StoredRecord, StreamStore } from '../dynamodb/stream-store.ts';
import { type DatabaseRecord, type Item, ItemText } from './record.ts';

/** Where the records of one table's stream come from. */
export interface StreamSource {
  readonly shardId: string;
  /** Number of the newest record, 0 if there is none. */
  newest(): Promise<number>;
  /** The records after one of this number, in order. */
  read(after: number, limit: number): readonly DatabaseRecord[] | Promise<readonly DatabaseRecord[]>;
  /** Drops the records up to a number, where the source can. */
  trim?(upTo: number): void;
}

/** The records as dynoxide's file holds them: a tenth of the price of asking for them over HTTP. */
export function storedSource(table: TableModel, store: StreamStore): StreamSource {
  const { name } = table;
  const viewType = table.streamViewType ?? 'KEYS_ONLY';
  const toRecord = (stored: StoredRecord): DatabaseRecord => {
    const { keys_json: keys, new_image: newImage, old_image: oldImage } = stored;
    return {
      eventName: stored.event_name,
      keys: new ItemText(keys),
      ...(newImage !== null && { newImage: new ItemText(newImage) }),
      ...(oldImage !== null && { oldImage: new ItemText(oldImage) }),
      sequenceNumber: stored.sequence_number,
      sizeBytes: keys.length + (newImage?.length ?? 0) + (oldImage?.length ?? 0),
      viewType,
      createdAt: stored.created_at,
      expired: false,
    };
  };
  return {
    shardId: `shardId-00000001-${name}`,
    newest: async () => store.newest(name),
    read: (after, limit) => store.read(name, after, limit).map(toRecord),
    trim: (upTo) => store.trim(name, upTo),
  };
}

/** A record as `GetRecords` answers it. */
interface AnsweredRecord {
  readonly eventName: DatabaseRecord['eventName'];
  readonly dynamodb: {
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: DatabaseRecord['viewType'];
    readonly ApproximateCreationDateTime: number | string;
  };
  readonly userIdentity?: object;
}

interface RecordsOutput {
  readonly Records: readonly AnsweredRecord[];
  readonly NextShardIterator?: string;
}

/** The records as any DynamoDB with streams gives them; of one shard, as a local one has no more. */
export async function shardSource(client: DatabaseClient, streamArn: string): Promise<StreamSource> {
  const { StreamDescription: stream } = await client.call<{
    StreamDescription: { Shards: { ShardId: string }[] };
  }>('DescribeStream', { StreamArn: streamArn });
  const shardId = stream.Shards[0]?.ShardId ?? '';
  const iteratorAfter = async (sequence: number) => {
    const { ShardIterator } = await client.call<{ ShardIterator: string }>('GetShardIterator', {
      StreamArn: streamArn,
      ShardId: shardId,
      ...(sequence === 0
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: String(sequence) }),
    });
    return ShardIterator;
  };
  const getRecords = (iterator: string, limit: number): Promise<RecordsOutput> =>
    client.call('GetRecords', { ShardIterator: iterator, Limit: limit });
  let next: { readonly after: number; readonly iterator: string } | undefined;
  return {
    shardId,
    async newest() {
      // Read through, as dynoxide compares numbers as texts where it describes a shard.
      let newest = 0;
      let iterator: string | undefined = await iteratorAfter(0);
      while (iterator !== undefined) {
        const output: RecordsOutput = await getRecords(iterator, READ_THROUGH);
        if (output.Records.length === 0) break;
        newest = Number(output.Records.at(-1)?.dynamodb.SequenceNumber);
        iterator = output.NextShardIterator;
      }
      return newest;
    },
    async read(after, limit) {
      const iterator = next?.after === after ? next.iterator : await iteratorAfter(after);
      next = undefined;
      const { Records: records, NextShardIterator: following } = await getRecords(iterator, limit);
      const last = Number(records.at(-1)?.dynamodb.SequenceNumber ?? after);
      if (following !== undefined) next = { after: last, iterator: following };
      return records.map(fromAnswer);
    },
  };
}

function fromAnswer({ eventName, dynamodb, userIdentity }: AnsweredRecord): DatabaseRecord {
  const { Keys, NewImage, OldImage } = dynamodb;
  const textOf = (item: Item) => new ItemText(JSON.stringify(item));
  return {
    eventName,
    keys: textOf(Keys),
    ...(NewImage && { newImage: textOf(NewImage) }),
    ...(OldImage && { oldImage: textOf(OldImage) }),
    sequenceNumber: dynamodb.SequenceNumber,
    sizeBytes: dynamodb.SizeBytes,
    viewType: dynamodb.StreamViewType,
    createdAt: dynamodb.ApproximateCreationDateTime,
    expired: userIdentity !== undefined,
  };
}

/** The most that `GetRecords` gives. */
const READ_THROUGH = 1_000;
