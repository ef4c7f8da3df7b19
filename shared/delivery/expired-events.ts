/** From the stream's records of events that DynamoDB has deleted, as their time was over, to what goes with them. */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ChatContext } from '../chat/context.ts';
import { forgetExpired } from '../chat/forget-expired.ts';
import { toCommitted } from '../data/events.ts';
import { chatKeys, EVENT_PREFIX } from '../data/keys.ts';
import { RoomId } from '../protocol/ids.ts';
import type { BatchAnswer, StreamEvent, StreamRecord } from './stream-records.ts';

type Wire = Parameters<typeof unmarshall>[0];

const ROOM_PREFIX = chatKeys.room('' as RoomId).pk;

/** Whether a record is about an event's own item; of those only removals come (infra/settler.ts). */
export function isExpiredEvent({ dynamodb }: StreamRecord): boolean {
  return dynamodb?.Keys?.sk?.S?.startsWith(EVENT_PREFIX) ?? false;
}

/**
 * Lets go what expired events leave behind, those of a room one after the other.
 *
 * @param failed hears of each failure.
 */
export async function forgetExpiredEvents(
  ctx: ChatContext,
  event: StreamEvent,
  failed: (error: unknown) => void,
): Promise<BatchAnswer> {
  const failures: string[] = [];
  const rooms = new Map<string, StreamRecord[]>();
  for (const record of event.Records) {
    const pk = record.dynamodb?.Keys?.pk?.S ?? '';
    rooms.set(pk, [...(rooms.get(pk) ?? []), record]);
  }
  await Promise.all(
    [...rooms].map(async ([pk, records]) => {
      for (const { dynamodb } of records) {
        try {
          const room = RoomId.parse(pk.slice(ROOM_PREFIX.length));
          const { OldImage: image = {} } = dynamodb ?? {};
          await forgetExpired(ctx, room, toCommitted(unmarshall(image as Wire)));
        } catch (error) {
          failures.push(dynamodb?.SequenceNumber ?? '');
          failed(error);
        }
      }
    }),
  );
  return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
}
