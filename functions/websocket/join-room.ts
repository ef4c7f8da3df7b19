import { joinRoom } from '../../shared/chat/rooms.ts';
import { command } from './command.ts';

/** Makes the caller a member; all of its connections hear the room before it is acknowledged (P4). */
export const handler = command('joinRoom', ({ context, caller: { user }, command: { room, id } }) =>
  joinRoom(context, { room, user, ...(id === undefined ? {} : { id }) }),
);
