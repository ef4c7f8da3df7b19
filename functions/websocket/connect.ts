import { openConnection } from '../../shared/chat/connections.ts';
import { HTTP_STATUS } from '../../shared/protocol/errors.ts';
import { createLookLater } from '../runtime/connection-watch.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import type { SocketHandler } from './command.ts';
import { handler as refuseAction } from './default.ts';
import { callbackOf, checkOrigin, identify } from './handshake.ts';
import { toRefusal } from './reply.ts';
import { header } from './socket-event.ts';

const getLookLater = once(() => createLookLater(getRuntime()));

/**
 * `$connect`: the socket opens only after this answered 200, and by then it hears all rooms of its user. A frame whose action is
 * called `$connect` may be routed here too: it is an unknown action like any other.
 */
export const handler: SocketHandler = async (event) => {
  if (event.requestContext.eventType === 'MESSAGE') return refuseAction(event);
  const { context, logger, settings } = getRuntime();
  const { connectionId, requestId, connectedAt } = event.requestContext;
  const log = logger.with({ requestId, connectionId });
  try {
    checkOrigin(header(event, 'origin'), settings.allowedOrigins);
    const socket = {
      connection: connectionId,
      callback: callbackOf(settings, event.requestContext),
      connectedAt: connectedAt ?? context.now(),
    };
    await openConnection(context, await identify(context, event), socket, {
      connectionsPerUser: settings.limits.connectionsPerUser,
      lookLater: getLookLater(),
    });
    return { statusCode: 200 };
  } catch (error) {
    const refusal = toRefusal(error, 'connect', log);
    log.info('handshake refused', { code: refusal.code });
    return { statusCode: HTTP_STATUS[refusal.code], body: JSON.stringify({ error: refusal.toWire() }) };
  }
};
