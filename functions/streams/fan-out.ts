import { serviceOrigin } from '../../shared/aws/client.ts';
import { createFanOut, type FanOut } from '../../shared/delivery/fan-out.ts';
import { createShardCall } from '../../shared/delivery/shard-call.ts';
import { type BatchAnswer, handleByRoom, type StreamEvent } from '../../shared/delivery/stream-records.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createDelivery } from './delivery.ts';

let warm: FanOut | undefined;

function getFanOut(): FanOut {
  const runtime = getRuntime();
  warm ??= createFanOut(
    createDelivery(runtime),
    createShardCall({
      send: runtime.send,
      origin: serviceOrigin('lambda', runtime.environment),
      functionName: runtime.settings.fanOutShardFunction,
    }),
  );
  return warm;
}

/** Brings the events that the Chat table's stream tells of to every connection in their rooms. */
export async function handler(event: StreamEvent): Promise<BatchAnswer> {
  const { logger } = getRuntime();
  const fanOut = getFanOut();
  return handleByRoom(
    event,
    ({ room, committed }) => fanOut(room, committed),
    (error, room) => logger.error('events not delivered', error, { room }),
  );
}
