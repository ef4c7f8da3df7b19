/** From the stream's records of HEAD to the committed events of each room. */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Committed, toCommitted } from '../data/events.ts';
import { chatKeys } from '../data/keys.ts';
import { RoomId } from '../protocol/ids.ts';

/** What Lambda hands over of a DynamoDB stream: the fields that Parley reads. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

export interface StreamRecord {
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly Keys?: Readonly<Record<string, { readonly S?: string }>>;
    readonly NewImage?: Readonly<Record<string, unknown>>;
    readonly OldImage?: Readonly<Record<string, unknown>>;
  };
}

/** What a stream handler answers: from the earliest of these records on, the batch comes again. */
export interface BatchAnswer {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** The committed events of one room in a batch. */
export interface RoomBatch {
  readonly room: RoomId;
  /** Ascending by number, each once. */
  readonly committed: readonly Committed[];
  /** Sequence number of the room's first record in the stream. */
  readonly firstRecord: string;
}

export interface Batch {
  readonly rooms: readonly RoomBatch[];
  /** Sequence numbers of records that can't be read. */
  readonly unreadable: readonly string[];
}

type Wire = Parameters<typeof unmarshall>[0];

const ROOM_PREFIX = chatKeys.head('' as RoomId).pk;

/** Groups a batch by room. Of a head's image only the event is read: the rest is the settler's and may be large. */
export function readBatch(event: StreamEvent): Batch {
  const rooms = new Map<RoomId, { firstRecord: string; committed: Map<number, Committed> }>();
  const unreadable: string[] = [];
  for (const { dynamodb } of event.Records) {
    const sequenceNumber = dynamodb?.SequenceNumber ?? '';
    try {
      const { room, committed } = readHead(dynamodb?.NewImage ?? {});
      const batch = rooms.get(room) ?? { firstRecord: sequenceNumber, committed: new Map() };
      batch.committed.set(committed.event.seq, committed);
      rooms.set(room, batch);
    } catch {
      unreadable.push(sequenceNumber);
    }
  }
  return {
    rooms: [...rooms].map(([room, { firstRecord, committed }]) => ({
      room,
      firstRecord,
      committed: [...committed.values()].sort((a, b) => a.event.seq - b.event.seq),
    })),
    unreadable,
  };
}

function readHead(image: Readonly<Record<string, unknown>>): { room: RoomId; committed: Committed } {
  const { pk, seq, n, last } = image;
  const head = unmarshall({ pk, seq, n, last } as Wire);
  return {
    room: RoomId.parse(String(head.pk).slice(ROOM_PREFIX.length)),
    committed: toCommitted({ ...head.last, seq: head.seq, n: head.n }),
  };
}

/**
 * Handles each room of a batch beside the others.
 *
 * @param failed hears of each failure; `room` is undefined for a record that can't be read.
 * @returns the first record of every room that failed.
 */
export async function handleByRoom(
  event: StreamEvent,
  handle: (batch: RoomBatch) => Promise<void>,
  failed: (error: unknown, room: RoomId | undefined) => void,
): Promise<BatchAnswer> {
  const { rooms, unreadable } = readBatch(event);
  const failures = new Set(unreadable);
  if (unreadable.length > 0) failed(new Error(`${unreadable.length} records can't be read`), undefined);
  await Promise.all(
    rooms.map(async (batch) => {
      try {
        await handle(batch);
      } catch (error) {
        failures.add(batch.firstRecord);
        failed(error, batch.room);
      }
    }),
  );
  return { batchItemFailures: [...failures].map((itemIdentifier) => ({ itemIdentifier })) };
}
