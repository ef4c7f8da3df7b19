import { removeConnection } from '../../shared/chat/connections.ts';
import { getRuntime } from '../runtime/runtime.ts';
import type { SocketHandler } from './command.ts';
import { handler as refuseAction } from './default.ts';

/**
 * `$disconnect`: API Gateway tells of it when it can. Nothing relies on it: the fan-out's 410 and the items' end do the same. A
 * frame whose action is called `$disconnect` may be routed here too: its connection lives on.
 */
export const handler: SocketHandler = async (event) => {
  if (event.requestContext.eventType === 'MESSAGE') return refuseAction(event);
  const { context } = getRuntime();
  await removeConnection(context, { connection: event.requestContext.connectionId });
  return { statusCode: 200 };
};
