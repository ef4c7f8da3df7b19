/** The stream of one table as a test needs it: each change as a record, made from the calls that pass, without a stream. */
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { ConnectionRecord } from '../../shared/delivery/presence-records.ts';

type Wire = Readonly<Record<string, unknown>>;
interface Input {
  readonly TableName?: string;
  readonly Key?: Wire;
  readonly Item?: Wire;
  readonly RequestItems?: Readonly<
    Record<string, readonly { PutRequest?: { Item: Wire }; DeleteRequest?: { Key: Wire } }[]>
  >;
}

/**
 * A call that notes what it changed in `table`. No two may be under way at once, as under a scheduler.
 *
 * @param heard gets each record in the order of the changes.
 */
export function recordingCall(
  call: DynamoCall,
  table: string,
  heard: (record: ConnectionRecord) => void,
): DynamoCall {
  let sequence = 0;
  const read = async ({ pk, sk }: Wire): Promise<Wire | undefined> => {
    const output = await call('GetItem', { TableName: table, Key: { pk, sk }, ConsistentRead: true });
    return output.Item as Wire | undefined;
  };
  const keysOf = (operation: string, input: Input): Wire[] => {
    if (operation === 'BatchWriteItem')
      return (input.RequestItems?.[table] ?? []).map(
        ({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key ?? {},
      );
    if (input.TableName !== table || !/^(Put|Update|Delete)Item$/.test(operation)) return [];
    return [input.Key ?? input.Item ?? {}];
  };
  return async (operation, input) => {
    const keys = keysOf(operation, input as Input);
    const before = await Promise.all(keys.map(read));
    const output = await call(operation, input);
    const after = await Promise.all(keys.map(read));
    keys.forEach(({ pk, sk }, index) => {
      const [old, fresh] = [before[index], after[index]];
      if (JSON.stringify(old) === JSON.stringify(fresh)) return;
      heard({
        eventName: !old ? 'INSERT' : fresh ? 'MODIFY' : 'REMOVE',
        dynamodb: {
          SequenceNumber: String(++sequence),
          Keys: { pk, sk },
          ...(fresh ? { NewImage: fresh } : {}),
          ...(old ? { OldImage: old } : {}),
        },
      });
    });
    return output;
  };
}
