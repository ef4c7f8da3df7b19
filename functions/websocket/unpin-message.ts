import { unpinMessage } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Takes a message from the pinned ones. */
export const handler = command(
  'unpinMessage',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    unpinMessage(context, { ...change, user }),
);
