/** What a test of rooms works with: a context as a handler has it, and readable names for ids. */
import { randomUUID } from 'node:crypto';
import type { Admission } from '../../shared/chat/connections.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { settle } from '../../shared/chat/settle.ts';
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import { queryAllEvents } from '../../shared/data/events.ts';
import { getHead } from '../../shared/data/heads.ts';
import { createTable } from '../../shared/data/table.ts';
import { ClientId, RoomId, UserId } from '../../shared/protocol/ids.ts';
import { CHAT_TABLE_NAME, CONNECTIONS_TABLE_NAME, type Database } from './database.ts';

export const room = (id: string): RoomId => RoomId.parse(id);
export const user = (id: string): UserId => UserId.parse(id);
export const clientId = (id: string): ClientId => ClientId.parse(id);

/** The context of one handler environment: what it remembers of rooms is its own. */
export function chatContext(database: Database, now: () => number = Date.now): ChatContext {
  return { ...database.tables(now), now, newId: randomUUID };
}

/** Lets any number of connections in, and has none of them looked at later. */
export const LET_IN: Admission = { connectionsPerUser: 0, lookLater: async () => {} };

/** The same for a handler whose every call passes through `call`. */
export function contextThrough(call: DynamoCall, now: () => number): ChatContext {
  const chat = createTable({ name: CHAT_TABLE_NAME, call, now });
  const connections = createTable({ name: CONNECTIONS_TABLE_NAME, call, now });
  return { chat, connections, now, newId: randomUUID };
}

/** All that was ever committed to a room and is stored, in order. */
export function readLog(ctx: ChatContext, id: RoomId) {
  return queryAllEvents(ctx.chat, id, { from: 1, to: Number.MAX_SAFE_INTEGER });
}

/** Runs the settler over everything that is stored and not settled, however little. */
export async function settleAll(ctx: ChatContext, id: RoomId): Promise<void> {
  const head = await getHead(ctx.chat, id);
  if (!head) return;
  const tail = await queryAllEvents(ctx.chat, id, { from: head.settled + 1, to: head.seq });
  await settle(ctx, id, tail, 1);
}
