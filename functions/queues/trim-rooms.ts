import * as z from 'zod/mini';
import { trimRoom } from '../../shared/chat/trim-room.ts';
import { RoomId } from '../../shared/protocol/ids.ts';
import { createFileQueue } from '../runtime/files.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createTrimQueue } from '../runtime/trim-queue.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';

const Task = z.object({ room: RoomId, after: z.int() });

/** Milliseconds that a piece may take, with room: what is begun with less left would be cut off by the time-out. */
const PIECE_MS = 10_000;

const getQueue = once(() => createTrimQueue(getRuntime()));
const getFiles = once(() => createFileQueue(getRuntime()));

/** Brings a room's older messages under a shorter retention, as many as there is time for, and sends itself the rest. */
export async function handler(
  event: QueueEvent,
  { getRemainingTimeInMillis }: { readonly getRemainingTimeInMillis: () => number },
): Promise<QueueAnswer> {
  const { context, logger } = getRuntime();
  const ctx = { chat: context.chat, followFiles: (task: object) => getFiles().send(task) };
  return handleMessages(event, Task, logger, async (task) => {
    const rest = await trimRoom(ctx, task, () => getRemainingTimeInMillis() > PIECE_MS);
    if (rest) await getQueue().send(rest);
  });
}
