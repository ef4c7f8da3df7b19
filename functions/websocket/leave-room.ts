import { leaveRoom } from '../../shared/chat/rooms.ts';
import { command } from './command.ts';

/** Ends the caller's membership; none of its connections hears the room once it is acknowledged (P6). */
export const handler = command('leaveRoom', ({ context, caller: { user }, command: { room, id } }) =>
  leaveRoom(context, { room, user, ...(id === undefined ? {} : { id }) }),
);
