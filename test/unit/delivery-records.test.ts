import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import {
  handleByRoom,
  type RoomBatch,
  readBatch,
  type StreamRecord,
} from '../../shared/delivery/stream-records.ts';

/** A record of HEAD as the stream brings it. */
function record(room: string, seq: number, sequenceNumber = `${room}-${seq}`): StreamRecord {
  const image = {
    pk: `ROOM#${room}`,
    sk: 'HEAD',
    op: 'append',
    seq,
    n: seq,
    settled: 0,
    guard: 1,
    pending: [`alice#m${seq}`],
    last: { type: 'message.created', user: 'alice', at: '2026-11-20T10:00:00.000Z', text: `text ${seq}` },
  };
  return { dynamodb: { SequenceNumber: sequenceNumber, NewImage: marshall(image) } };
}

const unreadable: StreamRecord = {
  dynamodb: { SequenceNumber: 'broken', NewImage: { pk: { S: 'ROOM#a' } } },
};

describe('readBatch', () => {
  it('groups by room, ascending, each number once, under the room’s first record', () => {
    const { rooms } = readBatch({
      Records: [record('a', 3), record('b', 7), record('a', 5), record('a', 4), record('a', 3)],
    });
    expect(
      rooms.map(({ room, firstRecord, committed }) => ({
        room,
        firstRecord,
        seqs: committed.map(({ event }) => event.seq),
      })),
    ).toEqual([
      { room: 'a', firstRecord: 'a-3', seqs: [3, 4, 5] },
      { room: 'b', firstRecord: 'b-7', seqs: [7] },
    ]);
  });

  it('gives the event its number and count from the head', () => {
    const [batch] = readBatch({ Records: [record('a', 3)] }).rooms;
    expect(batch?.committed).toEqual([
      {
        n: 3,
        event: {
          seq: 3,
          n: 3,
          type: 'message.created',
          user: 'alice',
          at: '2026-11-20T10:00:00.000Z',
          text: 'text 3',
        },
      },
    ]);
  });

  it('names the records that it can’t read, and reads the others', () => {
    const { rooms, unreadable: broken } = readBatch({
      Records: [record('a', 3), unreadable, record('b', 1)],
    });
    expect(broken).toEqual(['broken']);
    expect(rooms.map(({ room }) => room)).toEqual(['a', 'b']);
  });
});

describe('handleByRoom', () => {
  it('answers with the first record of each room that failed, after all rooms were handled', async () => {
    const handled: string[] = [];
    const failed: (string | undefined)[] = [];
    const handle = async ({ room }: RoomBatch) => {
      if (room === 'a') throw new Error('a failed');
      await new Promise((resolve) => setTimeout(resolve, 10));
      handled.push(room);
    };
    const event = { Records: [record('b', 1), record('a', 3), unreadable, record('a', 4)] };
    const answer = await handleByRoom(event, handle, (_, room) => failed.push(room));
    expect(handled).toEqual(['b']);
    expect(failed).toEqual([undefined, 'a']);
    expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual([
      'a-3',
      'broken',
    ]);
  });

  it('answers with nothing where nothing failed', async () => {
    const answer = await handleByRoom(
      { Records: [record('a', 1)] },
      async () => {},
      () => {},
    );
    expect(answer).toEqual({ batchItemFailures: [] });
  });
});
