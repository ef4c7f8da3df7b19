import { readPresence } from '../../shared/chat/presence.ts';
import { command } from './command.ts';

/** Who of a room is online, for its members. */
export const handler = command('presence', ({ context, caller: { user }, command: { room } }) =>
  readPresence(context, { user, room }),
);
