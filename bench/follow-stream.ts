import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseClient } from '../local/dynamodb/client.ts';
import type { StreamStore } from '../local/dynamodb/stream-store.ts';
import type { StreamEvent } from '../shared/delivery/stream-records.ts';

/** Records of one read, the most that `GetRecords` gives. */
const READ = 1_000;
/**
 * Commits of one batch, the most that a mapping of the stack takes. Its settler takes 25; here no function and no network keep fifty
 * writers from the database, so that each of its calls waits for fifty of theirs.
 */
const BATCH = 100;
/** Pause after an empty read, ms: the engine's own pollers wait as long. */
const PAUSE = 5;

interface Record {
  readonly eventName: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly NewImage?: Readonly<{ sk?: { S?: string }; op?: { S?: string } }>;
  };
}

/** Reads a table's stream in order while `go` says so, as an event source mapping does. */
export async function followStream(
  endpoint: string,
  table: string,
  store: StreamStore,
  go: () => boolean,
  onCommits: ((event: StreamEvent) => Promise<void>) | undefined,
): Promise<void> {
  const client = new DatabaseClient(endpoint, 'us-east-1');
  const { Table } = await client.call<{ Table: { LatestStreamArn: string } }>('DescribeTable', {
    TableName: table,
  });
  const stream = { StreamArn: Table.LatestStreamArn };
  const { StreamDescription } = await client.call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
    'DescribeStream',
    stream,
  );
  const shard = { ...stream, ShardId: StreamDescription.Shards[0]?.ShardId };
  let { ShardIterator } = await client.call<{ ShardIterator: string }>('GetShardIterator', {
    ...shard,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  while (go()) {
    const { Records, NextShardIterator } = await client.call<{
      Records: Record[];
      NextShardIterator: string;
    }>('GetRecords', { ShardIterator, Limit: READ });
    ShardIterator = NextShardIterator;
    const commits = Records.filter(isCommit);
    for (let first = 0; first < commits.length; first += BATCH) {
      await onCommits?.({ Records: commits.slice(first, first + BATCH) });
    }
    const last = Records.at(-1);
    if (last === undefined) await sleep(PAUSE);
    else store.trim(table, Number(last.dynamodb.SequenceNumber));
  }
  await client.close();
}

/** The filter of the mappings: a head, by a write that committed an event. */
function isCommit({ eventName, dynamodb }: Record): boolean {
  const { sk, op } = dynamodb.NewImage ?? {};
  return eventName !== 'REMOVE' && sk?.S === 'HEAD' && op?.S === 'append';
}
