import { PresenceMessage } from '../../shared/delivery/presence-messages.ts';
import { tellCount, tellShard } from '../../shared/delivery/tell-count.ts';
import { lookAndTell } from '../../shared/delivery/tell-presence.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { getPresence } from '../streams/presence-environment.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';

/** Looks again at who was leaving, and tells large rooms how many are online. */
export async function handler(event: QueueEvent): Promise<QueueAnswer> {
  return handleMessages(event, PresenceMessage, getRuntime().logger, (message) => {
    switch (message.kind) {
      case 'look':
        return lookAndTell(getPresence(), {
          user: message.user,
          news: false,
          retell: message.retell ?? false,
        });
      case 'count':
        return tellCount(getPresence(), message.room);
      case 'count-shard':
        return tellShard(getPresence(), message);
    }
  });
}
