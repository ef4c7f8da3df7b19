import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { StreamViewType, TableModel } from '../assembly/model.ts';

export type Item = Readonly<Record<string, unknown>>;

/** A record as the database's `GetRecords` answers it. */
export interface DatabaseRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly dynamodb: {
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamViewType;
    /** dynoxide before 1.2 gave it as text. */
    readonly ApproximateCreationDateTime: number | string;
  };
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
}

/** A record as Lambda hands it to a function. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamViewType;
  };
  readonly eventSourceARN: string;
  readonly userIdentity?: { readonly type: 'Service'; readonly principalId: 'dynamodb.amazonaws.com' };
}

/** What DynamoDB writes beside the records of its own TTL deletions. */
const TTL_IDENTITY = { type: 'Service', principalId: 'dynamodb.amazonaws.com' } as const;
/** AWS's sequence numbers have 21 digits or more; of equal length, so that they sort as texts too. */
const SEQUENCE_DIGITS = 21;
const SEQUENCE_BASE = 10n ** BigInt(SEQUENCE_DIGITS - 1);

/** The database counts from one; functions see numbers as long as AWS's. */
export function sequenceNumber(databaseSequence: string): string {
  return String(SEQUENCE_BASE + BigInt(databaseSequence));
}

/** Makes the records of one table as on AWS. */
export function recordConverter(table: TableModel, region: string) {
  const prefix = createHash('md5').update(table.arn).digest('hex').slice(0, 11);
  const eventSourceARN = table.streamArn ?? '';
  return (record: DatabaseRecord, byTimeToLive: boolean): StreamRecord => {
    const { Keys, NewImage, OldImage, SizeBytes, StreamViewType, ...rest } = record.dynamodb;
    const sequence = sequenceNumber(rest.SequenceNumber);
    return {
      eventID: prefix + sequence,
      eventName: record.eventName,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      dynamodb: {
        ApproximateCreationDateTime: secondsOf(rest.ApproximateCreationDateTime),
        Keys,
        ...(NewImage && { NewImage }),
        ...(OldImage && { OldImage }),
        SequenceNumber: sequence,
        SizeBytes,
        StreamViewType,
      },
      eventSourceARN,
      ...((byTimeToLive || record.userIdentity) && { userIdentity: TTL_IDENTITY }),
    };
  };
}

function secondsOf(time: number | string): number {
  if (typeof time === 'number') return time;
  const seconds = Number(time);
  return Number.isFinite(seconds) ? seconds : Math.floor(Date.parse(time) / 1000);
}

/** A write that changed nothing: the database records it, DynamoDB does not. */
export function changesNothing({ eventName, dynamodb }: StreamRecord): boolean {
  const { NewImage, OldImage } = dynamodb;
  return eventName === 'MODIFY' && NewImage !== undefined && isDeepStrictEqual(NewImage, OldImage);
}

/** The key of an item as a text, whatever the order of its attributes. */
export function keyText(keys: Item): string {
  const names = Object.keys(keys).sort();
  return JSON.stringify(names.map((name) => [name, keys[name]]));
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
