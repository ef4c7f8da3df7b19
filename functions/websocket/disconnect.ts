import { closeConnection } from '../../shared/chat/connections.ts';
import { getRuntime } from '../runtime/runtime.ts';
import type { SocketHandler } from './command.ts';

/** `$disconnect`: API Gateway tells of it when it can. Nothing relies on it: the fan-out's 410 and the items' end do the same. */
export const handler: SocketHandler = async (event) => {
  const { context } = getRuntime();
  await closeConnection(context, { connection: event.requestContext.connectionId });
  return { statusCode: 200 };
};
