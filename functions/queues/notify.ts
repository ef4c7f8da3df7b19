import * as z from 'zod/mini';
import { notify } from '../../shared/chat/notify.ts';
import { RoomId, Seq, UserId } from '../../shared/protocol/ids.ts';
import { createNotifyLater, createNotifyTools } from '../runtime/notifications.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';

const Task = z.object({ room: RoomId, seq: Seq, after: z.optional(UserId) });

const getTools = once(() => createNotifyTools(getRuntime()));
const getLater = once(() => createNotifyLater(getRuntime()));

/** Notifies those whom a message concerns and who have not read it yet. */
export async function handler(event: QueueEvent): Promise<QueueAnswer> {
  return handleMessages(event, Task, getRuntime().logger, async (task) => {
    const rest = await notify(getTools(), task);
    if (rest) await getLater()(rest, 'now');
  });
}
