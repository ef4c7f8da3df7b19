import * as z from 'zod/mini';
import { lookAtConnection } from '../../shared/chat/connection-watch.ts';
import { createWatch } from '../runtime/connection-watch.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';

const Look = z.object({ connection: z.string(), connectedAt: z.number() });

const getWatch = once(() => createWatch(getRuntime()));

/** Closes connections whose token has ended, and goes on with closings that could not be completed. */
export async function handler(event: QueueEvent): Promise<QueueAnswer> {
  const { logger } = getRuntime();
  return handleMessages(event, Look, logger, (look) => lookAtConnection(getWatch(), look));
}
