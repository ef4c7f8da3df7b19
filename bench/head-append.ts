import { randomUUID } from 'node:crypto';
import type { ChatContext } from '../shared/chat/context.ts';
import { createRoom, joinRoom } from '../shared/chat/rooms.ts';
import { sendMessage } from '../shared/chat/send.ts';
import { settle } from '../shared/chat/settle.ts';
import { ConditionFailed, type Table } from '../shared/data/table.ts';
import { readBatch } from '../shared/delivery/stream-records.ts';
import { ParleyError } from '../shared/protocol/errors.ts';
import { ClientId, RoomId, UserId } from '../shared/protocol/ids.ts';
import type { Append, Way } from './append-way.ts';
import type { BenchDatabase } from './database.ts';

const ROOM = RoomId.parse('bench');

/** The service's own append, with its settler following the stream: nothing of it is written anew for the measurement. */
export const headWay: Way = {
  name: 'head',
  async prepare(database, writers) {
    const settler = followAndSettle(database);
    await createRoom(settler, { user: userOf(0), room: ROOM, name: ROOM, kind: 'public' });
    for (let writer = 1; writer < writers; writer++) {
      await joinRoom(settler, { room: ROOM, user: userOf(writer) });
    }
    return { writer: (writer, connections) => headAppend(userOf(writer), contextOf(connections)) };
  },
};

/** Lets the settler follow the stream of a database. */
export function followAndSettle(database: BenchDatabase): ChatContext {
  const context = contextOf(database.open());
  database.follow(async (event) => {
    for (const { room, committed } of readBatch(event).rooms) await settle(context, room, committed);
  });
  return context;
}

function headAppend(user: UserId, context: ChatContext): Append {
  const failed: Record<string, number> = {};
  const watched = { ...context, chat: watchedTable(context.chat, failed) };
  return async (id, text) => {
    for (const reason of Object.keys(failed)) delete failed[reason];
    try {
      await sendMessage(watched, { room: ROOM, user, id: ClientId.parse(id), text });
      return { committed: true, failed: { ...failed } };
    } catch (error) {
      if (!(error instanceof ParleyError) || error.code !== 'unavailable') throw error;
      return { committed: false, failed: { ...failed } };
    }
  };
}

/** Counts conditional writes that failed, by what in the head had moved. */
function watchedTable(table: Table, failed: Record<string, number>): Table {
  return {
    ...table,
    async update(key, update) {
      try {
        return await table.update(key, update);
      } catch (error) {
        if (error instanceof ConditionFailed) {
          const reason = reasonOf(error.item ?? {}, update.values ?? {});
          failed[reason] = (failed[reason] ?? 0) + 1;
        }
        throw error;
      }
    },
  };
}

function reasonOf(
  head: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, unknown>>,
): string {
  if (Array.isArray(head.pending) && head.pending.includes(values[':key'])) return 'duplicate';
  if (head.guard !== values[':guard']) return 'guard moved';
  if (head.settled !== values[':settled']) return 'settled moved';
  return 'other';
}

export function contextOf({ chat, connections }: { chat: Table; connections: Table }): ChatContext {
  return { chat, connections, now: Date.now, newId: randomUUID };
}

function userOf(writer: number): UserId {
  return UserId.parse(`writer-${writer}`);
}
