import { settle } from '../../shared/chat/settle.ts';
import { type BatchAnswer, handleByRoom, type StreamEvent } from '../../shared/delivery/stream-records.ts';
import { getRuntime } from '../runtime/runtime.ts';

/** Completes the committed events that the Chat table's stream tells of, whatever became of the handlers that committed them. */
export async function handler(event: StreamEvent): Promise<BatchAnswer> {
  const { context, logger } = getRuntime();
  return handleByRoom(
    event,
    ({ room, committed }) => settle(context, room, committed),
    (error, room) => logger.error('events not settled', error, { room }),
  );
}
