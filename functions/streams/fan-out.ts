import { serviceOrigin } from '../../shared/aws/client.ts';
import { createFanOut } from '../../shared/delivery/fan-out.ts';
import { createShardCall } from '../../shared/delivery/shard-call.ts';
import { type BatchAnswer, handleByRoom, type StreamEvent } from '../../shared/delivery/stream-records.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createDelivery } from './delivery.ts';

const getFanOut = once(() => {
  const { send, environment, settings } = getRuntime();
  const origin = serviceOrigin('lambda', environment);
  const callShard = createShardCall({ send, origin, functionName: settings.fanOutShardFunction });
  return createFanOut(createDelivery(getRuntime()), callShard);
});

/** Brings the events that the Chat table's stream tells of to every connection in their rooms. */
export async function handler(event: StreamEvent): Promise<BatchAnswer> {
  return handleByRoom(
    event,
    ({ room, committed }) => getFanOut()(room, committed),
    (error, room) => getRuntime().logger.error('events not delivered', error, { room }),
  );
}
