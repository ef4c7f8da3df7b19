/** Handing records to the settler, which takes any record twice without harm: those of the stream, or some that are made from the log. */
import { type DynamoDBClient, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { StreamRecord } from './given-up.ts';
import type { RedriveStack } from './stack.ts';

export interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
}

type Image = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

/** Records of one invocation: as many as the stream hands over (infra/settler.ts). */
const AT_ONCE = 25;

/** Whether the settler's mapping lets a record pass (infra/settler.ts says the same in Lambda's language). */
export function isForSettler({ eventName, dynamodb }: StreamRecord): boolean {
  const text = (image: Readonly<Record<string, unknown>> | undefined, name: string) =>
    (image?.[name] as { readonly S?: string } | undefined)?.S ?? '';
  const { Keys, NewImage } = dynamodb ?? {};
  const sk = text(Keys, 'sk');
  if (eventName === 'REMOVE') return sk.startsWith('SESSION#') || sk.startsWith('E#');
  if (sk === 'HEAD') return text(NewImage, 'op') === 'append';
  return sk === 'ACCOUNT' && text(NewImage, 'state') === 'deleting';
}

/**
 * Has the settler take records, in their order.
 *
 * @returns why it could not, where it could not.
 */
export async function handToSettler(
  { lambda }: Clients,
  { settler }: RedriveStack,
  records: readonly StreamRecord[],
): Promise<string | undefined> {
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const Payload = JSON.stringify({ Records: records.slice(from, from + AT_ONCE) });
    const answer = await lambda.send(new InvokeCommand({ FunctionName: settler, Payload }));
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError !== undefined) return `${answer.FunctionError}: ${text.slice(0, 300)}`;
    const { batchItemFailures = [] } = JSON.parse(text) as { batchItemFailures?: readonly unknown[] };
    if (batchItemFailures.length > 0) return `${batchItemFailures.length} records failed; its log says why`;
  }
  return undefined;
}

/** What the settler has yet to do, as the table says. */
export interface Unsettled {
  readonly rooms: readonly string[];
  /** Records of accounts whose deletion has yet to be handed on. */
  readonly accounts: readonly StreamRecord[];
}

/** Looks through the whole table: what to do where nobody knows any more which records were given up. */
export async function findUnsettled({ dynamodb }: Clients, { chatTable }: RedriveStack): Promise<Unsettled> {
  const rooms: string[] = [];
  const accounts: StreamRecord[] = [];
  const pages = paginateScan(
    { client: dynamodb },
    {
      TableName: chatTable,
      FilterExpression: '(sk = :head AND settled < seq) OR (sk = :account AND #state = :deleting)',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: {
        ':head': { S: 'HEAD' },
        ':account': { S: 'ACCOUNT' },
        ':deleting': { S: 'deleting' },
      },
    },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items as Image[]) {
      if (item.sk?.S === 'HEAD') rooms.push((item.pk?.S ?? '').slice('ROOM#'.length));
      else accounts.push(recordOf(item, item));
    }
  }
  return { rooms, accounts };
}

/**
 * What the stream told of a room's events that are not settled, made again from its log.
 *
 * @returns the records; and the numbers of events that are stored nowhere, as their authors died and their records were lost.
 */
export async function recordsOfRoom(
  { dynamodb }: Clients,
  { chatTable: TableName }: RedriveStack,
  room: string,
): Promise<{ readonly records: readonly StreamRecord[]; readonly missing: readonly number[] }> {
  const pk = { S: `ROOM#${room}` };
  const images: Image[] = [];
  const query = {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND sk = :sk',
    ExpressionAttributeValues: { ':pk': pk, ':sk': { S: 'HEAD' } },
  };
  let head: Image | undefined;
  for await (const { Items = [] } of paginateQuery({ client: dynamodb }, query)) head ??= Items[0] as Image;
  if (!head) return { records: [], missing: [] };
  const [settled, newest] = [Number(head.settled?.N), Number(head.seq?.N)];
  if (settled >= newest) return { records: [], missing: [] };
  const sortKey = (seq: number) => ({ S: `E#${String(seq).padStart(12, '0')}` });
  const log = {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':pk': pk, ':from': sortKey(settled + 1), ':to': sortKey(newest) },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamodb }, log))
    images.push(...(Items as Image[]));
  const stored = new Set(images.map(({ seq }) => Number(seq?.N)));
  const missing = Array.from({ length: newest - settled }, (_, index) => settled + 1 + index).filter(
    (seq) => !stored.has(seq) && seq !== newest,
  );
  const records = images.map((image) =>
    recordOf(head, { pk, sk: { S: 'HEAD' }, ...only(image, 'seq', 'n'), last: { M: image } } as Image),
  );
  // The head carries the newest event, stored or not.
  return { records: stored.has(newest) ? records : [...records, recordOf(head, head)], missing };
}

function recordOf({ pk, sk }: Image, NewImage: Image): StreamRecord {
  return { eventName: 'MODIFY', dynamodb: { SequenceNumber: pk?.S, Keys: { pk, sk }, NewImage } };
}

function only(image: Image, ...names: readonly string[]): Image {
  return Object.fromEntries(names.flatMap((name) => (image[name] ? [[name, image[name]]] : [])));
}
