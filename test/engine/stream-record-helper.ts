/** Records of a table `Items` as a stream's reader gets them. */
import { ItemText, recordConverter } from '../../local/streams/record.ts';
import type { SequencedRecord } from '../../local/streams/table-stream.ts';

export const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Items/stream/x';

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

export function recordOf(
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
export function records(...items: readonly string[]): SequencedRecord[] {
  return items.map((item, index) => recordOf(item, index + 1));
}
