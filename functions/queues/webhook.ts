import * as z from 'zod/mini';
import { NotificationKind } from '../../shared/protocol/frames.ts';
import { RoomId, Seq, Time, UserId } from '../../shared/protocol/ids.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createWebhookTools } from '../runtime/webhook.ts';
import { handleMessages, holdBack, type QueueAnswer, type QueueEvent } from './messages.ts';

const Notification = z.object({
  id: z.string(),
  kind: NotificationKind,
  room: RoomId,
  seq: Seq,
  user: UserId,
  from: UserId,
  at: Time,
  preview: z.string(),
});

/** Seconds until a call is tried again, after the first failure, the second and so on: about seven hours in all (infra/webhook.ts). */
const PAUSES = [5, 30, 120, 600, 1_800, 3_600];

const getTools = once(() => createWebhookTools(getRuntime()));

/** Calls the webhook with each notification, until it takes it or wants no more of it. */
export async function handler(event: QueueEvent): Promise<QueueAnswer> {
  const { logger } = getRuntime();
  return handleMessages(event, Notification, logger, async ({ id, at, ...data }, record) => {
    const { webhook, queue } = getTools();
    await holdBack(queue, record, PAUSES, async () => {
      const outcome = await webhook.call(id, { type: 'notification', timestamp: at, data });
      if (outcome === 'gone') logger.warn('webhook gone', { notification: id });
    });
  });
}
