import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { StreamViewType, TableModel } from '../assembly/model.ts';

export type Item = Readonly<Record<string, unknown>>;

/** An item as the database's text, parsed when someone looks into it: most records are passed over for their keys alone. */
export class ItemText {
  readonly text: string;
  #item: Item | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get item(): Item {
    this.#item ??= JSON.parse(this.text) as Item;
    return this.#item;
  }
}

/** A record as the database has it. */
export interface DatabaseRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: ItemText;
  readonly newImage?: ItemText;
  readonly oldImage?: ItemText;
  readonly sequenceNumber: string;
  readonly sizeBytes: number;
  readonly viewType: StreamViewType;
  /** Seconds since the epoch; dynoxide before 1.2 gave it as text. */
  readonly createdAt: number | string;
  /** Whether the database itself deleted the item, as its time was over. */
  readonly expired: boolean;
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
    readonly NewImage?: Item | undefined;
    readonly OldImage?: Item | undefined;
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

/** What the records of one table have in common. */
interface Origin {
  readonly idPrefix: string;
  readonly region: string;
  readonly streamArn: string;
}

/** A record that was read: as on AWS, with its images parsed only where they are looked at, and its text made once for all readers. */
export class ReadRecord implements StreamRecord {
  readonly eventID: string;
  readonly eventName: StreamRecord['eventName'];
  readonly eventVersion = '1.1';
  readonly eventSource = 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: Change;
  readonly eventSourceARN: string;
  readonly userIdentity?: typeof TTL_IDENTITY;
  #text: string | undefined;

  constructor(record: DatabaseRecord, byTimeToLive: boolean, { idPrefix, region, streamArn }: Origin) {
    this.dynamodb = new Change(record);
    this.eventID = idPrefix + this.dynamodb.SequenceNumber;
    this.eventName = record.eventName;
    this.awsRegion = region;
    this.eventSourceARN = streamArn;
    if (byTimeToLive || record.expired) this.userIdentity = TTL_IDENTITY;
  }

  /** JSON of the record as a function gets it. The images are put in as they are: parsed, they would only be made into text again. */
  get text(): string {
    this.#text ??= this.#toText();
    return this.#text;
  }

  #toText(): string {
    const { dynamodb, ...head } = this;
    return `${JSON.stringify(head).slice(0, -1)},"dynamodb":${dynamodb.toText()}}`;
  }
}

/** What a record tells of the item. */
class Change {
  readonly ApproximateCreationDateTime: number;
  readonly SequenceNumber: string;
  readonly SizeBytes: number;
  readonly StreamViewType: StreamViewType;
  readonly #record: DatabaseRecord;

  constructor(record: DatabaseRecord) {
    this.ApproximateCreationDateTime = secondsOf(record.createdAt);
    this.SequenceNumber = sequenceNumber(record.sequenceNumber);
    this.SizeBytes = record.sizeBytes;
    this.StreamViewType = record.viewType;
    this.#record = record;
  }

  get Keys(): Item {
    return this.#record.keys.item;
  }

  get NewImage(): Item | undefined {
    return this.#record.newImage?.item;
  }

  get OldImage(): Item | undefined {
    return this.#record.oldImage?.item;
  }

  /** Whether both images are there and the same. Of different length they are not. */
  get isSame(): boolean {
    const { newImage, oldImage } = this.#record;
    if (newImage === undefined || oldImage === undefined) return false;
    if (newImage.text.length !== oldImage.text.length) return false;
    return newImage.text === oldImage.text || isDeepStrictEqual(newImage.item, oldImage.item);
  }

  toText(): string {
    const { keys, newImage, oldImage } = this.#record;
    const images = [
      `"Keys":${keys.text}`,
      ...(newImage ? [`"NewImage":${newImage.text}`] : []),
      ...(oldImage ? [`"OldImage":${oldImage.text}`] : []),
    ];
    return `${JSON.stringify(this).slice(0, -1)},${images.join()}}`;
  }
}

/** Makes the records of one table as on AWS. */
export function recordConverter(
  table: TableModel,
  region: string,
): (record: DatabaseRecord, byTimeToLive: boolean) => ReadRecord {
  const idPrefix = createHash('md5').update(table.arn).digest('hex').slice(0, 11);
  const origin = { idPrefix, region, streamArn: table.streamArn ?? '' };
  return (record, byTimeToLive) => new ReadRecord(record, byTimeToLive, origin);
}

function secondsOf(time: number | string): number {
  if (typeof time === 'number') return time;
  const seconds = Number(time);
  return Number.isFinite(seconds) ? seconds : Math.floor(Date.parse(time) / 1000);
}

/** A write that changed nothing: the database records it, DynamoDB does not. */
export function changesNothing({ eventName, dynamodb }: ReadRecord): boolean {
  return eventName === 'MODIFY' && dynamodb.isSame;
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
